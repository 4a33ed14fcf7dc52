package dev.longspan.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.spi.SpanAttention;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeysTouchedTest {
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void workPerQueryGrowsNoFasterThanTheLargerPower(boolean released) {
        SpanAttention parameters = released ? KeysTouched.RELEASED : KeysTouched.NANO;
        KeysTouched keys = new KeysTouched(parameters);
        double bound = Math.max(parameters.searchPower(), parameters.spanPower()) + 0.02;

        assertThat(keys.totalExponent()).isBetween(0.3, bound);
        assertThat(keys.growingExponent()).isBetween(bound - 0.04, bound);
    }

    @Test
    void aShortContextIsReadWhole() {
        KeysTouched.Count count = new KeysTouched(KeysTouched.RELEASED).count(1024);

        assertThat(count.total()).isEqualTo(1024);
        assertThat(count.search()).isZero();
    }

    @Test
    void aMillionTokensCostWhatTheFormulasSay() {
        KeysTouched.Count count = new KeysTouched(KeysTouched.RELEASED).count(1 << 20);

        // (2^20)^0.55 = 2048 stripes, 65 of them in the window; spans of 3 · 2048 + 2048 + 1 keys
        assertThat(count.window()).isEqualTo(2032);
        assertThat(count.search()).isBetween(2047 - 65, 2048 - 65);
        assertThat(count.worstSpans()).isBetween(3L * 8192, 3L * 8195);
        assertThat(count.randomSpans()).isBetween(0.9 * count.worstSpans(), 1.0 * count.worstSpans());
    }

    @Test
    void theExponentOfAPowerLawIsFound() {
        double[] x = {1, 10, 100, 1000};
        double[] y = {3, 3 * Math.pow(10, 0.55), 3 * Math.pow(100, 0.55), 3 * Math.pow(1000, 0.55)};

        assertThat(KeysTouched.exponent(x, y)).isBetween(0.55 - 1e-9, 0.55 + 1e-9);
    }
}
