package dev.longspan.engine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SplitMix64Test {
    @Test
    void givesTheValuesOfThePublishedAlgorithm() {
        SplitMix64 random = new SplitMix64(1234567);
        assertThat(random.nextLong()).isEqualTo(6457827717110365317L);
        assertThat(random.nextLong()).isEqualTo(3203168211198807973L);
        assertThat(Long.toUnsignedString(random.nextLong())).isEqualTo("9817491932198370423");
        assertThat(random.nextLong()).isEqualTo(4593380528125082431L);
        assertThat(Long.toUnsignedString(random.nextLong())).isEqualTo("16408922859458223821");
    }

    @Test
    void doublesLieBetweenZeroAndOneAndFillTheUnitInterval() {
        SplitMix64 random = new SplitMix64(0);
        double sum = 0;
        int below = 0;
        for (int i = 0; i < 10_000; i++) {
            double value = random.nextDouble();
            assertThat(value).isBetween(0.0, Math.nextDown(1.0));
            sum += value;
            below += value < 0.25 ? 1 : 0;
        }
        assertThat(sum / 10_000).isBetween(0.49, 0.51);
        assertThat(below).isBetween(2_350, 2_650);
    }
}
