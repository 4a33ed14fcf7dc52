package dev.longspan.tvm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.spi.BackendOptions;
import dev.longspan.tck.ConformanceKit;
import dev.longspan.tck.ConformanceReport;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The kernels for AVX2 compute what they should also where the processor has more and others are chosen. */
class Avx2ConformanceTest {
    @Test
    void networksComputeWhatTheOracleComputes() {
        ConformanceReport report = ConformanceKit.of(new TvmBackendProvider())
                .withOptions(new BackendOptions(2, "cpu", Map.of("kernels", "v3")))
                .withTries(1)
                .withLongTokens(1000)
                .run(ConformanceKit.rules().stream()
                        .filter(rule -> rule.id().startsWith("N1."))
                        .toList());
        assertThat(report.conforms()).as(report.table()).isTrue();
    }
}
