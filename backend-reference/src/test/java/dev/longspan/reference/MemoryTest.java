package dev.longspan.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.reference.memory.Page;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendMemoryException;
import dev.longspan.spi.Batch;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.MemoryPlan;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.PlanOptions;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is held, shared, planned and refused. */
class MemoryTest {
    static List<ModelSpec> networks() {
        return List.of(Networks.mixed(), Networks.dense(), Networks.mambaOnly());
    }

    @ParameterizedTest
    @MethodSource("networks")
    void thePlanBoundsTheUse(ModelSpec spec) {
        for (PlanOptions options :
                List.of(new PlanOptions(1, 1, 5), new PlanOptions(3, 100, 700), new PlanOptions(2, 900, 2000))) {
            try (Backend backend = Networks.open(3)) {
                MemoryPlan plan = backend.plan(spec, options);
                LanguageModel model = Networks.load(backend, spec);
                assertThat(used(backend))
                        .isBetween(
                                plan.weights().hostBytes(),
                                plan.weights().plus(plan.workspace()).hostBytes());
                long sequences = 0;
                for (int n = 0; n < options.maxRuns(); n++) {
                    SequenceState state = model.newState();
                    grow(model, state, options);
                    assertThat(state.bytes())
                            .isLessThanOrEqualTo(plan.sequence(state.length()).hostBytes());
                    Checkpoint checkpoint = state.checkpoint();
                    assertThat(checkpoint.bytes()).isEqualTo(state.bytes());
                    sequences += 2 * plan.sequence(state.length()).hostBytes();
                }
                assertThat(used(backend))
                        .isLessThanOrEqualTo(
                                plan.weights().plus(plan.workspace()).hostBytes() + sequences);
            }
        }
    }

    private static void grow(LanguageModel model, SequenceState state, PlanOptions options) {
        while (state.length() < options.maxContextTokens()) {
            int size = Math.min(options.maxBatchTokens(), options.maxContextTokens() - state.length());
            Networks.run(model, state, Networks.ids(size, 1));
        }
    }

    @Test
    void closingGivesEverythingBack() {
        try (Backend backend = Networks.open(2)) {
            assertThat(used(backend)).isZero();
            LanguageModel model = Networks.load(backend, Networks.mixed());
            SequenceState state = model.newState();
            Networks.last(model, state, Networks.ids(300, 1));
            Checkpoint checkpoint = state.checkpoint();
            SequenceState other = model.newState(checkpoint);
            long before = used(backend);
            long exclusive = other.exclusiveBytes();
            other.close();
            assertThat(used(backend)).isEqualTo(before - exclusive);
            checkpoint.close();
            state.close();
            model.close();
            assertThat(used(backend)).isZero();
        }
    }

    @Test
    void fullPagesAreSharedAndTheRestIsCopied() {
        try (Backend backend = Networks.open(1)) {
            LanguageModel model = Networks.load(backend, Networks.dense());
            SequenceState state = model.newState();
            Networks.last(model, state, Networks.ids(3 * Page.TOKENS + 5, 1));
            long page = state.bytes() / 4;
            assertThat(state.exclusiveBytes()).isEqualTo(4 * page);
            long before = used(backend);
            Checkpoint checkpoint = state.checkpoint();
            assertThat(used(backend)).isEqualTo(before + page);
            assertThat(checkpoint.bytes()).isEqualTo(4 * page);
            assertThat(checkpoint.exclusiveBytes()).isEqualTo(page);
            assertThat(state.exclusiveBytes()).isEqualTo(page);
            SequenceState fork = model.newState(checkpoint);
            assertThat(used(backend)).isEqualTo(before + 2 * page);
            state.close();
            assertThat(fork.exclusiveBytes()).isEqualTo(page);
            checkpoint.close();
            assertThat(fork.exclusiveBytes()).isEqualTo(4 * page);
            assertThat(used(backend)).isEqualTo(before);
        }
    }

    @Test
    void aRunWithoutRoomFailsAlone() {
        ModelSpec spec = Networks.dense();
        long page;
        long weights;
        float[] expected;
        try (Backend backend = Networks.open(1)) {
            LanguageModel model = Networks.load(backend, spec);
            weights = backend.plan(spec, new PlanOptions(1, 1, 1)).weights().hostBytes();
            SequenceState state = model.newState();
            expected = Networks.last(model, state, 1, 2, 3);
            page = state.bytes();
        }
        long limit = weights + 3 * page + page / 2;
        try (Backend backend = Networks.open(1, "memoryLimitBytes", Long.toString(limit))) {
            assertThat(backend.memory().limit().hostBytes()).isEqualTo(limit);
            LanguageModel model = Networks.load(backend, spec);
            SequenceState big = model.newState();
            SequenceState small = model.newState();
            List<RunResult> results =
                    model.forward(Batch.of(Run.last(big, Networks.ids(4 * Page.TOKENS, 1)), Run.last(small, 1, 2, 3)));
            assertThat(results.get(0))
                    .isInstanceOfSatisfying(
                            RunResult.Failure.class,
                            failure -> assertThat(failure.cause()).isInstanceOf(BackendMemoryException.class));
            assertThat(Networks.rows(results.get(1))[0]).isEqualTo(expected);
            List<Checkpoint> checkpoints = new ArrayList<>(List.of(small.checkpoint(), small.checkpoint()));
            assertThatThrownBy(small::checkpoint).isInstanceOf(BackendMemoryException.class);
            assertThatThrownBy(() -> model.newState(checkpoints.get(0))).isInstanceOf(BackendMemoryException.class);
            checkpoints.get(1).close();
            assertThat(model.newState(checkpoints.get(0)).length()).isEqualTo(3);
        }
    }

    @Test
    void weightsBeyondTheLimitAreRefusedWhole() {
        try (Backend backend = Networks.open(1, "memoryLimitBytes", "1000")) {
            assertThatThrownBy(() ->
                            backend.load(Networks.mixed(), new RandomWeights(Networks.mixed(), 1), LoadProgress.NONE))
                    .isInstanceOf(BackendMemoryException.class);
            assertThat(used(backend)).isZero();
        }
    }

    @Test
    void decodingAllocatesAlmostNothing() {
        try (Backend backend = Networks.open(1)) {
            LanguageModel model = backend.load(Nano.spec(), Nano.weights(), LoadProgress.NONE);
            SequenceState state = model.newState();
            Networks.last(model, state, new int[Page.TOKENS * 5 + 1]);
            Run run = Run.last(state, 7);
            Batch batch = Batch.of(run);
            model.forward(batch);
            com.sun.management.ThreadMXBean bean =
                    (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
            long before = bean.getCurrentThreadAllocatedBytes();
            int steps = 100;
            for (int i = 0; i < steps; i++) {
                model.forward(batch);
            }
            long bytes = bean.getCurrentThreadAllocatedBytes() - before;
            assertThat(bytes / steps).isLessThan(1024);
        }
    }

    private static long used(Backend backend) {
        return backend.memory().used().totalBytes();
    }
}
