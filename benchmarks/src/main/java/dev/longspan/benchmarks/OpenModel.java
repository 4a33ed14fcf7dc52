package dev.longspan.benchmarks;

import dev.longspan.backend.BackendChoice;
import dev.longspan.model.ModelFolder;
import dev.longspan.model.Weights;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.Batch;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.Logits;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import java.io.IOException;
import java.util.SplittableRandom;

/** A network on a backend, without an engine between. */
final class OpenModel implements AutoCloseable {
    /** Asks for the backend of the highest rank that {@link java.util.ServiceLoader} finds. */
    static final String BEST = "best";

    /** As many tokens as the engine reads in one step. */
    private static final int CHUNK = 2048;

    /** Ids below are special tokens. */
    private static final int FIRST_PLAIN_ID = 16;

    private final Backend backend;
    private final LanguageModel network;
    private final int chunk;

    private OpenModel(Backend backend, LanguageModel network) {
        this.backend = backend;
        this.network = network;
        this.chunk = Math.min(CHUNK, backend.capabilities().maxBatchTokens());
    }

    /**
     * {@return a loaded model}
     *
     * @param model its name, see {@link ModelFolders}
     * @param backendId a backend's id, or {@value #BEST}
     * @param threads how many threads the backend computes with
     */
    static OpenModel open(String model, String backendId, int threads) throws IOException {
        ModelFolder folder = ModelFolder.open(ModelFolders.find(model));
        BackendOptions options = BackendOptions.defaults().withThreads(threads);
        BackendChoice choice = BackendChoice.probeAll(options);
        BackendChoice.Chosen chosen = backendId.equals(BEST) ? choice.best() : choice.named(backendId);
        Backend backend = chosen.provider().open(options);
        try (Weights weights = folder.openWeights()) {
            System.out.printf("# backend %s: %s%n", backend.id(), backend.description());
            return new OpenModel(backend, backend.load(folder.config().spec(), weights, LoadProgress.NONE));
        } catch (RuntimeException | Error e) {
            backend.close();
            throw e;
        }
    }

    LanguageModel network() {
        return network;
    }

    /** {@return ids of plain tokens, the same for the same count} */
    int[] randomIds(int count) {
        SplittableRandom random = new SplittableRandom(11);
        int vocabulary = network.spec().vocabularySize();
        int[] ids = new int[count];
        for (int i = 0; i < count; i++) {
            ids[i] = random.nextInt(FIRST_PLAIN_ID, vocabulary);
        }
        return ids;
    }

    /** Appends a prompt in the engine's pieces; {@return the logits behind its last token} */
    Logits prefill(SequenceState state, int[] ids) {
        int from = 0;
        for (; ids.length - from > chunk; from += chunk) {
            forward(new Run(state, ids, from, from + chunk, from + chunk));
        }
        return forward(new Run(state, ids, from, ids.length, ids.length - 1));
    }

    /** Appends the one token of an array; {@return the logits behind it} */
    Logits step(SequenceState state, int[] id) {
        return forward(Run.last(state, id));
    }

    private Logits forward(Run run) {
        RunResult result = network.forward(Batch.of(run)).get(0);
        if (result instanceof RunResult.Failure failure) {
            throw failure.cause();
        }
        return ((RunResult.Success) result).logits();
    }

    @Override
    public void close() {
        backend.close();
    }
}
