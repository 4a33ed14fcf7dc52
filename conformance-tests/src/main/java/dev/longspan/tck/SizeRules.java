package dev.longspan.tck;

import static dev.longspan.tck.ConformanceRule.numeric;

import dev.longspan.spi.DType;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.SequenceState;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** The rules of networks whose sizes or numbers are larger than those that are drawn. */
final class SizeRules {
    private static final int REPEATED = 40;
    /** Makes scores whose exponential no float32 can hold, of either sign. */
    private static final float SCORES = 100;
    /** Makes scores that are so far below the largest that their exponential is 0 in float32. */
    private static final float FAR_APART = 50;
    /** The exponential of its negative is more than a float32 can hold. */
    private static final float CLOSED = -120;
    /** The exponential of this is less than the least normal float32. */
    private static final float OPEN = 100;
    /** Makes scores of experts that are 0 and 1 in float32. */
    private static final float DECIDED = 60;
    /** The exponential of this is more than a float32 can hold. */
    private static final float TIME_STEP = 100;
    /** Makes all ranks of experts negative, so that those of groups that are left out are not to be 0. */
    private static final float BELOW_ZERO = -2;

    private SizeRules() {}

    static List<ConformanceRule> all() {
        return List.of(
                numeric(
                        "N1.sizes",
                        "a network with the heads, states and experts of released models computes what the oracle computes",
                        "blocks and buffers that are right for small sizes only: head size 128, state 128, 64 experts; steps as well as prompts",
                        subject -> subject.once(() -> ReleasedSizes.areRight(subject))),
                numeric(
                        "N1.large",
                        "large scores, of which float32 has no exponential, compute what the oracle computes",
                        "take the largest score off before exp, in the window and in spans, too; the exponential of -200 is 0",
                        subject -> subject.models(
                                SizeRules::attention, (driver, model) -> largeScoresAreRight(driver, model))),
                numeric(
                        "N1.gates",
                        "gates that are shut or wide open compute what the oracle computes",
                        "in SiLU and in the scores of experts exp(-x) may be 0 or infinite: an exponential by bits must be clamped",
                        subject -> subject.eachOf(
                                List.of(RandomModel::mambaOnly, RandomModel::expertsOnly),
                                (driver, model) -> shutGatesAreRight(driver, model))),
                numeric(
                        "N1.ties",
                        "where scores are the same, the first expert, the first group and the oldest anchor are chosen",
                        "a search that keeps the later of two equal scores, or sorts them in no order, or takes 0 for less than any",
                        subject -> subject.eachOf(
                                List.of(SizeRules::tied, RandomModel::spansOnly),
                                (driver, model) -> tiesAreDecided(driver, model))),
                numeric(
                        "N1.steps",
                        "a large time step computes what the oracle computes",
                        "softplus(x) is x for large x; in float32 the exponential of 100 is infinite",
                        subject -> subject.models(
                                SizeRules::unclamped, (driver, model) -> largeStepsAreRight(driver, model))));
    }

    private static ModelSpec attention(Random random) {
        return random.nextBoolean() ? RandomModel.attentionOnly(random) : RandomModel.spansOnly(random);
    }

    /**
     * Sequences of one token that repeats: all keys of a layer are the same, so that a query weighs all alike, however large its
     * score is and however it is rounded.
     */
    private static void largeScoresAreRight(Driver driver, RandomModel drawn) {
        RandomModel model = scaled(driver, drawn, ".q_proj.weight", SCORES);
        Driver loaded = Driver.load(driver.backend(), model, driver.random().nextLong());
        for (int round = 0; round < 3; round++) {
            int[] ids = new int[REPEATED];
            Arrays.fill(ids, loaded.ids(1)[0]);
            agrees(loaded, model, ids, "a token that repeats, with large scores");
        }
        RandomModel sharp = scaled(driver, drawn, ".q_proj.weight", FAR_APART);
        Driver other = Driver.load(driver.backend(), sharp, driver.random().nextLong());
        agrees(other, sharp, other.ids(REPEATED), "with scores that are far apart");
    }

    /** A model whose tensors with names that end so are larger. */
    private static RandomModel scaled(Driver driver, RandomModel drawn, String name, float by) {
        RandomModel model = new RandomModel(drawn.spec(), driver.random().nextLong(), DType.F32);
        for (ModelSpec.Tensor tensor : drawn.spec().tensors()) {
            if (tensor.name().endsWith(name)) {
                model.with(tensor.name(), numbers -> {
                    for (int i = 0; i < numbers.length; i++) {
                        numbers[i] *= by;
                    }
                });
            }
        }
        return model;
    }

    private static void shutGatesAreRight(Driver driver, RandomModel drawn) {
        RandomModel model = scaled(driver, drawn, ".gate.weight", DECIDED);
        for (ModelSpec.Tensor tensor : drawn.spec().tensors()) {
            if (tensor.name().endsWith(".conv1d.bias")) {
                model.with(tensor.name(), numbers -> {
                    numbers[0] = CLOSED;
                    numbers[numbers.length / 2] = OPEN;
                    numbers[numbers.length - 1] = CLOSED;
                });
            }
        }
        Driver loaded = Driver.load(driver.backend(), model, driver.random().nextLong());
        agrees(loaded, model, loaded.ids(REPEATED), "with gates that are shut");
    }

    /** Experts of which some are left out, in one group and in several. */
    private static ModelSpec tied(Random random) {
        ModelSpec drawn = RandomModel.expertsOnly(random);
        return new ModelSpec(
                drawn.modelType(),
                drawn.vocabularySize(),
                drawn.hiddenSize(),
                drawn.normEpsilon(),
                drawn.tiedEmbeddings(),
                List.of(
                        new LayerSpec.Experts(6, 1 + random.nextInt(4), 8, 8, 1, 1, true, 1),
                        new LayerSpec.Experts(8, 2, 8, 0, 4, 1 + random.nextInt(3), true, 1)));
    }

    /** All experts of a layer have zeros in its router, and all keys are zero: scores are the same in any arithmetic. */
    private static void tiesAreDecided(Driver driver, RandomModel drawn) {
        RandomModel model = new RandomModel(drawn.spec(), driver.random().nextLong(), DType.F32);
        for (ModelSpec.Tensor tensor : drawn.spec().tensors()) {
            if (tensor.name().endsWith(".k_proj.weight")) {
                model.with(tensor.name(), numbers -> Arrays.fill(numbers, 0));
            } else if (tensor.name().endsWith(".e_score_correction_bias")) {
                model.with(tensor.name(), numbers -> Arrays.fill(numbers, BELOW_ZERO));
            } else if (tensor.name().endsWith(".gate.weight")) {
                model.with(
                        tensor.name(),
                        numbers -> Arrays.fill(numbers, 0)); // any other sum may depend on where its row lies
            }
        }
        Driver loaded = Driver.load(driver.backend(), model, driver.random().nextLong());
        int[] ids = loaded.ids(REPEATED);
        Tolerance strict = loaded.tolerance().withoutGap();
        try (SequenceState state = loaded.model().newState()) {
            new Judge(new Oracle(model.spec(), model.weights()), ids, strict)
                    .compare("with equal scores, logits", loaded.feed(state, ids));
        }
    }

    private static ModelSpec unclamped(Random random) {
        ModelSpec drawn = RandomModel.mambaOnly(random);
        List<LayerSpec> layers =
                drawn.layers().stream().map(SizeRules::unclamped).toList();
        return new ModelSpec(
                drawn.modelType(),
                drawn.vocabularySize(),
                drawn.hiddenSize(),
                drawn.normEpsilon(),
                drawn.tiedEmbeddings(),
                layers);
    }

    private static LayerSpec unclamped(LayerSpec layer) {
        return layer instanceof LayerSpec.Mamba m
                ? new LayerSpec.Mamba(
                        m.heads(),
                        m.headSize(),
                        m.groups(),
                        m.stateSize(),
                        m.convolutionWidth(),
                        m.minTimeStep(),
                        Double.POSITIVE_INFINITY)
                : layer;
    }

    private static void largeStepsAreRight(Driver driver, RandomModel drawn) {
        RandomModel model = new RandomModel(drawn.spec(), driver.random().nextLong(), DType.F32);
        for (ModelSpec.Tensor tensor : drawn.spec().tensors()) {
            if (tensor.name().endsWith(".dt_bias")) {
                model.with(tensor.name(), numbers -> numbers[numbers.length - 1] = TIME_STEP);
            }
        }
        Driver loaded = Driver.load(driver.backend(), model, driver.random().nextLong());
        agrees(loaded, model, loaded.ids(REPEATED), "with a large time step");
    }

    private static void agrees(Driver driver, RandomModel model, int[] ids, String what) {
        Judge judge = new Judge(new Oracle(model.spec(), model.weights()), ids, driver.tolerance());
        try (SequenceState state = driver.model().newState()) {
            judge.compare(what + ", logits", driver.feed(state, ids));
        }
    }
}
