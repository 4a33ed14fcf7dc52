package dev.longspan.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.Batch;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.Logits;
import dev.longspan.spi.PlanOptions;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The watcher sees faults of both sides, and none where there are none. */
class AssertingBackendTest {
    private final RandomModel network = RandomModel.drawn(RandomModel::withoutChoices, 3);
    private AssertingBackend backend = open(Flaw.NONE);

    private static AssertingBackend open(Flaw flaw) {
        return new AssertingBackend(new OracleProvider()
                .open(new BackendOptions(1, BackendOptions.ANY_DEVICE, Map.of(OracleProvider.FLAW, flaw.name()))));
    }

    @AfterEach
    void close() {
        backend.close();
    }

    private LanguageModel load() {
        backend.plan(network.spec(), new PlanOptions(2, 40, 100, 3));
        return backend.load(network.spec(), network.weights(), LoadProgress.NONE);
    }

    private void live(Backend on) {
        on.plan(network.spec(), new PlanOptions(2, 40, 400));
        try (LanguageModel model = on.load(network.spec(), network.weights(), LoadProgress.NONE);
                SequenceState state = model.newState()) {
            RunResult result = model.forward(Batch.of(new Run(state, new int[] {1, 2, 3}, 0, 3, 1)))
                    .get(0);
            Logits logits = ((RunResult.Success) result).logits();
            logits.argMax(1);
            try (Checkpoint checkpoint = state.checkpoint();
                    Checkpoint read = model.readCheckpoint(MemoryCheckpoint.of(checkpoint));
                    SequenceState other = model.newState(read)) {
                model.forward(Batch.of(Run.last(other, 4), Run.last(state, 5)));
            }
        }
    }

    @Test
    void whoKeepsTheRulesIsLeftAlone() {
        live(backend);
        assertThat(backend.violations()).isEmpty();
    }

    @Test
    void aCheckpointMayBeClosedWhileItIsWritten() {
        try (LanguageModel model = load();
                SequenceState state = model.newState()) {
            model.forward(Batch.of(Run.last(state, 1, 2, 3)));
            Checkpoint checkpoint = state.checkpoint();
            checkpoint.write(new MemoryCheckpoint.Sink() {
                @Override
                public void write(ByteBuffer bytes) {
                    checkpoint.close();
                    super.write(bytes);
                }
            });
        }
        assertThat(backend.violations()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "LENGTH_COUNTS_ROWS, S1, has length",
        "ROWS_ARE_THE_LAST_ALWAYS, L1, rows were asked for",
        "PLAN_FORGETS_VALUES, M2, planned",
    })
    void faultsOfTheBackendAreNamed(Flaw flaw, String rule, String words) {
        backend.close();
        backend = open(flaw);
        assertThatThrownBy(() -> {
                    for (int i = 0; i < 3; i++) {
                        live(backend);
                        aLongOne(backend);
                    }
                })
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("the backend breaks " + rule)
                .hasMessageContaining(words);
        assertThat(backend.violations()).isNotEmpty();
    }

    /** What another thread does while a plan is made, seen from the watcher. */
    private static Backend planningWith(Backend right, Runnable meanwhile) {
        return (Backend) Proxy.newProxyInstance(
                Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("plan")) {
                        meanwhile.run();
                    }
                    return method.invoke(right, arguments);
                });
    }

    @Test
    void aModelThatIsLoadedWhileAPlanIsMadeIsNoFaultOfThePlan() {
        Backend oracle = new OracleProvider().open(BackendOptions.defaults());
        AtomicReference<AssertingBackend> watcher = new AtomicReference<>();
        backend = new AssertingBackend(
                planningWith(oracle, () -> watcher.get().load(network.spec(), network.weights(), LoadProgress.NONE)));
        watcher.set(backend);
        backend.plan(network.spec(), new PlanOptions(2, 40, 100, 3));
        assertThat(backend.violations()).isEmpty();
    }

    @Test
    void aPlanThatTakesMemoryIsAFaultOfTheBackend() {
        Backend oracle = new OracleProvider().open(BackendOptions.defaults());
        backend = new AssertingBackend(
                planningWith(oracle, () -> oracle.load(network.spec(), network.weights(), LoadProgress.NONE)));
        assertThatThrownBy(() -> backend.plan(network.spec(), new PlanOptions(2, 40, 100, 3)))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("the backend breaks M1: planning takes memory");
    }

    private void aLongOne(Backend on) {
        try (LanguageModel model = on.load(network.spec(), network.weights(), LoadProgress.NONE);
                SequenceState state = model.newState()) {
            for (int i = 0; i < 10; i++) {
                model.forward(Batch.of(Run.last(state, new int[40])));
            }
        }
    }

    private void callerBreaks(String rule, ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOf(AssertionError.class).hasMessageStartingWith("the caller breaks " + rule);
        assertThat(backend.violations()).last().asString().startsWith("the caller breaks " + rule);
    }

    @Test
    void faultsOfTheCallerAreNamed() {
        LanguageModel model = load();
        SequenceState state = model.newState();
        Logits logits =
                ((RunResult.Success) model.forward(Batch.of(Run.last(state, 1))).get(0)).logits();
        model.forward(Batch.of(Run.last(state, 2)));
        callerBreaks("L1", () -> logits.argMax(0));
        callerBreaks("B5", () -> model.forward(Batch.of(Run.last(state, 1), Run.last(state, 1))));
        callerBreaks("B5", () -> model.forward(Batch.of(Run.last(state, -1))));
        callerBreaks("M2", () -> model.forward(Batch.of(Run.last(state, new int[41]))));
        callerBreaks("M2", () -> model.forward(Batch.of(new Run(state, new int[4], 0, 4, 0))));
        model.forward(Batch.of(Run.last(state, new int[40])));
        model.forward(Batch.of(Run.last(state, new int[40])));
        callerBreaks("M2", () -> model.forward(Batch.of(Run.last(state, new int[19]))));
        LanguageModel other = load();
        callerBreaks("B5", () -> model.forward(Batch.of(Run.last(other.newState(), 1))));
        Checkpoint checkpoint = state.checkpoint();
        callerBreaks("S1", () -> other.newState(checkpoint));
        checkpoint.close();
        callerBreaks("Z1", () -> model.newState(checkpoint));
        callerBreaks("Z1", checkpoint::length);
        state.close();
        callerBreaks("Z1", state::length);
        callerBreaks("Z1", () -> model.forward(Batch.of(Run.last(state, 1))));
        model.close();
        callerBreaks("Z1", model::newState);
    }

    @Test
    void whatRunsBesideAnotherCallIsNamed() throws InterruptedException {
        LanguageModel model = load();
        SequenceState state = model.newState();
        Contract contract = new Contract();
        Thread second = new Thread(() -> contract.onEngine("forward", () -> "second"));
        contract.onEngine("forward", () -> {
            second.setUncaughtExceptionHandler((thread, fault) -> {});
            second.start();
            try {
                second.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return "first";
        });
        assertThat(contract.violations()).singleElement().asString().contains("the thread rule");
        state.close();
    }
}
