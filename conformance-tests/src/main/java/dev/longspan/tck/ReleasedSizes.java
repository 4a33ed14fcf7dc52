package dev.longspan.tck;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.Backend;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.DType;
import dev.longspan.spi.Feature;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import dev.longspan.spi.SpanAttention;
import dev.longspan.spi.Support;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Networks with one layer of each kind, each with the inner sizes of released models, and narrower outside of them. */
final class ReleasedSizes {
    /** In a network that chooses. */
    private static final int FEW = 12;
    /** More than the chunks in which Mamba layers are computed, usually. */
    private static final int MANY = 160;
    /** Of which the last ones are computed step by step. */
    private static final int STEPS = 6;

    private static final int LONGEST_PIECE = 60;
    private static final int EXPERTS = 64;
    private static final int PER_TOKEN = 6;
    /** More anchors than there are. */
    private static final int ALL_ANCHORS = 16;
    /** With it an expert is chosen, whatever its score is. */
    private static final float CHOSEN = 2;
    /** How many networks of fewer kinds of layers are tried for backends that do not know all. */
    private static final int DRAWS = 100;

    private ReleasedSizes() {}

    private static ModelSpec released(int spans) {
        AttentionHeads heads = new AttentionHeads(8, 2, 128);
        return new ModelSpec(
                "sizes",
                1500,
                512,
                1e-5,
                false,
                List.of(
                        new LayerSpec.Mamba(16, 64, 8, 128, 4, 0, Double.POSITIVE_INFINITY),
                        new LayerSpec.Experts(EXPERTS, PER_TOKEN, 64, 128, 1, 1, true, 2.5),
                        new LayerSpec.Attention(heads, null),
                        new LayerSpec.Mlp(1024),
                        new LayerSpec.Attention(heads, new SpanAttention(1, spans, 2, 1, 0.5, 0.5, 1))));
    }

    static void areRight(Subject subject) {
        Backend backend = subject.open();
        RandomModel choosing = new RandomModel(supported(backend, released(2)), 5, DType.BF16);
        Driver driver = Driver.load(backend, choosing, 5);
        new ModelChecks(driver).oracleAgrees(subject, new Oracle(choosing.spec(), choosing.weights()), FEW, 2);
        LogitsRules.argMaxIsTheLowestOf(driver, FEW);
        driver.model().close();
        RandomModel decided = decided(supported(backend, released(ALL_ANCHORS)));
        allWaysAgree("", Driver.load(backend, decided, 5), decided, MANY);
    }

    private static ModelSpec supported(Backend backend, ModelSpec whole) {
        Random random = new Random(1);
        ModelSpec spec = whole;
        for (int i = 0; i < DRAWS && !(backend.supports(spec) instanceof Support.Supported); i++) {
            spec = RandomModel.without(whole, random);
        }
        if (!(backend.supports(spec) instanceof Support.Supported)) {
            throw new NotApplicable("it supports no network of this rule");
        }
        return spec;
    }

    /** With experts that are chosen in every arithmetic, so that nothing has to be left out of a long sequence. */
    private static RandomModel decided(ModelSpec spec) {
        RandomModel model = new RandomModel(spec, 6, DType.BF16);
        for (ModelSpec.Tensor tensor : spec.tensors()) {
            if (tensor.name().endsWith(".e_score_correction_bias")) {
                model.with(tensor.name(), bias -> {
                    for (int i = 0; i < PER_TOKEN; i++) {
                        bias[(3 + 11 * i) % EXPERTS] += CHOSEN;
                    }
                });
            }
        }
        return model;
    }

    /** What came of a sequence at once, with which all other ways are compared. */
    private record Ways(String with, Driver driver, Judge judge, List<float[]> plain) {
        /** By the oracle, where choices are clear; and with what came at once, where it is claimed to be the same. */
        void agree(String what, int first, List<float[]> got) {
            judge.compareClear(with + what + ", logits", first, got);
            if (driver.backend().capabilities().has(Feature.BATCH_EXACT)) {
                driver.same(
                        with + what + ", beside those at once, logits", got, plain.subList(first, first + got.size()));
            }
        }
    }

    /**
     * At once, in pieces, step by step, in batches, from a checkpoint and from one that was written and read.
     *
     * @param with what comes before the words of a fault
     * @param model one that leaves nothing to choose
     */
    static void allWaysAgree(String with, Driver driver, RandomModel model, int tokens) {
        int[] ids = driver.ids(tokens);
        int steps = tokens - STEPS;
        Judge judge = new Judge(new Oracle(model.spec(), model.weights()), ids, driver.tolerance());
        Ways ways = new Ways(with, driver, judge, driver.plain(ids));
        ways.agree("at once", 0, ways.plain);
        try (SequenceState state = driver.model().newState()) {
            for (int from = 0, to; from < steps; from = to) {
                to = Math.min(steps, from + 1 + driver.random().nextInt(LONGEST_PIECE));
                ways.agree("in pieces", from, driver.piece(state, ids, from, to));
            }
            try (Checkpoint checkpoint = state.checkpoint()) {
                for (int t = steps; t < tokens; t++) {
                    ways.agree("token by token", t, driver.piece(state, ids, t, t + 1));
                }
                besideAnother(driver, checkpoint, ids, ways);
                if (driver.transfers()) {
                    try (Checkpoint read = driver.model().readCheckpoint(MemoryCheckpoint.of(checkpoint));
                            SequenceState again = driver.model().newState(read)) {
                        ways.agree("written, read and on", steps, driver.feed(again, Driver.tail(ids, steps)));
                    }
                }
            }
        }
    }

    /** What starts from the checkpoint, step by step beside the same sequence from its beginning. */
    private static void besideAnother(Driver driver, Checkpoint checkpoint, int[] ids, Ways ways) {
        if (driver.backend().capabilities().maxRuns() < 2
                || driver.backend().capabilities().maxBatchTokens() < 2) {
            return;
        }
        int first = checkpoint.length();
        List<float[]> steps = new ArrayList<>();
        List<float[]> beginning = new ArrayList<>();
        try (SequenceState late = driver.model().newState(checkpoint);
                SequenceState early = driver.model().newState()) {
            for (int i = 0; first + i < ids.length; i++) {
                List<RunResult> results = driver.forward(
                        new Run(late, ids, first + i, first + i + 1, first + i), new Run(early, ids, i, i + 1, i));
                steps.addAll(Driver.rows(results.get(0)));
                beginning.addAll(Driver.rows(results.get(1)));
            }
        }
        ways.agree("in a batch, from a checkpoint", first, steps);
        ways.agree("in a batch", 0, beginning);
    }
}
