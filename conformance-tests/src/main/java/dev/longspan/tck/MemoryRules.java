package dev.longspan.tck;

import static dev.longspan.tck.ConformanceRule.required;
import static dev.longspan.tck.Driver.require;

import dev.longspan.spi.Backend;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.MemoryPlan;
import dev.longspan.spi.MemorySize;
import dev.longspan.spi.MemoryUse;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.PlanOptions;
import dev.longspan.spi.Run;
import dev.longspan.spi.SequenceState;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.LongSupplier;

/** The rules of memory. */
final class MemoryRules {
    private static final int CONTEXT = 600;
    private static final int CHECKPOINTS = 8;
    /** The most runs and tokens of the batches for which memory is planned. */
    private static final int RUNS = 5;

    private static final int TOKENS = 160;
    /** The longest context, and the calls in which it is fed. */
    private static final int MOST_CONTEXT = 16_384;

    private static final int PIECE = 512;
    private static final long LITTLE = 64 << 20;

    private MemoryRules() {}

    static List<ConformanceRule> all() {
        return List.of(
                required(
                        "M2.bound",
                        "what a model, its states and its workspace use never exceeds the plan",
                        "weights, rounding to pages, the workspace of the largest batch, and what a checkpoint copies",
                        subject -> subject.models((driver, model) -> {
                            thePlanIsABound(driver, model);
                            thePlanIsABoundOfBatches(driver, model);
                        })),
                required(
                        "M2.limit",
                        "memory tells how much there is: no less than is used, and no more than it was told to take",
                        "MemoryUse.limit: Long.MAX_VALUE where no limit is known, but never where one was set",
                        MemoryRules::theLimitIsTold),
                required(
                        "M2.recurrent",
                        "recurrent states are planned and counted, those of checkpoints, too",
                        "the inputs of the convolution and the state of every Mamba layer, of all that has a length",
                        subject -> subject.models(
                                RandomModel::mambaOnly, (driver, model) -> recurrentStatesAreCounted(driver, model))),
                required(
                        "M2.long",
                        "in a long context, and in the largest batches, no more is used than was planned for them",
                        "what grows with the context or the batch: scores, tables of pages, rows of logits",
                        MemoryRules::thePlanIsABoundOfLongContexts),
                required(
                        "M2.freed",
                        "closing a model frees all that it, its states and its checkpoints held",
                        "states and checkpoints that the model does not know of when it is closed, and states that failed before",
                        subject -> subject.models((driver, model) -> {
                            closingFreesAll(driver, model);
                            closingFreesFailedStates(driver, model);
                        })));
    }

    private static void thePlanIsABound(Driver driver, RandomModel model) {
        Backend backend = driver.backend();
        driver.model().close();
        MemorySize before = backend.memory().used();
        int tokens = Math.min(64, backend.capabilities().maxBatchTokens());
        MemoryPlan plan = backend.plan(
                model.spec(), new PlanOptions(Math.min(2, backend.capabilities().maxRuns()), tokens, CONTEXT));
        MemorySize fixed = before.plus(plan.weights()).plus(plan.workspace());
        LoadProgress watch = (done, total) -> within(
                "while loading, at " + done + " of " + total + " bytes,",
                backend.memory().used(),
                fixed);
        Driver loaded = new Driver(
                backend,
                backend.load(model.spec(), model.weights(), watch),
                driver.random().nextLong());
        within("after loading", backend.memory().used(), fixed);
        long loadedBytes = loaded.usedBytes() - before.totalBytes();
        long weights = weights(model.spec());
        require(
                loadedBytes >= weights,
                "a loaded model takes " + loadedBytes + " bytes, which cannot hold " + weights + " weights");
        List<Checkpoint> checkpoints = new ArrayList<>();
        MemorySize bound = fixed;
        SequenceState state = loaded.model().newState();
        int[] ids = loaded.ids(CONTEXT);
        int at = 0;
        while (at < CONTEXT) {
            int to = Math.min(CONTEXT, at + 1 + loaded.random().nextInt(tokens));
            loaded.piece(state, ids, at, to);
            at = to;
            within("with a state of " + at, backend.memory().used(), bound.plus(plan.sequence(at)));
            long most = plan.sequence(at).totalBytes();
            require(
                    state.bytes() <= most,
                    "a state of " + at + " tokens has " + state.bytes() + " bytes, planned " + most);
            if (loaded.random().nextInt(3) == 0) {
                checkpoints.add(state.checkpoint());
                bound = bound.plus(plan.sequence(at));
                within("with checkpoints", backend.memory().used(), bound.plus(plan.sequence(at)));
            }
        }
        long least = (long) CONTEXT * keysAndValues(model.spec());
        long taken = loaded.usedBytes() - before.totalBytes() - loadedBytes;
        require(taken >= least, CONTEXT + " tokens take " + taken + " bytes, which cannot hold " + least + " numbers");
        checkpoints.forEach(Checkpoint::close);
        state.close();
        within("after closing all states", backend.memory().used(), fixed);
        loaded.model().close();
    }

    /** Batches at the limits that the plan was asked for: of runs, of tokens, and of rows of logits. */
    private static void thePlanIsABoundOfBatches(Driver driver, RandomModel model) {
        Backend backend = driver.backend();
        MemorySize before = backend.memory().used();
        int tokens = Math.min(TOKENS, backend.capabilities().maxBatchTokens());
        int runs = Math.min(Math.min(RUNS, backend.capabilities().maxRuns()), tokens);
        int rows = Math.max(runs, tokens / 4);
        MemoryPlan plan = backend.plan(model.spec(), new PlanOptions(runs, tokens, CONTEXT, rows));
        Driver loaded = Driver.load(backend, model, driver.random().nextLong());
        MemorySize fixed = before.plus(plan.weights()).plus(plan.workspace());
        List<int[]> batches = new ArrayList<>(); // the tokens of their runs
        int[] uneven = new int[runs];
        Arrays.fill(uneven, 1);
        batches.add(uneven.clone());
        uneven[runs - 1] = tokens - runs + 1;
        batches.add(uneven);
        batches.add(new int[] {tokens});
        for (int[] batch : batches) {
            List<Run> all = new ArrayList<>();
            MemorySize bound = fixed;
            int left = rows;
            for (int size : batch) {
                int asked = Math.min(size, left);
                left -= asked;
                all.add(new Run(loaded.model().newState(), loaded.ids(size), 0, size, size - asked));
                bound = bound.plus(plan.sequence(size));
            }
            loaded.forward(all.toArray(Run[]::new)).forEach(Driver::rows);
            within(
                    "with a batch of " + Arrays.toString(batch) + " tokens",
                    backend.memory().used(),
                    bound);
            all.forEach(run -> run.state().close());
            within(
                    "after a batch of " + Arrays.toString(batch) + " tokens",
                    backend.memory().used(),
                    fixed);
        }
        loaded.model().close();
    }

    private static void theLimitIsTold(Subject subject) throws Exception {
        subject.models((driver, model) -> {
            driver.plain(driver.ids(9));
            MemoryUse memory = driver.backend().memory();
            within("beside a limit of " + memory.limit(), memory.used(), memory.limit());
        });
        if (subject.limitsMemory()) {
            MemorySize limit = subject.openWithMemory(LITTLE).memory().limit();
            require(
                    Math.min(limit.hostBytes(), limit.deviceBytes()) <= LITTLE,
                    "told to take " + LITTLE + " bytes, its limit is " + limit);
        }
    }

    private static void recurrentStatesAreCounted(Driver driver, RandomModel model) {
        Backend backend = driver.backend();
        Lives.warm(driver);
        long least = 0;
        for (LayerSpec layer : model.spec().layers()) {
            if (layer instanceof LayerSpec.Mamba m) {
                least += (long) m.channels() * (m.convolutionWidth() - 1) + (long) m.innerSize() * m.stateSize();
            }
        }
        long planned = backend.plan(model.spec(), new PlanOptions(1, 1, CONTEXT))
                .sequence(1)
                .totalBytes();
        require(
                planned >= least,
                "a sequence is planned with " + planned + " bytes, which cannot hold " + least + " recurrent numbers");
        List<SequenceState> states = new ArrayList<>();
        recurrentStatesAreTaken("states", least, driver, () -> {
            SequenceState state = driver.model().newState();
            states.add(state);
            driver.absorb(state, driver.ids(1), 1);
            return state.bytes();
        });
        copiesAreCounted(driver, states.get(0), least);
        states.forEach(SequenceState::close);
    }

    /** Each at another position, and each state goes on: until then a backend may keep what is the same only once. */
    private static void copiesAreCounted(Driver driver, SequenceState state, long least) {
        List<Checkpoint> checkpoints = new ArrayList<>();
        recurrentStatesAreTaken("checkpoints", least, driver, () -> {
            Checkpoint checkpoint = state.checkpoint();
            checkpoints.add(checkpoint);
            driver.absorb(state, driver.ids(1), 1);
            return checkpoint.bytes();
        });
        List<SequenceState> forks = new ArrayList<>();
        recurrentStatesAreTaken("states from checkpoints", least, driver, () -> {
            SequenceState fork = driver.model().newState(checkpoints.get(forks.size()));
            forks.add(fork);
            driver.absorb(fork, driver.ids(1), 1);
            return fork.bytes();
        });
        if (driver.transfers()) {
            List<MemoryCheckpoint> written =
                    checkpoints.stream().map(MemoryCheckpoint::of).toList();
            List<Checkpoint> read = new ArrayList<>();
            recurrentStatesAreTaken("checkpoints that were read", least, driver, () -> {
                read.add(driver.model().readCheckpoint(written.get(read.size())));
                return read.get(read.size() - 1).bytes();
            });
            read.forEach(Checkpoint::close);
        }
        forks.forEach(SequenceState::close);
        checkpoints.forEach(Checkpoint::close);
    }

    /** Makes some of a kind, each of which answers its bytes; requires that these and the memory hold so many numbers each. */
    private static void recurrentStatesAreTaken(String what, long least, Driver driver, LongSupplier next) {
        long before = driver.usedBytes();
        for (int i = 0; i < CHECKPOINTS; i++) {
            long bytes = next.getAsLong();
            require(
                    bytes >= least,
                    what + ": one has " + bytes + " bytes, which cannot hold " + least + " recurrent numbers");
        }
        long taken = driver.usedBytes() - before;
        require(
                taken >= CHECKPOINTS * least,
                CHECKPOINTS + " " + what + " take " + taken + " bytes, each of which has " + least
                        + " recurrent numbers");
    }

    private static void thePlanIsABoundOfLongContexts(Subject subject) throws Exception {
        subject.once(() -> {
            Backend backend = subject.open();
            int context = Math.min(subject.longTokens(), MOST_CONTEXT);
            int checked = 0;
            List<BiFunction<Backend, Long, RandomModel>> networks =
                    List.of(TinyNetworks::ofDense, TinyNetworks::ofSpans);
            for (BiFunction<Backend, Long, RandomModel> network : networks) {
                try {
                    RandomModel model = network.apply(backend, subject.seed());
                    aLongContextIsWithin(backend, model, context);
                    theLargestBatchesAreWithin(backend, model);
                    checked++;
                } catch (NotApplicable e) {
                    // another network may be known
                }
            }
            if (checked == 0) {
                RandomModel model = TinyNetworks.withoutChoices(backend, subject.seed());
                aLongContextIsWithin(backend, model, context);
                theLargestBatchesAreWithin(backend, model);
            }
        });
    }

    private static void aLongContextIsWithin(Backend backend, RandomModel model, int context) {
        int tokens = Math.min(PIECE, backend.capabilities().maxBatchTokens());
        MemorySize before = backend.memory().used();
        MemoryPlan plan = backend.plan(model.spec(), new PlanOptions(1, tokens, context, 1));
        MemorySize fixed = before.plus(plan.weights()).plus(plan.workspace());
        Driver driver = Driver.load(backend, model, 1);
        int[] ids = driver.ids(context);
        try (SequenceState state = driver.model().newState()) {
            for (int at = 0; at < context; ) {
                int to = Math.min(context, at + tokens);
                driver.absorb(state, Arrays.copyOfRange(ids, at, to), tokens);
                at = to;
                within("with a state of " + at, backend.memory().used(), fixed.plus(plan.sequence(at)));
                long most = plan.sequence(at).totalBytes();
                require(
                        state.bytes() <= most,
                        "a state of " + at + " tokens has " + state.bytes() + " bytes, planned " + most);
            }
        }
        within("after a state of " + context, backend.memory().used(), fixed);
        driver.model().close();
    }

    /** As many steps and as many tokens as there may be, with logits of each. */
    private static void theLargestBatchesAreWithin(Backend backend, RandomModel model) {
        int runs = LimitRules.runs(backend);
        int tokens = LimitRules.tokens(backend);
        MemorySize before = backend.memory().used();
        MemoryPlan plan = backend.plan(model.spec(), new PlanOptions(runs, tokens, tokens, tokens));
        MemorySize fixed = before.plus(plan.weights()).plus(plan.workspace());
        Driver driver = Driver.load(backend, model, 1);
        for (int count : new int[] {runs, 1}) {
            int size = count == 1 ? tokens : 1;
            List<Run> all = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                all.add(new Run(driver.model().newState(), driver.ids(size), 0, size, 0));
            }
            driver.forward(all.toArray(Run[]::new)).forEach(Driver::success);
            within(
                    "with a batch of " + count + " runs of " + size,
                    backend.memory().used(),
                    fixed.plus(plan.sequence(size).times(count)));
            all.forEach(run -> run.state().close());
        }
        driver.model().close();
    }

    /** How many weights a network has: a backend may hold them in fewer bits than they come in, but hold them it must. */
    private static long weights(ModelSpec spec) {
        long numbers = 0;
        for (ModelSpec.Tensor tensor : spec.tensors()) {
            numbers += tensor.shape().stream().reduce(1L, Math::multiplyExact);
        }
        return numbers;
    }

    /** How many numbers a token leaves in keys and values. */
    private static long keysAndValues(ModelSpec spec) {
        long numbers = 0;
        for (LayerSpec layer : spec.layers()) {
            if (layer instanceof LayerSpec.Attention a) {
                numbers += 2L * a.heads().keyValueHeads() * a.heads().headSize();
            }
        }
        return numbers;
    }

    private static void within(String when, MemorySize used, MemorySize bound) {
        require(
                used.hostBytes() <= bound.hostBytes() && used.deviceBytes() <= bound.deviceBytes(),
                when + " it uses " + used + ", planned at most " + bound);
    }

    private static void closingFreesAll(Driver driver, RandomModel model) {
        Backend backend = driver.backend();
        Lives.everything(driver);
        Lives.warm(driver);
        driver.model().close();
        MemorySize before = backend.memory().used(); // with what the backend has kept to work in, if anything
        for (int i = 0; i < 3; i++) {
            Driver loaded = Driver.load(backend, model, i);
            SequenceState state = loaded.model().newState();
            loaded.feed(state, loaded.ids(40));
            Checkpoint left = state.checkpoint();
            loaded.feed(loaded.model().newState(left), loaded.ids(5));
            require(backend.memory().used().totalBytes() > before.totalBytes(), "a loaded model uses no memory");
            loaded.model().close();
            MemorySize after = backend.memory().used();
            require(after.equals(before), "a closed model leaves memory: " + before + ", then " + after);
            state.close();
            left.close();
            MemorySize later = backend.memory().used();
            require(
                    later.equals(before),
                    "closing what belonged to a closed model changes the memory: " + before + ", then " + later);
        }
    }

    /** A state that failed may have let go of its pages already, or not: they are freed once. */
    private static void closingFreesFailedStates(Driver driver, RandomModel model) {
        Backend backend = driver.backend();
        LanguageModel beside =
                Driver.load(backend, model, 1).model(); // else what is freed twice may be less than nothing
        MemorySize before = MemorySize.ZERO;
        for (int i = 0; i < 3; i++) {
            Driver poisoned = BatchRules.poisoned(driver, model, i);
            SequenceState bad = BatchRules.failed(poisoned);
            poisoned.model().close();
            MemorySize after = backend.memory().used();
            require( // the first one tells what the backend has kept to work in
                    i == 0 || after.equals(before),
                    "a closed model, one of whose states had failed, changes the memory: " + before + ", then "
                            + after);
            bad.close();
            before = backend.memory().used();
            require(
                    before.equals(after),
                    "closing a failed state of a closed model changes the memory: " + after + ", then " + before);
        }
        beside.close();
    }
}
