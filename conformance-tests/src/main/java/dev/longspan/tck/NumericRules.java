package dev.longspan.tck;

import static dev.longspan.tck.ConformanceRule.numeric;
import static dev.longspan.tck.Driver.require;

import dev.longspan.spi.Backend;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.Run;
import dev.longspan.spi.SequenceState;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;

/** The rules that compare whole networks with the oracle. */
final class NumericRules {
    private static final int STEPS = 5;
    /** Dense attention costs the square: eight times as many would take an hour. */
    private static final int MOST_DENSE = 131_072;
    /** How many parts a long sequence has, each with tokens of its own, so that one that is forgotten is missed. */
    private static final int PARTS = 8;
    /** Of a prompt that is fed in as few calls as there may be. */
    private static final int MOST_PIECE = 16_384;

    private static final int MOST_TRANSFERRED = 100_000;

    private NumericRules() {}

    static List<ConformanceRule> all() {
        return List.of(
                layers(
                        "N1.mamba",
                        "networks of Mamba-2 layers compute what the oracle computes",
                        "time step: softplus, then the clamp; decay exp(dt * -exp(A_log)); the norm by groups after the gate",
                        RandomModel::mambaOnly),
                layers(
                        "N1.attention",
                        "networks of dense attention compute what the oracle computes",
                        "scale 1/sqrt(D); query head h reads key/value head h / (H / G)",
                        RandomModel::attentionOnly),
                layers(
                        "N1.spans",
                        "networks of span attention compute what the oracle computes",
                        "the rules A1, and search queries from search_q_proj",
                        RandomModel::spansOnly),
                layers(
                        "N1.mlp",
                        "networks of feed-forward layers compute what the oracle computes",
                        "relu squared between up_proj and down_proj",
                        RandomModel::mlpOnly),
                layers(
                        "N1.experts",
                        "networks of experts compute what the oracle computes",
                        "choose with the bias and weigh without; groups by their two best; normalise, then scale",
                        RandomModel::expertsOnly),
                layers(
                        "N1.network",
                        "networks of all kinds of layers compute what the oracle computes, and leave its state",
                        "the layer kinds alone (N1.mamba and the others) tell which one is wrong",
                        RandomModel::spec),
                layers(
                        "N1.everything",
                        "networks without a choice that rounding could turn compute what the oracle computes",
                        "as N1.network; here no position is left out of the comparison",
                        RandomModel::withoutChoices),
                numeric(
                        "N1.dense",
                        "dense attention to a long context computes what the oracle computes, back and on included",
                        "keys behind the first pages; a loop that ends early; offsets of a checkpoint's pages",
                        NumericRules::aLongDenseContextIsRight),
                numeric(
                        "N1.long",
                        "a long context computes what the oracle computes, and goes back and on from its checkpoints",
                        "32-bit overflow of offsets; positions in float; tables that are too short",
                        NumericRules::aLongContextIsRight));
    }

    private static ConformanceRule layers(String id, String title, String hint, Subject.Network network) {
        return numeric(
                id,
                title,
                hint,
                subject -> subject.models(
                        network,
                        (driver, model) ->
                                new ModelChecks(driver).oracleAgrees(new Oracle(model.spec(), model.weights()))));
    }

    private static void aLongContextIsRight(Subject subject) throws Exception {
        subject.once(() -> isRight(subject, TinyNetworks::ofSpans, subject.longTokens()));
    }

    private static void aLongDenseContextIsRight(Subject subject) throws Exception {
        int tokens = Math.min(subject.longTokens(), MOST_DENSE);
        if (tokens < subject.longTokens()) {
            subject.note("checked with " + tokens + " of " + subject.longTokens()
                    + " tokens: dense attention to more would take hours");
        }
        subject.once(() -> isRight(subject, TinyNetworks::ofDense, tokens));
    }

    private static void isRight(Subject subject, BiFunction<Backend, Long, RandomModel> network, int tokens) {
        Backend backend = subject.open();
        RandomModel model = network.apply(backend, subject.seed());
        Driver driver = Driver.load(backend, model, subject.seed());
        int[] ids = ids(driver, tokens);
        int[] end = Driver.tail(ids, tokens - STEPS);
        OracleResult want = new Oracle(model.spec(), model.weights()).computeLast(ids, STEPS);
        int early = tokens - tokens / 8;
        try (SequenceState state = driver.model().newState()) {
            driver.absorb(state, Driver.first(ids, early), 512);
            try (Checkpoint checkpoint = state.checkpoint()) {
                driver.absorb(state, Arrays.copyOfRange(ids, early, tokens - STEPS), 777);
                try (Checkpoint almost = state.checkpoint()) {
                    agrees(driver, "at the end of " + tokens + " tokens", want, driver.feed(state, end));
                    stepsAgree(driver, almost, want, end);
                    transfers(driver, almost, want, end);
                }
                try (SequenceState again = driver.model().newState(checkpoint)) {
                    driver.absorb(again, Arrays.copyOfRange(ids, early, tokens - STEPS), MOST_PIECE);
                    agrees(driver, "back at " + early + " and on again", want, driver.feed(again, end));
                }
            }
        }
    }

    /** Random ids, each part of them from a part of the vocabulary. */
    private static int[] ids(Driver driver, int tokens) {
        int each = driver.model().spec().vocabularySize() / PARTS;
        int[] ids = new int[tokens];
        for (int t = 0; t < tokens; t++) {
            int part = (int) ((long) t * PARTS / tokens);
            ids[t] = part * each + driver.random().nextInt(each);
        }
        return ids;
    }

    /** Token by token, alone and beside a short sequence. */
    private static void stepsAgree(Driver driver, Checkpoint almost, OracleResult want, int[] end) {
        try (SequenceState state = driver.model().newState(almost)) {
            List<float[]> rows = new ArrayList<>();
            for (int t = 0; t < end.length; t++) {
                rows.addAll(driver.piece(state, end, t, t + 1));
            }
            agrees(driver, "token by token at the end", want, rows);
        }
        if (driver.backend().capabilities().maxRuns() > 1) {
            try (SequenceState brief = driver.model().newState();
                    SequenceState state = driver.model().newState(almost)) {
                List<float[]> rows = new ArrayList<>();
                for (int id : end) {
                    rows.addAll(Driver.rows(driver.forward(Run.last(brief, id), Run.last(state, id))
                            .get(1)));
                }
                agrees(driver, "beside a short sequence", want, rows);
            }
        }
    }

    private static void transfers(Driver driver, Checkpoint almost, OracleResult want, int[] end) {
        if (driver.transfers() && almost.length() <= MOST_TRANSFERRED) {
            try (Checkpoint read = driver.model().readCheckpoint(MemoryCheckpoint.of(almost));
                    SequenceState state = driver.model().newState(read)) {
                agrees(driver, "written, read and on", want, driver.feed(state, end));
            }
        }
    }

    private static void agrees(Driver driver, String what, OracleResult want, List<float[]> got) {
        int compared = 0;
        for (int r = 0; r < STEPS; r++) {
            if (want.isClear(r, driver.tolerance().gap())) {
                compared++;
                driver.tolerance()
                        .compare(
                                what + ", row " + r,
                                got.get(r),
                                want.logits(r),
                                driver.tolerance().oracle());
            }
        }
        require(compared > 0 || driver.tolerance().gap() > 1e-3, "no position of the long context could be compared");
    }
}
