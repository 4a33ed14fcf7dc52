package dev.longspan.spi;

/**
 * An open backend on one device.
 *
 * <p>All methods may be called from any thread. Closing a backend closes its models first, and with them their states
 * and checkpoints (rule Z1).
 */
public interface Backend extends AutoCloseable {
    /** {@return the {@linkplain BackendProvider#id id} of the provider that opened it} */
    String id();

    /** {@return the device it computes on: of those the probe lists, the one that was asked for, if one was (rule P3)} */
    Device device();

    /** {@return a sentence that says how it computes, for people: instruction set, threads, what would be faster} */
    String description();

    /** {@return what it holds at this moment} */
    MemoryUse memory();

    /** {@return what it can do; the same for as long as it is open} */
    Capabilities capabilities();

    /**
     * Finds out whether it can run a network. Reads no weights (rule M1).
     *
     * @param spec the network
     * @return supported, or the item that is not
     */
    Support supports(ModelSpec spec);

    /**
     * Computes what a model will use, as an upper bound (rule M2). Reads no weights (rule M1).
     *
     * @param spec a network that it {@linkplain #supports supports}
     * @param options the largest work that will be asked for
     * @return the bound
     * @throws IllegalArgumentException if the network is not supported
     */
    MemoryPlan plan(ModelSpec spec, PlanOptions options);

    /**
     * Loads a model.
     *
     * @param spec a network that it {@linkplain #supports supports}
     * @param weights the tensors that {@link ModelSpec#tensors} lists, each in F32, BF16 or F16
     * @param progress is told how many bytes have been read, from the calling thread
     * @return the model, to be closed by the caller
     * @throws ModelLoadException if a tensor is missing or has the wrong shape (rule M3)
     * @throws BackendMemoryException if there is not enough memory
     * @throws IllegalArgumentException if the network is not supported
     */
    LanguageModel load(ModelSpec spec, WeightSource weights, LoadProgress progress);

    /**
     * {@return the functions of superlinear attention one by one}
     *
     * @throws UnsupportedFeatureException without {@link Feature#ATTENTION_KERNELS} (rule C1)
     */
    AttentionKernels attention();

    /** Closes the backend, its models and all that belongs to them, and joins its threads (rules P4 and Z1). */
    @Override
    void close();
}
