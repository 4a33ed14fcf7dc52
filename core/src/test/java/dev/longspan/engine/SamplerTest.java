package dev.longspan.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SamplerTest {
    private static final float[] ROW = {0, 1, 2, Float.NEGATIVE_INFINITY, 1, 0.5f, -1, 2, -0.5f, 1.5f};
    private static final int[] PROMPT = {1, 1, 6};
    private static final int[] ANSWER = {2, 2, 2, 4, 8};
    private static final int DRAWS = 100_000;
    private static final Sampling PLAIN = Sampling.plain(1, 42);

    private static Sampling with(double temperature, int topK, double topP, double minP) {
        return new Sampling(temperature, topK, topP, minP, 1, 0, 0, Map.of(), 42);
    }

    private static Sampling penalized(double repetition, double frequency, double presence) {
        return new Sampling(1, Sampling.ALL, 1, 0, repetition, frequency, presence, Map.of(), 42);
    }

    /** Each setting alone, and together. */
    private static Map<String, Sampling> settings() {
        Map<String, Sampling> settings = new LinkedHashMap<>();
        settings.put("temperature 0.5", with(0.5, Sampling.ALL, 1, 0));
        settings.put("temperature 2", with(2, Sampling.ALL, 1, 0));
        settings.put("topK 3", with(1, 3, 1, 0));
        settings.put("topK 4, which cuts between equals", with(1, 4, 1, 0));
        settings.put("topK 1", with(1, 1, 1, 0));
        settings.put("topP 0.5", with(1, Sampling.ALL, 0.5, 0));
        settings.put("topP 0.9", with(1, Sampling.ALL, 0.9, 0));
        settings.put("topP tiny", with(1, Sampling.ALL, 1e-9, 0));
        settings.put("minP 0.3", with(1, Sampling.ALL, 1, 0.3));
        settings.put("minP 1", with(1, Sampling.ALL, 1, 1));
        settings.put("topK 5, topP 0.7", with(1, 5, 0.7, 0));
        settings.put("topK 6, topP 0.9, minP 0.4", with(1.5, 6, 0.9, 0.4));
        settings.put("repetition 2", penalized(2, 0, 0));
        settings.put("repetition 0.5", penalized(0.5, 0, 0));
        settings.put("frequency 0.7", penalized(1, 0.7, 0));
        settings.put("frequency -0.7", penalized(1, -0.7, 0));
        settings.put("presence 1.5", penalized(1, 0, 1.5));
        settings.put("presence -1.5", penalized(1, 0, -1.5));
        settings.put("bias", new Sampling(1, Sampling.ALL, 1, 0, 1, 0, 0, Map.of(0, 3.0, 2, -100.0, 3, 100.0), 42));
        settings.put("all", new Sampling(0.8, 7, 0.95, 0.05, 1.3, 0.2, 0.4, Map.of(0, 1.0, 9, -1.0), 42));
        return settings;
    }

    private static Sampler sampler(Sampling sampling) {
        Sampler sampler = new Sampler(sampling, PROMPT);
        for (int id : ANSWER) {
            sampler.accept(id);
        }
        return sampler;
    }

    private static int[] draw(Sampling sampling, int count) {
        Sampler sampler = sampler(sampling);
        SamplingScratch scratch = new SamplingScratch();
        FixedRow row = new FixedRow(ROW);
        int[] ids = new int[count];
        for (int i = 0; i < count; i++) {
            ids[i] = sampler.sample(row, 0, scratch);
        }
        return ids;
    }

    @Test
    void frequenciesFollowTheDefinitionForEverySetting() {
        settings().forEach((name, sampling) -> {
            int[] counts = new int[ROW.length];
            for (int id : draw(sampling, DRAWS)) {
                counts[id]++;
            }
            double[] probabilities = SamplerDefinition.probabilities(sampling, ROW, PROMPT, ANSWER);
            double chiSquare = 0;
            for (int id = 0; id < ROW.length; id++) {
                double expected = DRAWS * probabilities[id];
                if (expected == 0) {
                    assertThat(counts[id]).as(name + ", token " + id).isZero();
                } else {
                    chiSquare += (counts[id] - expected) * (counts[id] - expected) / expected;
                }
            }
            assertThat(chiSquare)
                    .as(name + ": 9 degrees of freedom at most, p = 0.001")
                    .isLessThan(27.88);
        });
    }

    @Test
    void everySettingChangesTheDistribution() {
        double[] plain = SamplerDefinition.probabilities(PLAIN, ROW, PROMPT, ANSWER);
        settings()
                .forEach((name, sampling) -> assertThat(SamplerDefinition.probabilities(sampling, ROW, PROMPT, ANSWER))
                        .as(name)
                        .isNotEqualTo(plain));
    }

    @Test
    void theSetOfPossibleTokensIsTheDefinitionsOnRandomRows() {
        SplittableRandom random = new SplittableRandom(7);
        SamplingScratch scratch = new SamplingScratch();
        for (int round = 0; round < 300; round++) {
            float[] row = new float[1 + random.nextInt(200)];
            for (int id = 0; id < row.length; id++) {
                row[id] = random.nextInt(40) / 4f - 5; // with ties
            }
            Sampling sampling = with(
                    0.3 + random.nextDouble(),
                    random.nextBoolean() ? Sampling.ALL : 1 + random.nextInt(row.length + 10),
                    random.nextBoolean() ? 1 : 0.05 + 0.95 * random.nextDouble(),
                    random.nextBoolean() ? 0 : random.nextDouble());
            double[] probabilities = SamplerDefinition.probabilities(sampling, row, new int[0], new int[0]);
            Sampler sampler = new Sampler(sampling, new int[0]);
            for (int i = 0; i < 50; i++) {
                assertThat(probabilities[sampler.sample(new FixedRow(row), 0, scratch)])
                        .as(sampling.toString())
                        .isPositive();
            }
        }
    }

    @Test
    void temperatureZeroIsGreedyWhateverTheSeedAndTakesTheLowestIdAmongEquals() {
        for (long seed = 0; seed < 20; seed++) {
            Sampler sampler = new Sampler(Sampling.plain(0, seed), new int[0]);
            assertThat(sampler.sample(new FixedRow(ROW), 0, new SamplingScratch()))
                    .isEqualTo(2);
        }
        Sampling biased = new Sampling(0, Sampling.ALL, 1, 0, 1, 0, 0, Map.of(2, -0.5, 5, 1.5), 1);
        assertThat(new Sampler(biased, new int[0]).sample(new FixedRow(ROW), 0, new SamplingScratch()))
                .isEqualTo(5);
        Sampling penalized = new Sampling(0, Sampling.ALL, 1, 0, 1, 0, 1, Map.of(), 1);
        assertThat(sampler(penalized).sample(new FixedRow(ROW), 0, new SamplingScratch()))
                .as("token 2 occurs in the answer, token 7 is its equal and does not")
                .isEqualTo(7);
    }

    @Test
    void equalSeedsChooseEqualTokensAndOthersDoNot() {
        int[] first = draw(PLAIN, 200);
        assertThat(draw(PLAIN, 200)).isEqualTo(first);
        assertThat(draw(Sampling.plain(1, 43), 200)).isNotEqualTo(first);
    }

    @Test
    void oneDoubleIsTakenPerTokenWhateverTheSettings() {
        Map<String, Integer> seen = new HashMap<>();
        settings().forEach((name, sampling) -> {
            if (sampling.topK() != 1 && sampling.topP() > 0.1 && sampling.minP() < 1) {
                SplitMix64 random = new SplitMix64(42);
                double[] probabilities = SamplerDefinition.probabilities(sampling, ROW, PROMPT, ANSWER);
                int[] expected = new int[500];
                for (int i = 0; i < expected.length; i++) {
                    expected[i] = pick(probabilities, random.nextDouble());
                }
                assertThat(draw(sampling, expected.length)).as(name).isEqualTo(expected);
                seen.put(name, Arrays.hashCode(expected));
            }
        });
        assertThat(seen).hasSizeGreaterThan(10);
    }

    /** The first id, in order, whose running sum is above the number. */
    private static int pick(double[] probabilities, double number) {
        double running = 0;
        int last = 0;
        for (int id = 0; id < probabilities.length; id++) {
            if (probabilities[id] > 0) {
                running += probabilities[id];
                last = id;
                if (running > number) {
                    return id;
                }
            }
        }
        return last;
    }

    @Test
    void rowsWithoutAnyFiniteLogitGiveTheFirstToken() {
        float[] row = new float[5];
        Arrays.fill(row, Float.NEGATIVE_INFINITY);
        assertThat(new Sampler(PLAIN, new int[0]).sample(new FixedRow(row), 0, new SamplingScratch()))
                .isZero();
    }

    @Test
    void aTopPJustBelowOneNeverChoosesWhatHasNoWeight() {
        SplittableRandom random = new SplittableRandom(11);
        SamplingScratch scratch = new SamplingScratch();
        float[] row = new float[20_000];
        for (int id = 0; id < row.length; id++) {
            row[id] = (float) (random.nextDouble() + random.nextDouble() + random.nextDouble());
        }
        row[0] = -300;
        for (double topP : new double[] {0.999999999, 0.99999999999999, 0.999999999999999, Math.nextDown(1.0)}) {
            for (int seed = 0; seed < 20; seed++) {
                Sampling sampling = new Sampling(1, Sampling.ALL, topP, 0, 1, 0, 0, Map.of(), seed);
                assertThat(new Sampler(sampling, new int[0]).sample(new FixedRow(row), 0, scratch))
                        .isPositive();
            }
        }
    }
}
