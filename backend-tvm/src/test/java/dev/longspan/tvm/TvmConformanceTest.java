package dev.longspan.tvm;

import dev.longspan.reference.ReferenceBackendProvider;
import dev.longspan.spi.BackendProvider;
import dev.longspan.tck.BackendConformance;
import dev.longspan.tck.ConformanceKit;

/** The backend keeps all rules. */
class TvmConformanceTest extends BackendConformance {
    @Override
    protected BackendProvider provider() {
        return new TvmBackendProvider();
    }

    @Override
    protected ConformanceKit configure(ConformanceKit kit) {
        return kit.withMemorySetting("memoryLimitBytes").withOther(new ReferenceBackendProvider());
    }
}
