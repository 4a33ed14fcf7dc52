package dev.longspan.tck;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.spi.DType;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OracleTest {
    /** Longer prompts cost minutes in float64. */
    private static final int LONGEST = 160;

    @Test
    void givesTheLogitsOfTheNanoModelsGoldenPrompts() {
        Oracle oracle = NanoModel.oracle();
        List<Object> cases = Json.array(Json.parse(NanoModel.golden("logits.json")));
        int compared = 0;
        for (Object each : cases) {
            Map<String, Object> golden = Json.object(each);
            int[] prompt = ints(golden.get("ids"));
            int[] greedy = ints(golden.get("greedy"));
            if (prompt.length > LONGEST) {
                continue;
            }
            compared++;
            int[] ids = Arrays.copyOf(prompt, prompt.length + greedy.length);
            System.arraycopy(greedy, 0, ids, prompt.length, greedy.length);
            OracleResult result = oracle.compute(ids);
            List<Object> logits = Json.array(golden.get("logits"));
            for (int v = 0; v < logits.size(); v++) {
                double want = Json.number(logits.get(v)).asDouble();
                assertThat(result.logits(prompt.length - 1)[v]).isCloseTo(want, Offset.offset(2e-3));
            }
            for (int i = 0; i < greedy.length; i++) {
                assertThat(argMax(result.logits(prompt.length - 1 + i)))
                        .as("%s, token %d", golden.get("name"), i)
                        .isEqualTo(greedy[i]);
            }
        }
        assertThat(compared).isGreaterThanOrEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 16, 64})
    void theChunkedFormOfMambaEqualsItsRecurrence(int chunk) {
        Random random = new Random(chunk);
        for (int round = 0; round < 10; round++) {
            ModelSpec spec = RandomModel.spec(random);
            Oracle oracle = new Oracle(spec, new RandomModel(spec, round, DType.F32).weights());
            int layer = 0;
            while (!(spec.layers().get(layer) instanceof LayerSpec.Mamba)) {
                layer++;
            }
            double[][] hidden = new double[1 + random.nextInt(50)][spec.hiddenSize()];
            for (double[] row : hidden) {
                Arrays.setAll(row, i -> random.nextGaussian());
            }
            MambaOracle.Result one = oracle.mamba(layer).recurrent(hidden);
            MambaOracle.Result other = oracle.mamba(layer).chunked(hidden, chunk);
            assertThat(other.ssm()).containsExactly(one.ssm(), within());
            for (int t = 0; t < hidden.length; t++) {
                assertThat(other.output()[t]).containsExactly(one.output()[t], within());
            }
        }
    }

    @Test
    void aPrefixOfTheIdsGivesTheSameLogits() {
        RandomModel model = RandomModel.of(5);
        Oracle oracle = new Oracle(model.spec(), model.weights());
        int[] ids = model.ids(new Random(1), 60);
        OracleResult whole = oracle.compute(ids);
        for (int length : new int[] {1, 2, 13, 59}) {
            OracleResult part = oracle.compute(Arrays.copyOf(ids, length));
            assertThat(part.logits(length - 1)).containsExactly(whole.logits(length - 1), within());
        }
    }

    @Test
    void imposedChoicesThatEqualItsOwnChangeNothingAndOthersDo() {
        RandomModel model = RandomModel.of(11);
        Oracle oracle = new Oracle(model.spec(), model.weights());
        int[] ids = model.ids(new Random(2), 50);
        OracleResult own = oracle.compute(ids);
        assertThat(own.choices()).isNotEmpty();
        assertThat(oracle.compute(ids, own.choices()).logits(49)).isEqualTo(own.logits(49));
        int layer = own.choices().keySet().iterator().next();
        Choice choice = own.choices().get(layer);
        int[] other = choice.picked().clone();
        Arrays.fill(other, 0);
        Choice imposed = Choice.imposed(choice.units(), choice.perUnit(), other);
        assertThat(oracle.compute(ids, Map.of(layer, imposed)).logits(49)).isNotEqualTo(own.logits(49));
    }

    @Test
    void randomModelsKeepTheirLogitsNearOne() {
        for (long seed = 0; seed < 20; seed++) {
            RandomModel model = RandomModel.of(seed);
            int[] ids = model.ids(new Random(seed), 40);
            OracleResult result = new Oracle(model.spec(), model.weights()).compute(ids);
            double sum = 0;
            for (double logit : result.logits(39)) {
                sum += logit * logit;
            }
            assertThat(Math.sqrt(sum / model.spec().vocabularySize()))
                    .as("seed %d", seed)
                    .isBetween(0.5, 5.0);
        }
    }

    private static Offset<Double> within() {
        return Offset.offset(1e-10);
    }

    static int argMax(double[] row) {
        int best = 0;
        for (int i = 1; i < row.length; i++) {
            best = row[i] > row[best] ? i : best;
        }
        return best;
    }

    static int[] ints(Object list) {
        return Json.array(list).stream().mapToInt(n -> Json.number(n).asInt()).toArray();
    }
}
