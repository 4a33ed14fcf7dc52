package dev.longspan.tck;

import static dev.longspan.tck.ConformanceRule.numeric;

import dev.longspan.spi.Backend;
import dev.longspan.spi.SequenceState;
import java.util.List;
import java.util.function.BiFunction;

/** The rules that compare whole networks with the oracle. */
final class NumericRules {
    /** Dense attention costs the square: eight times as many would take an hour. */
    private static final int MOST_DENSE = 131_072;
    /** Some hundred tokens more than the window of released models has. */
    private static final int BEHIND_THE_WINDOW = 2500;

    /** With powers near 1 a query has 2000 candidates, and spans of nearly as many tokens, after so few. */
    private static final int MANY_CANDIDATES = 3000;

    /** One, a number that divides little, and more than there are parts of most work. */
    private static final int[] THREADS = {1, 3, 16};

    private static final int PROMPT = 60;
    private static final int STEPS = 6;

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
                        subject -> aLongContextIsRight(subject, TinyNetworks::ofSpans, subject.longTokens())),
                numeric(
                        "N1.window",
                        "a window as long as that of released models, and what lies behind it, compute what the oracle computes",
                        "a window or a list of stripes that is cut to a buffer: with s = 65 and p = 0.55 the window has 2032 tokens",
                        subject -> aLongContextIsRight(subject, TinyNetworks::ofReleasedSpans, BEHIND_THE_WINDOW)),
                numeric(
                        "N1.candidates",
                        "queries with as many candidates, and spans as long, as at a million tokens compute what the oracle computes",
                        "a list of candidates, or of a span's scores, that is cut to a buffer",
                        subject -> aLongContextIsRight(subject, TinyNetworks::ofManyCandidates, MANY_CANDIDATES)),
                numeric(
                        "N1.threads",
                        "opened with 1, 3 and 16 threads it computes what the oracle computes",
                        "how work is divided: parts that are no equal ones, more threads than parts, buffers for each thread",
                        subject -> subject.once(() -> anyNumberOfThreadsIsRight(subject))));
    }

    private static ConformanceRule layers(String id, String title, String hint, Subject.Network network) {
        return numeric(
                id,
                title,
                hint,
                subject -> subject.models(
                        network,
                        (driver, model) -> new ModelChecks(driver)
                                .oracleAgrees(subject, new Oracle(model.spec(), model.weights()))));
    }

    private static void aLongContextIsRight(Subject subject, BiFunction<Backend, Long, RandomModel> network, int tokens)
            throws Exception {
        subject.once(() -> {
            Backend backend = subject.open();
            new LongContext(subject, backend, network.apply(backend, subject.seed()), tokens).isRight();
        });
    }

    private static void anyNumberOfThreadsIsRight(Subject subject) {
        for (int threads : THREADS) {
            try (Backend backend = subject.openWithThreads(threads)) {
                RandomModel model = Subject.supported(backend, RandomModel::withoutChoices, subject.seed());
                Driver driver = Driver.load(backend, model, subject.seed());
                int[] ids = driver.ids(PROMPT + STEPS);
                Judge judge = new Judge(new Oracle(model.spec(), model.weights()), ids, driver.tolerance());
                String with = "with " + threads + (threads == 1 ? " thread" : " threads");
                try (SequenceState state = driver.model().newState()) {
                    judge.compareClear(with + ", logits", 0, driver.piece(state, ids, 0, PROMPT));
                    for (int t = PROMPT; t < ids.length; t++) {
                        judge.compareClear(with + ", of a step, logits", t, driver.piece(state, ids, t, t + 1));
                    }
                }
                if (threads > 1) {
                    // what is too small to be divided is computed as with one thread
                    WideRules.longRows(backend, subject.seed())
                            .ifPresent(rows -> ReleasedSizes.allWaysAgree(
                                    with + ", in long rows, ",
                                    Driver.load(backend, rows, subject.seed()),
                                    rows,
                                    WideRules.TOKENS));
                }
            }
        }
    }

    private static void aLongDenseContextIsRight(Subject subject) throws Exception {
        int tokens = Math.min(subject.longTokens(), MOST_DENSE);
        if (tokens < subject.longTokens()) {
            subject.note("checked with " + tokens + " of " + subject.longTokens()
                    + " tokens: dense attention to more would take hours");
        }
        aLongContextIsRight(subject, TinyNetworks::ofDense, tokens);
    }
}
