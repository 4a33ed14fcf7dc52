package dev.longspan.spi;

/** Is told how far the loading of a model has come. */
@FunctionalInterface
public interface LoadProgress {
    /** Tells nobody. */
    LoadProgress NONE = (done, total) -> {};

    /**
     * Is called as weights are read, at least once at the end.
     *
     * @param doneBytes how many bytes of weights have been read
     * @param totalBytes how many there are in all: the sizes of the network's tensors, as the {@link WeightSource} tells them
     */
    void loaded(long doneBytes, long totalBytes);
}
