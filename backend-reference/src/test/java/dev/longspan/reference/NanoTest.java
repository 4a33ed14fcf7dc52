package dev.longspan.reference;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.spi.Backend;
import dev.longspan.spi.Batch;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.Logits;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The nano model against its golden logits and greedy continuations. */
class NanoTest {
    private static Backend backend;
    private static LanguageModel model;

    @BeforeAll
    static void load() {
        backend = Networks.open(2);
        model = backend.load(Nano.spec(), Nano.weights(), LoadProgress.NONE);
    }

    @AfterAll
    static void close() {
        backend.close();
    }

    @TestFactory
    List<DynamicTest> goldenPrompts() {
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode golden : Nano.goldenLogits()) {
            tests.add(DynamicTest.dynamicTest(golden.get("name").asText(), () -> answersAsGolden(golden)));
        }
        assertThat(tests).hasSizeGreaterThan(5);
        return tests;
    }

    private static void answersAsGolden(JsonNode golden) {
        int[] ids = ints(golden.get("ids"));
        int[] expected = ints(golden.get("greedy"));
        try (SequenceState state = model.newState()) {
            float[] logits = Networks.last(model, state, ids);
            assertThat(largestDifference(logits, golden.get("logits"))).isLessThan(1e-3);
            int[] greedy = new int[expected.length];
            greedy[0] = best(logits);
            for (int i = 1; i < greedy.length; i++) {
                RunResult result =
                        model.forward(Batch.of(Run.last(state, greedy[i - 1]))).get(0);
                Logits row = ((RunResult.Success) result).logits();
                greedy[i] = row.argMax(0);
            }
            assertThat(greedy).isEqualTo(expected);
        }
    }

    @Test
    void allSevenPromptsInOneBatchAnswerAsGolden() {
        JsonNode goldens = Nano.goldenLogits();
        List<Run> runs = new ArrayList<>();
        for (JsonNode golden : goldens) {
            runs.add(Run.last(model.newState(), ints(golden.get("ids"))));
        }
        List<RunResult> results = model.forward(new Batch(runs));
        for (int i = 0; i < results.size(); i++) {
            float[] logits = Networks.rows(results.get(i))[0];
            assertThat(largestDifference(logits, goldens.get(i).get("logits"))).isLessThan(1e-3);
            runs.get(i).state().close();
        }
    }

    private static double largestDifference(float[] logits, JsonNode expected) {
        double scale = 0;
        double difference = 0;
        assertThat(logits).hasSize(expected.size());
        for (int i = 0; i < logits.length; i++) {
            scale = Math.max(scale, Math.abs(expected.get(i).asDouble()));
            difference =
                    Math.max(difference, Math.abs(logits[i] - expected.get(i).asDouble()));
        }
        return difference / scale;
    }

    private static int best(float[] logits) {
        int best = 0;
        for (int i = 0; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    private static int[] ints(JsonNode array) {
        int[] values = new int[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).asInt();
        }
        return values;
    }
}
