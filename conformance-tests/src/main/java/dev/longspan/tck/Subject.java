package dev.longspan.tck;

import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.BackendProvider;
import dev.longspan.spi.BackendUnavailableException;
import dev.longspan.spi.Feature;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.Support;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The backend as one rule sees it: what it opens is closed when the rule ends. */
final class Subject implements AutoCloseable {
    private static final int DRAWS = 400;
    /** The first draws are of all kinds of layers; the others are for backends that do not know all. */
    private static final int WHOLE_DRAWS = 10;

    private final BackendProvider provider;
    private final ConformanceKit.Settings settings;
    private final Reproduction reproduction;
    private final List<String> notes;
    private final List<Backend> opened = new ArrayList<>();

    Subject(BackendProvider provider, ConformanceKit.Settings settings, Reproduction reproduction, List<String> notes) {
        this.provider = provider;
        this.settings = settings;
        this.reproduction = reproduction;
        this.notes = notes;
    }

    /** Tells what a rule leaves out though it passes. */
    void note(String words) {
        if (!notes.contains(words)) {
            notes.add(words);
        }
    }

    /**
     * Tells where choices were too close to call for much to be compared; a network in which nothing was compared was not checked.
     *
     * @param compared how many positions of the sequence in which most could be compared
     * @param length how many it has
     */
    void tellCompared(int compared, int length) {
        if (compared < length / 2) {
            note("of some sequences less than half was compared: choices in them are too close to call");
        }
        if (compared == 0) {
            throw new NotApplicable("nothing could be compared: all choices are too close to call");
        }
    }

    /** What decides everything that is drawn. */
    long seed() {
        return settings.seed();
    }

    BackendProvider provider() {
        return provider;
    }

    BackendOptions options() {
        return settings.options();
    }

    /** How long the rule may take. */
    Duration timeout() {
        return settings.timeout();
    }

    int longTokens() {
        return settings.longTokens();
    }

    /** Another backend, with which checkpoints are exchanged. */
    BackendProvider other() {
        return settings.other().orElseThrow(() -> new NotApplicable("no second backend was given"));
    }

    /** Whether it was told how the backend's memory is limited. */
    boolean limitsMemory() {
        return memorySetting().isPresent();
    }

    /** The setting that limits the backend's memory; empty if it was not told. */
    Optional<String> memorySetting() {
        return settings.memorySetting();
    }

    /** The backend with so much memory, which may be too little for it to be opened at all. */
    Backend openWithMemory(long bytes) {
        String name = settings.memorySetting()
                .orElseThrow(() -> new NotApplicable("no setting that limits the backend's memory was given"));
        Map<String, String> changed = new TreeMap<>(options().settings());
        changed.put(name, Long.toString(bytes));
        try {
            return open(new BackendOptions(options().threads(), options().device(), changed));
        } catch (BackendUnavailableException e) {
            throw new NotApplicable("with " + bytes + " bytes of memory it cannot be opened: " + e.getMessage());
        }
    }

    Backend open() {
        return open(options());
    }

    /** The backend as it is told to be opened, but with another number of threads. */
    Backend openWithThreads(int count) {
        return open(options().withThreads(count));
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
                alone(seed, () -> each.check(seed));
                checked++;
            } catch (NotApplicable e) {
                skipped = e; // another network may be of the kind that the rule is about
            }
        }
        if (skipped != null && checked == 0) {
            throw skipped;
        }
    }

    /** What is checked once, whatever is drawn. */
    interface Once {
        void check() throws Exception;
    }

    /** Checks something once; a fault tells how to run it alone. */
    void once(Once check) throws Exception {
        alone(settings.seed(), check);
    }

    private void alone(long seed, Once check) throws Exception {
        reproduction.begin(seed);
        try {
            check.check();
        } catch (NotApplicable e) {
            reproduction.end(); // of a fault it stays, to be told
            throw e;
        }
        reproduction.end();
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

    /** Draws models of each of some kinds. */
    void eachOf(List<Network> networks, ModelCase each) throws Exception {
        cases(seed -> {
            NotApplicable skipped = null;
            int checked = 0;
            for (Network network : networks) {
                try (Backend backend = open()) {
                    RandomModel model = supported(backend, network, seed);
                    each.check(Driver.load(backend, model, seed), model);
                    checked++;
                } catch (NotApplicable e) {
                    skipped = e;
                }
            }
            if (skipped != null && checked == 0) {
                throw skipped;
            }
        });
    }

    /** Why a rule of states is not checked, where there is nothing to check. */
    static final String NO_STATE = "it supports no layer that has a state";

    /** Draws models that have a state: attention or Mamba. */
    void states(ModelCase each) throws Exception {
        models((driver, model) -> {
            requireState(driver.backend(), model.spec());
            each.check(driver, model);
        });
    }

    /** Requires that a network has a state, of all that were tried with a backend. */
    static void requireState(Backend backend, ModelSpec network) {
        if (!hasState(network)) {
            boolean any = RandomModel.anyState(spec -> backend.supports(spec) instanceof Support.Supported);
            throw new NotApplicable(any ? "it supports none of " + DRAWS + " networks that have a state" : NO_STATE);
        }
    }

    static boolean hasState(ModelSpec spec) {
        return spec.layers().stream()
                .anyMatch(layer -> layer instanceof LayerSpec.Attention || layer instanceof LayerSpec.Mamba);
    }

    /**
     * A random model that a backend can run, with a state if there is such: as it is drawn, with usual sizes, or with fewer of its
     * kinds of layers.
     */
    static RandomModel supported(Backend backend, Network network, long seed) {
        RandomModel found = drawn(backend, network, seed, Subject::hasState);
        found = found == null ? drawn(backend, network, seed, spec -> true) : found;
        if (found == null) {
            throw new NotApplicable("it supports none of " + DRAWS + " networks of this kind");
        }
        return found;
    }

    private static @Nullable RandomModel drawn(
            Backend backend, Network network, long seed, Predicate<ModelSpec> wanted) {
        int usual = RandomModel.USUAL.size();
        for (int i = 0; i < DRAWS; i++) {
            boolean whole = i < WHOLE_DRAWS + usual;
            int sizes = i < WHOLE_DRAWS ? -1 : (i - WHOLE_DRAWS) % (usual + (whole ? 0 : 1)) - (whole ? 0 : 1);
            RandomModel model = RandomModel.drawn(
                    random -> {
                        ModelSpec drawn = network.draw(random);
                        ModelSpec some = whole ? drawn : RandomModel.without(drawn, random);
                        return sizes < 0 ? some : RandomModel.rounded(some, RandomModel.USUAL.get(sizes));
                    },
                    spec -> wanted.test(spec) && backend.supports(spec) instanceof Support.Supported,
                    seed + 7919L * i);
            if (model != null) {
                return model;
            }
        }
        return null;
    }

    @Override
    public void close() {
        for (Backend each : opened) {
            each.close();
        }
    }
}
