package dev.longspan.tck;

import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.BackendProvider;
import java.util.Map;

/** The kit as it checks the oracle, right or with a flaw: with as little of everything as shows it. */
final class OracleKits {
    private OracleKits() {}

    static ConformanceKit of(BackendProvider provider, Flaw flaw) {
        return ConformanceKit.of(provider)
                .withOptions(new BackendOptions(1, BackendOptions.ANY_DEVICE, Map.of(OracleProvider.FLAW, flaw.name())))
                .withMemorySetting(OracleProvider.MEMORY)
                .withOther(new OracleProvider())
                .withTries(2)
                .withLongTokens(1000);
    }

    static ConformanceKit of(Flaw flaw) {
        return of(new OracleProvider(flaw), flaw);
    }
}
