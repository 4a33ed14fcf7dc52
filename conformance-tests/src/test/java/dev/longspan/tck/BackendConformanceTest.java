package dev.longspan.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.spi.BackendProvider;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The kit as tests of JUnit. */
class BackendConformanceTest {
    private static final class OracleConformance extends BackendConformance {
        @Override
        protected BackendProvider provider() {
            return new OracleProvider();
        }
    }

    @Test
    void aBuildFailsIfNoNetworkIsCompared() {
        List<DynamicTest> tests = new OracleConformance().rules().toList();
        assertThat(tests).hasSize(ConformanceKit.rules().size() + 1);
        DynamicTest last = tests.get(tests.size() - 1);
        assertThatThrownBy(() -> last.getExecutable().execute()).hasMessageContaining("no rule N1 passed");
    }

    @ParameterizedTest
    @CsvSource({
        BackendConformance.SEED + ", some",
        BackendConformance.TRIES + ", 2x",
        BackendConformance.TRIES + ", 0",
        BackendConformance.LONG + ", 1_000_000",
        BackendConformance.LONG + ", 10"
    })
    void aNumberThatCannotBeIsRefusedByTheNameOfItsProperty(String property, String value) {
        System.setProperty(property, value);
        try {
            assertThatThrownBy(() -> new OracleConformance().rules())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll(property, value);
        } finally {
            System.clearProperty(property);
        }
    }

    @Test
    void theRulesRunAloneWhateverElseIsParallel() {
        assertThat(OracleConformance.class.getAnnotation(Execution.class).value())
                .isEqualTo(ExecutionMode.SAME_THREAD);
        assertThat(OracleConformance.class.isAnnotationPresent(Isolated.class)).isTrue();
    }
}
