package dev.longspan.tck;

import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.BackendProvider;
import dev.longspan.spi.Feature;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.Support;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** The backend as one rule sees it: what it opens is closed when the rule ends. */
final class Subject implements AutoCloseable {
    private static final int DRAWS = 200;
    /** The first draws are of all kinds of layers; the others are for backends that do not know all. */
    private static final int WHOLE_DRAWS = 10;

    private final BackendProvider provider;
    private final ConformanceKit.Settings settings;
    private final ConformanceRule rule;
    private final List<Backend> opened = new ArrayList<>();

    Subject(BackendProvider provider, ConformanceKit.Settings settings, ConformanceRule rule) {
        this.provider = provider;
        this.settings = settings;
        this.rule = rule;
    }

    BackendProvider provider() {
        return provider;
    }

    BackendOptions options() {
        return settings.options();
    }

    int longTokens() {
        return settings.longTokens();
    }

    /** Another backend, with which checkpoints are exchanged. */
    BackendProvider other() {
        return settings.other().orElseThrow(() -> new NotApplicable("no second backend was given"));
    }

    /** The backend with so much memory. */
    Backend openWithMemory(long bytes) {
        String name = settings.memorySetting()
                .orElseThrow(() -> new NotApplicable("no setting that limits the backend's memory was given"));
        Map<String, String> changed = new TreeMap<>(options().settings());
        changed.put(name, Long.toString(bytes));
        return open(new BackendOptions(options().threads(), options().device(), changed));
    }

    Backend open() {
        return open(options());
    }

    private Backend open(BackendOptions with) {
        Backend backend = provider.open(with);
        opened.add(backend);
        return backend;
    }

    /** A check of one case. */
    interface Case {
        void check(long seed) throws Exception;
    }

    /** Draws cases; the first that fails tells its seed, and how to run it alone. */
    void cases(Case each) throws Exception {
        NotApplicable skipped = null;
        int checked = 0;
        for (int i = 0; i < settings.tries(); i++) {
            long seed = settings.seed() + i;
            try {
                each.check(seed);
                checked++;
            } catch (NotApplicable e) {
                skipped = e; // another network may be of the kind that the rule is about
            } catch (Exception | AssertionError | LinkageError | StackOverflowError e) {
                throw new AssertionError(
                        RuleOutcome.words(e) + " [again: -D" + BackendConformance.RULE + "=" + rule.id() + " -D"
                                + BackendConformance.SEED + "=" + seed + " -D" + BackendConformance.TRIES
                                + "=1, or --rule "
                                + rule.id() + " --seed " + seed + " --tries 1]",
                        e);
            }
        }
        if (skipped != null && checked == 0) {
            throw skipped;
        }
    }

    /** A backend with a random model that it supports. */
    interface ModelCase {
        void check(Driver driver, RandomModel model) throws Exception;
    }

    /**
     * Draws models of all kinds of layers, each loaded into a backend of its own. Where splits and batches may change the last
     * bits they may turn a choice of anchors or experts, which shows: then nothing is left to choose.
     */
    void models(ModelCase each) throws Exception {
        boolean exact;
        try (Backend backend = open()) {
            exact = backend.capabilities().has(Feature.BATCH_EXACT);
        }
        models(exact ? RandomModel::spec : RandomModel::withoutChoices, each);
    }

    /** How a network is drawn. */
    interface Network {
        ModelSpec draw(Random random);
    }

    /** Draws models of some kind. */
    void models(Network network, ModelCase each) throws Exception {
        cases(seed -> {
            try (Backend backend = open()) {
                RandomModel model = supported(backend, network, seed);
                each.check(Driver.load(backend, model, seed), model);
            }
        });
    }

    /** A random model that a backend can run: as it is drawn, with fewer of its kinds of layers, or with round sizes. */
    static RandomModel supported(Backend backend, Network network, long seed) {
        for (int i = 0; i < DRAWS; i++) {
            boolean whole = i < WHOLE_DRAWS;
            boolean round = i >= WHOLE_DRAWS && i % 2 == 1;
            RandomModel model = RandomModel.drawn(
                    random -> {
                        ModelSpec drawn = network.draw(random);
                        ModelSpec some = whole ? drawn : RandomModel.without(drawn, random);
                        return round ? RandomModel.rounded(some) : some;
                    },
                    spec -> backend.supports(spec) instanceof Support.Supported,
                    seed + 7919L * i);
            if (model != null) {
                return model;
            }
        }
        throw new NotApplicable("it supports none of " + DRAWS + " networks of this kind");
    }

    @Override
    public void close() {
        for (Backend each : opened) {
            each.close();
        }
    }
}
