package dev.longspan.reference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.spi.Backend;
import dev.longspan.spi.Batch;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Splits, batches, steps, threads and checkpoints give the same bits. */
class ExactnessTest {
    private Backend backend;

    static List<ModelSpec> networks() {
        return List.of(Networks.mixed(), Networks.dense(), Networks.mambaOnly());
    }

    @BeforeEach
    void open() {
        backend = Networks.open(2);
    }

    @AfterEach
    void close() {
        backend.close();
    }

    @ParameterizedTest
    @MethodSource("networks")
    void tokenByTokenEqualsChunksEqualsWhole(ModelSpec spec) {
        LanguageModel model = Networks.load(backend, spec);
        int[] ids = Networks.ids(600, 1);
        float[][] whole = Networks.run(model, model.newState(), ids);
        for (long seed = 0; seed < 4; seed++) {
            Random random = new Random(seed);
            SequenceState state = model.newState();
            for (int at = 0; at < ids.length; ) {
                int size = Math.min(ids.length - at, seed == 0 ? 1 : 1 + random.nextInt(seed == 1 ? 5 : 300));
                float[][] rows = Networks.run(model, state, Networks.part(ids, at, at + size));
                for (int i = 0; i < size; i++) {
                    assertThat(rows[i]).as("row %d of split %d", at + i, seed).isEqualTo(whole[at + i]);
                }
                at += size;
            }
            assertThat(state.length()).isEqualTo(ids.length);
            state.close();
        }
    }

    @ParameterizedTest
    @MethodSource("networks")
    void aBatchEqualsItsRunsAloneInAnyOrder(ModelSpec spec) {
        LanguageModel model = Networks.load(backend, spec);
        int[] sizes = {1, 700, 33, 128, 2, 129};
        List<float[][]> alone = new ArrayList<>();
        for (int i = 0; i < sizes.length; i++) {
            alone.add(Networks.run(model, model.newState(), Networks.ids(sizes[i], i)));
        }
        for (int turn = 0; turn < 3; turn++) {
            List<Run> runs = new ArrayList<>();
            for (int i = 0; i < sizes.length; i++) {
                int[] ids = Networks.ids(sizes[(i + turn) % 6], (i + turn) % 6);
                runs.add(new Run(model.newState(), ids, 0, ids.length, 0));
            }
            List<RunResult> results = model.forward(new Batch(runs));
            for (int i = 0; i < sizes.length; i++) {
                assertThat(Networks.rows(results.get(i))).isDeepEqualTo(alone.get((i + turn) % 6));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("networks")
    void theNumberOfThreadsDoesNotMatter(ModelSpec spec) {
        int[] ids = Networks.ids(300, 3);
        LanguageModel two = Networks.load(backend, spec);
        float[][] expected = Networks.run(two, two.newState(), ids);
        for (int threads : new int[] {1, 5}) {
            try (Backend other = Networks.open(threads)) {
                LanguageModel model = Networks.load(other, spec);
                assertThat(Networks.run(model, model.newState(), ids)).isDeepEqualTo(expected);
            }
        }
    }

    @Test
    void theNanoModelIsExactOverPagesAndSpans() {
        LanguageModel model = backend.load(Nano.spec(), Nano.weights(), LoadProgress.NONE);
        int[] ids = new Random(5).ints(1500, 0, 1024).toArray();
        float[] whole = Networks.last(model, model.newState(), ids);
        SequenceState state = model.newState();
        Networks.last(model, state, Networks.part(ids, 0, 1111));
        for (int i = 1111; i < 1499; i++) {
            Networks.last(model, state, ids[i]);
        }
        assertThat(Networks.last(model, state, ids[1499])).isEqualTo(whole);
    }

    @ParameterizedTest
    @MethodSource("networks")
    void statesFromACheckpointContinueAsTheOriginalAndIndependently(ModelSpec spec) {
        LanguageModel model = Networks.load(backend, spec);
        int[] start = Networks.ids(200, 1);
        int[] left = Networks.ids(150, 2);
        int[] right = Networks.ids(90, 3);
        SequenceState state = model.newState();
        Networks.run(model, state, start);
        Checkpoint checkpoint = state.checkpoint();
        float[][] expectedLeft = Networks.run(model, state, left);
        SequenceState one = model.newState(checkpoint);
        SequenceState two = model.newState(checkpoint);
        assertThat(one.length()).isEqualTo(200);
        float[][] expectedRight = fresh(model, start, right);
        for (int i = 0; i < left.length; i++) {
            assertThat(Networks.last(model, one, left[i])).isEqualTo(expectedLeft[i]);
            if (i < right.length) {
                assertThat(Networks.last(model, two, right[i])).isEqualTo(expectedRight[i]);
            }
        }
        state.close();
        one.close();
        SequenceState late = model.newState(checkpoint);
        checkpoint.close();
        assertThat(Networks.run(model, late, left)).isDeepEqualTo(expectedLeft);
    }

    @ParameterizedTest
    @MethodSource("networks")
    void rollbackEqualsAFreshState(ModelSpec spec) {
        LanguageModel model = Networks.load(backend, spec);
        int[] ids = Networks.ids(300, 4);
        SequenceState state = model.newState();
        Networks.last(model, state, Networks.part(ids, 0, 128));
        Checkpoint old = state.checkpoint();
        Networks.last(model, state, Networks.part(ids, 128, 300));
        SequenceState back = model.newState(old);
        int[] other = Networks.ids(40, 9);
        assertThat(Networks.run(model, back, other)).isDeepEqualTo(fresh(model, Networks.part(ids, 0, 128), other));
    }

    private static float[][] fresh(LanguageModel model, int[] start, int[] then) {
        try (SequenceState state = model.newState()) {
            Networks.last(model, state, start);
            return Networks.run(model, state, then);
        }
    }
}
