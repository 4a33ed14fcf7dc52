package dev.longspan.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.spi.Logits;
import org.junit.jupiter.api.Test;

class SamplerTest {
    private static final float[] ROW = {0, 1, 2, Float.NEGATIVE_INFINITY, 1, 0.5f};

    /** A fixed row of logits. */
    private static final class FixedRow implements Logits {
        private final float[] values;

        FixedRow(float... values) {
            this.values = values;
        }

        @Override
        public int rows() {
            return 1;
        }

        @Override
        public int vocabularySize() {
            return values.length;
        }

        @Override
        public int argMax(int row) {
            int best = 0;
            for (int id = 1; id < values.length; id++) {
                if (values[id] > values[best]) {
                    best = id;
                }
            }
            return best;
        }

        @Override
        public void copyTo(int row, float[] target) {
            System.arraycopy(values, 0, target, 0, values.length);
        }
    }

    @Test
    void temperatureZeroIsGreedyWhateverTheSeed() {
        for (long seed = 0; seed < 20; seed++) {
            assertThat(new Sampler(0, seed).sample(new FixedRow(ROW), 0)).isEqualTo(2);
        }
    }

    @Test
    void equalSeedsChooseEqualTokensAndOthersDoNot() {
        assertThat(draw(1, 7, 200)).isEqualTo(draw(1, 7, 200)).isNotEqualTo(draw(1, 8, 200));
    }

    @Test
    void frequenciesFollowTheSoftmaxOfLogitsOverTemperature() {
        for (double temperature : new double[] {0.5, 1, 2}) {
            int draws = 100_000;
            int[] counts = new int[ROW.length];
            for (int id : draw(temperature, 42, draws)) {
                counts[id]++;
            }
            double sum = 0;
            for (float logit : ROW) {
                sum += Math.exp(logit / temperature);
            }
            double chiSquare = 0;
            for (int id = 0; id < ROW.length; id++) {
                double expected = draws * Math.exp(ROW[id] / temperature) / sum;
                if (expected == 0) {
                    assertThat(counts[id]).isZero();
                } else {
                    chiSquare += (counts[id] - expected) * (counts[id] - expected) / expected;
                }
            }
            assertThat(chiSquare)
                    .as("chi-square, 4 degrees of freedom, p = 0.001")
                    .isLessThan(18.47);
        }
    }

    private static int[] draw(double temperature, long seed, int count) {
        Sampler sampler = new Sampler(temperature, seed);
        int[] ids = new int[count];
        for (int i = 0; i < count; i++) {
            ids[i] = sampler.sample(new FixedRow(ROW), 0);
        }
        return ids;
    }
}
