package dev.longspan.tck;

import static dev.longspan.tck.ConformanceRule.numeric;
import static dev.longspan.tck.Driver.require;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.Backend;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.DType;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.SequenceState;
import dev.longspan.spi.SpanAttention;
import dev.longspan.spi.Support;
import java.util.Arrays;
import java.util.List;

/** The rules that compare whole networks with the oracle. */
final class NumericRules {
    private static final int STEPS = 5;
    private static final int MOST_DENSE = 2500;
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
                        "dense attention to a few thousand tokens computes what the oracle computes, back and on included",
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

    /** A layer with a recurrent state, then one with spans, as small as can be. */
    private static ModelSpec longSpec() {
        return new ModelSpec(
                "long",
                40,
                12,
                1e-5,
                false,
                List.of(
                        new LayerSpec.Mamba(2, 4, 1, 4, 4, 0, Double.POSITIVE_INFINITY),
                        new LayerSpec.Attention(
                                new AttentionHeads(2, 1, 8), new SpanAttention(20, 3, 3, 1, 0.55, 0.55, 1))));
    }

    /** The same with dense attention, or without the recurrent state: what is known to fewer backends comes first. */
    private static List<ModelSpec> denseSpecs() {
        LayerSpec dense = new LayerSpec.Attention(new AttentionHeads(2, 1, 8), null);
        LayerSpec mlp = new LayerSpec.Mlp(16);
        return List.of(
                new ModelSpec(
                        "long dense",
                        40,
                        12,
                        1e-5,
                        false,
                        List.of(longSpec().layers().get(0), mlp, dense)),
                new ModelSpec("long dense", 40, 12, 1e-5, false, List.of(mlp, dense)),
                new ModelSpec("long dense", 40, 12, 1e-5, false, List.of(dense, dense)));
    }

    private static void aLongContextIsRight(Subject subject) {
        isRight(subject, List.of(longSpec()), subject.longTokens());
    }

    private static void aLongDenseContextIsRight(Subject subject) {
        isRight(subject, denseSpecs(), Math.min(subject.longTokens(), MOST_DENSE));
    }

    private static void isRight(Subject subject, List<ModelSpec> specs, int tokens) {
        Backend backend = subject.open();
        ModelSpec spec = specs.stream()
                .filter(each -> backend.supports(each) instanceof Support.Supported)
                .findFirst()
                .orElseThrow(() -> new NotApplicable("it does not support the networks of this rule"));
        RandomModel model = new RandomModel(spec, 4, DType.F32);
        Driver driver = Driver.load(backend, model, 4);
        int[] ids = driver.ids(tokens);
        int[] end = Driver.tail(ids, tokens - STEPS);
        OracleResult want = new Oracle(spec, model.weights()).computeLast(ids, STEPS);
        int early = tokens - tokens / 3;
        try (SequenceState state = driver.model().newState()) {
            driver.absorb(state, Driver.first(ids, early), 512);
            try (Checkpoint checkpoint = state.checkpoint()) {
                driver.absorb(state, Arrays.copyOfRange(ids, early, tokens - STEPS), 777);
                try (Checkpoint almost = state.checkpoint()) {
                    agrees(driver, "at the end of " + tokens + " tokens", want, driver.feed(state, end));
                    transfers(driver, almost, want, end);
                }
                try (SequenceState again = driver.model().newState(checkpoint)) {
                    driver.absorb(again, Arrays.copyOfRange(ids, early, tokens - STEPS), 333);
                    agrees(driver, "back at " + early + " and on again", want, driver.feed(again, end));
                }
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
