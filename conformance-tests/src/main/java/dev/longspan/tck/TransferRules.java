package dev.longspan.tck;

import static dev.longspan.tck.ConformanceRule.claimed;
import static dev.longspan.tck.ConformanceRule.unclaimed;
import static dev.longspan.tck.Driver.refused;
import static dev.longspan.tck.Driver.require;

import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.DType;
import dev.longspan.spi.Feature;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.MemoryPlan;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.PlanOptions;
import dev.longspan.spi.SequenceState;
import dev.longspan.spi.StateSink;
import dev.longspan.spi.StateSource;
import dev.longspan.spi.Support;
import dev.longspan.spi.TensorInfo;
import dev.longspan.spi.UnsupportedFeatureException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The rules of writing and reading checkpoints. */
final class TransferRules {
    private static final int LENGTH = 70;
    private static final int LONG = 600;

    private TransferRules() {}

    static List<ConformanceRule> all() {
        Feature transfer = Feature.CHECKPOINT_TRANSFER;
        return List.of(
                claimed(
                        transfer,
                        "X1.layout",
                        "a checkpoint lists and writes the tensors of its layers, with their names, types and shapes",
                        "Checkpoint.tensors: key and value [tokens, G, D], conv [C, w-1] and ssm [nh, hd, N] in F32",
                        subject -> subject.states((driver, model) -> theLayoutIsRight(driver, model.spec()))),
                claimed(
                        transfer,
                        "X1.continues",
                        "a written and read checkpoint continues as the original would",
                        "a tensor that is not written or not read back, or rounded on the way",
                        subject -> subject.states((driver, model) -> readCheckpointsContinue(driver))),
                claimed(
                        transfer,
                        "X1.base",
                        "a checkpoint read on a base continues as the original would, and shares the base's pages",
                        "the rows between the base's length and the source's; the page in which the base ends",
                        subject -> subject.states((driver, model) -> readOnABase(driver))),
                claimed(
                        transfer,
                        "X1.across",
                        "what one backend writes another reads, both ways",
                        "byte order, the order of the convolution's inputs, and types that differ",
                        TransferRules::otherBackendsReadIt),
                claimed(
                        transfer,
                        "X1.faults",
                        "a tensor that is missing or misshapen is refused by name, and nothing stays in memory",
                        "check every tensor's name, type and shape before taking memory",
                        subject -> subject.states((driver, model) -> faultsAreNamed(driver))),
                claimed(
                        transfer,
                        "X1.types",
                        "keys and values are read in BF16 and in F32, whichever of them the backend writes",
                        "Checkpoint.tensors allows both types: widen or round when reading",
                        subject -> subject.models(
                                RandomModel::withoutChoices, (driver, model) -> bothTypesAreRead(driver, model))),
                unclaimed(
                        transfer,
                        "C1.transfer",
                        "without CHECKPOINT_TRANSFER writing and reading are refused",
                        "throw new UnsupportedFeatureException(id, Feature.CHECKPOINT_TRANSFER)",
                        subject -> subject.models((driver, model) -> transfersAreRefused(driver))));
    }

    private static void theLayoutIsRight(Driver driver, ModelSpec spec) {
        int tokens = 21;
        try (SequenceState state = driver.model().newState()) {
            driver.absorb(state, driver.ids(tokens), tokens);
            try (Checkpoint checkpoint = state.checkpoint()) {
                Set<String> found = new HashSet<>();
                for (TensorInfo tensor : checkpoint.tensors()) {
                    List<Long> shape = shape(spec, tensor.name(), tokens);
                    require(shape.equals(tensor.shape()), tensor + ": expected shape " + shape);
                    boolean recurrent =
                            tensor.name().endsWith(".conv") || tensor.name().endsWith(".ssm");
                    require(
                            tensor.dtype() == DType.F32 || (!recurrent && tensor.dtype() == DType.BF16),
                            tensor + ": expected F32" + (recurrent ? "" : " or BF16"));
                    require(found.add(tensor.name()), "tensor " + tensor.name() + " is listed twice");
                }
                Set<String> expected = names(spec);
                require(found.equals(expected), "expected the tensors " + expected + ", found " + found);
                MemoryCheckpoint.of(checkpoint); // which compares what is written with what is listed
                checkpoint.write(new Declining());
            }
        }
    }

    /** Wants every second tensor. */
    private static final class Declining implements StateSink {
        private int begun;

        @Override
        public boolean begin(TensorInfo tensor) {
            return begun++ % 2 == 0;
        }

        @Override
        public void write(ByteBuffer bytes) {
            require(begun % 2 == 1, "a tensor was written that the sink did not want");
        }
    }

    private static Set<String> names(ModelSpec spec) {
        Set<String> names = new HashSet<>();
        for (int i = 0; i < spec.layers().size(); i++) {
            if (spec.layers().get(i) instanceof LayerSpec.Mamba) {
                names.addAll(List.of("layers." + i + ".conv", "layers." + i + ".ssm"));
            } else if (spec.layers().get(i) instanceof LayerSpec.Attention) {
                names.addAll(List.of("layers." + i + ".key", "layers." + i + ".value"));
            }
        }
        return names;
    }

    private static List<Long> shape(ModelSpec spec, String name, long tokens) {
        String[] parts = name.split("\\.", -1);
        int layer = parts.length == 3 && parts[1].matches("[0-9]+") ? Integer.parseInt(parts[1]) : -1;
        LayerSpec of =
                layer >= 0 && layer < spec.layers().size() ? spec.layers().get(layer) : null;
        if (of instanceof LayerSpec.Mamba m) {
            return parts[2].equals("conv")
                    ? List.of((long) m.channels(), m.convolutionWidth() - 1L)
                    : List.of((long) m.heads(), (long) m.headSize(), (long) m.stateSize());
        } else if (of instanceof LayerSpec.Attention a) {
            return List.of(
                    tokens, (long) a.heads().keyValueHeads(), (long) a.heads().headSize());
        }
        throw new AssertionError("a checkpoint lists tensor '" + name + "', which belongs to no layer with a state");
    }

    static void readCheckpointsContinue(Driver driver) {
        int[] ids = driver.ids(LENGTH);
        List<float[]> want = driver.plain(ids);
        continueReading(
                driver,
                driver,
                ids,
                (at, got) -> driver.same("continued from a read checkpoint of " + at, got, want.subList(at, LENGTH)));
    }

    /** Either may round, and what the reader gets is rounded by both: so the oracle is what it is compared with. */
    private static void anotherReadsIt(Driver from, Driver to, Oracle oracle) {
        int[] ids = from.ids(LENGTH);
        Judge judge = new Judge(oracle, ids, from.tolerance().coarser(to.tolerance()));
        continueReading(
                from, to, ids, (at, got) -> judge.compareClear("continued from another backend, logits", at, got));
    }

    /** What is made of the logits behind a position. */
    private interface Comparison {
        void compare(int at, List<float[]> got);
    }

    /** Writes with one and reads with another, which may be the same. */
    private static void continueReading(Driver from, Driver to, int[] ids, Comparison comparison) {
        for (int at : new int[] {1, 1 + from.random().nextInt(LENGTH - 2), 64}) {
            try (SequenceState state = from.model().newState()) {
                from.absorb(state, Driver.first(ids, at), at);
                MemoryCheckpoint written;
                try (Checkpoint checkpoint = state.checkpoint()) {
                    written = MemoryCheckpoint.of(checkpoint);
                }
                try (Checkpoint read = to.model().readCheckpoint(new StrictSource(written, 0));
                        SequenceState again = to.model().newState(read)) {
                    require(read.length() == at, "a checkpoint of " + at + " tokens is read with " + read.length());
                    comparison.compare(at, to.feed(again, Driver.tail(ids, at)));
                }
            }
        }
    }

    static void readOnABase(Driver driver) {
        int[] ids = driver.ids(LONG);
        int early = driver.random().nextInt(LONG - 40);
        int at = early + 1 + driver.random().nextInt(LONG - early - 20);
        List<float[]> want = driver.plain(ids).subList(at, LONG);
        try (SequenceState state = driver.model().newState()) {
            driver.absorb(state, Driver.first(ids, early), LONG);
            try (Checkpoint base = state.checkpoint()) {
                driver.absorb(state, Arrays.copyOfRange(ids, early, at), LONG);
                MemoryCheckpoint written;
                try (Checkpoint whole = state.checkpoint()) {
                    written = MemoryCheckpoint.of(whole);
                }
                long before = driver.usedBytes();
                try (Checkpoint read = driver.model().readCheckpoint(new StrictSource(written, early), base);
                        SequenceState again = driver.model().newState(read)) {
                    require(read.length() == at, "a checkpoint of " + at + " tokens is read with " + read.length());
                    long added = driver.usedBytes() - before;
                    MemoryPlan plan = driver.backend().plan(driver.model().spec(), new PlanOptions(1, 1, LONG));
                    // the checkpoint, and the state that starts from it
                    long most = plan.perSequence()
                            .times(3)
                            .plus(plan.perToken().times(at - early))
                            .totalBytes();
                    require(
                            added <= most,
                            "a checkpoint of " + at + " tokens on a base of " + early + " adds " + added
                                    + " bytes, expected at most " + most + ": the base's pages are not shared");
                    driver.same("continued from one read on a base", driver.feed(again, Driver.tail(ids, at)), want);
                }
                try (SequenceState longer = driver.model().newState()) {
                    driver.absorb(longer, Driver.first(ids, at + 1), LONG);
                    try (Checkpoint behind = longer.checkpoint()) {
                        refused(
                                "a base longer than the source",
                                () -> driver.model().readCheckpoint(written, behind),
                                IllegalArgumentException.class);
                    }
                }
            }
        }
    }

    private static void otherBackendsReadIt(Subject subject) throws Exception {
        subject.models(RandomModel::withoutChoices, (driver, model) -> {
            try (Backend other = subject.other().open(BackendOptions.defaults().withThreads(1))) {
                boolean reads = other.capabilities().has(Feature.CHECKPOINT_TRANSFER);
                if (!reads || !(other.supports(model.spec()) instanceof Support.Supported)) {
                    throw new NotApplicable("the other backend does not read checkpoints of this network");
                }
                Driver theirs = Driver.load(other, model, 1);
                Oracle oracle = new Oracle(model.spec(), model.weights());
                anotherReadsIt(driver, theirs, oracle);
                anotherReadsIt(theirs, driver, oracle);
            }
        });
    }

    /** A written checkpoint with one tensor that is not as it should be; null for one that is missing. */
    private record Altered(MemoryCheckpoint whole, String name, TensorInfo instead) implements StateSource {
        @Override
        public int length() {
            return whole.length();
        }

        @Override
        public TensorInfo info(String wanted) {
            if (!wanted.equals(name)) {
                return whole.info(wanted);
            } else if (instead.shape().isEmpty()) {
                throw new IllegalArgumentException("no tensor '" + name + "' here");
            }
            return instead;
        }

        @Override
        public void read(String wanted, long offset, ByteBuffer target) {
            whole.read(wanted, offset, target);
        }
    }

    private static void faultsAreNamed(Driver driver) {
        try (SequenceState state = driver.model().newState()) {
            driver.absorb(state, driver.ids(9), 9);
            MemoryCheckpoint written;
            try (Checkpoint checkpoint = state.checkpoint()) {
                written = MemoryCheckpoint.of(checkpoint);
            }
            long before = driver.usedBytes();
            for (String name : written.names()) {
                TensorInfo right = written.info(name);
                List<Long> longer = new ArrayList<>(right.shape());
                longer.set(longer.size() - 1, longer.get(longer.size() - 1) + 1);
                fault(driver, new Altered(written, name, new TensorInfo(name, right.dtype(), longer)));
                List<Long> fewer = new ArrayList<>(right.shape());
                fewer.set(0, fewer.get(0) - 1); // of keys and values a row
                fault(driver, new Altered(written, name, new TensorInfo(name, right.dtype(), fewer)));
                fault(driver, new Altered(written, name, new TensorInfo(name, right.dtype(), List.of())));
                List<Long> turned = LoadingRules.turned(right.shape());
                if (!turned.equals(right.shape())) {
                    fault(driver, new Altered(written, name, new TensorInfo(name, right.dtype(), turned)));
                }
            }
            long after = driver.usedBytes();
            require(after == before, "refused checkpoints leave memory: " + before + " bytes, then " + after);
        }
    }

    private static void fault(Driver driver, Altered altered) {
        RuntimeException fault = refused(
                "a checkpoint with " + altered.instead(),
                () -> driver.model().readCheckpoint(altered).close(),
                IllegalArgumentException.class);
        require(String.valueOf(fault.getMessage()).contains(altered.name()), "the message lacks the name: " + fault);
    }

    /** What continues from rounded keys must be what the oracle continues with from the same, on a base of the same type, too. */
    private static void bothTypesAreRead(Driver driver, RandomModel model) {
        int[] ids = driver.ids(LENGTH);
        int at = 2 + driver.random().nextInt(LENGTH - 3);
        int early = 1 + driver.random().nextInt(at - 1);
        MemoryCheckpoint before;
        MemoryCheckpoint written;
        try (SequenceState state = driver.model().newState()) {
            driver.absorb(state, Driver.first(ids, early), early);
            before = MemoryCheckpoint.of(state);
            driver.absorb(state, Arrays.copyOfRange(ids, early, at), at);
            written = MemoryCheckpoint.of(state);
        }
        Oracle oracle = new Oracle(model.spec(), model.weights());
        for (DType dtype : List.of(DType.F32, DType.BF16)) {
            MemoryCheckpoint offered = written.withKeysIn(dtype);
            Map<String, double[]> begin = new HashMap<>();
            for (String name : offered.names()) {
                begin.put(name, Tensors.toDoubles(offered.numbers(name)));
            }
            Judge judge = new Judge(oracle, Stretch.behind(begin, at, Driver.tail(ids, at)), driver.tolerance());
            try (Checkpoint read = driver.model().readCheckpoint(new StrictSource(offered, 0));
                    Checkpoint base = driver.model().readCheckpoint(before.withKeysIn(dtype));
                    Checkpoint onBase = driver.model().readCheckpoint(new StrictSource(offered, early), base)) {
                goesOn(driver, judge, "behind keys read in " + dtype, read, ids);
                goesOn(driver, judge, "behind keys read in " + dtype + " on a base of " + early, onBase, ids);
            }
        }
    }

    private static void goesOn(Driver driver, Judge judge, String what, Checkpoint read, int[] ids) {
        try (SequenceState state = driver.model().newState(read)) {
            judge.compareClear(what, 0, driver.feed(state, Driver.tail(ids, read.length())));
        }
    }

    private static void transfersAreRefused(Driver driver) {
        try (SequenceState state = driver.model().newState()) {
            driver.absorb(state, driver.ids(3), 3);
            try (Checkpoint checkpoint = state.checkpoint()) {
                refused("tensors", checkpoint::tensors, UnsupportedFeatureException.class);
                refused("write", () -> MemoryCheckpoint.of(checkpoint), UnsupportedFeatureException.class);
                StateSource empty = MemoryCheckpoint.empty(3);
                refused("read", () -> driver.model().readCheckpoint(empty), UnsupportedFeatureException.class);
                refused(
                        "read on a base",
                        () -> driver.model().readCheckpoint(empty, checkpoint),
                        UnsupportedFeatureException.class);
            }
        }
    }
}
