package dev.longspan.engine;

import dev.longspan.model.ModelFolder;
import dev.longspan.model.Weights;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendException;
import dev.longspan.spi.BackendMemoryException;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.MemoryPlan;
import dev.longspan.spi.MemorySize;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.PlanOptions;
import dev.longspan.spi.Support;

/** Has a backend load a model, after it has been asked whether it can and what that takes. */
public final class NetworkLoader {
    private NetworkLoader() {}

    /**
     * {@return what a backend plans to use for a network}
     *
     * @throws BackendException if the backend cannot run the network
     */
    public static MemoryPlan plan(ModelSpec spec, Backend backend, PlanOptions work) {
        if (backend.supports(spec) instanceof Support.Unsupported no) {
            throw new BackendException(
                    "backend '" + backend.id() + "' cannot run this model: " + no.item() + ": " + no.reason());
        }
        return backend.plan(spec, work);
    }

    /**
     * Loads a model.
     *
     * @param plan what the backend plans to use
     * @throws dev.longspan.spi.ModelLoadException if the weights are at fault
     * @throws BackendMemoryException if there is not enough memory for the weights and the work
     */
    public static LanguageModel load(ModelFolder folder, Backend backend, MemoryPlan plan, LoadProgress progress) {
        try (Weights weights = folder.openWeights()) {
            admit(backend, plan);
            return backend.load(folder.config().spec(), weights, progress);
        }
    }

    /** Refuses before anything is read what cannot fit: the weights, the workspace and one empty sequence. */
    private static void admit(Backend backend, MemoryPlan plan) {
        MemorySize needed = plan.weights().plus(plan.workspace()).plus(plan.perSequence());
        MemorySize used = backend.memory().used();
        MemorySize limit = backend.memory().limit();
        if (needed.deviceBytes() > limit.deviceBytes() - used.deviceBytes()) {
            throw new BackendMemoryException(
                    "the model on " + backend.device().name() + ", which has " + limit.deviceBytes() + " bytes",
                    needed.deviceBytes(),
                    null);
        }
        if (needed.hostBytes() > limit.hostBytes() - used.hostBytes()) {
            throw new BackendMemoryException(
                    "the model in this process, which has " + limit.hostBytes()
                            + " bytes (with Java's -Xmx it can have more)",
                    needed.hostBytes(),
                    null);
        }
    }
}
