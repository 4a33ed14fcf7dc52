package dev.longspan.reference;

import dev.longspan.spi.BackendProvider;
import dev.longspan.tck.BackendConformance;
import dev.longspan.tck.ConformanceKit;

/** The reference backend keeps all rules. */
class ReferenceConformanceTest extends BackendConformance {
    @Override
    protected BackendProvider provider() {
        return new ReferenceBackendProvider();
    }

    @Override
    protected ConformanceKit configure(ConformanceKit kit) {
        return kit.withMemorySetting("memoryLimitBytes").withOther(new ReferenceBackendProvider());
    }
}
