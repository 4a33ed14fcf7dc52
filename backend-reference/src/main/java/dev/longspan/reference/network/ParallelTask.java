package dev.longspan.reference.network;

/** Work in independent parts, each computing outputs of its own. */
@FunctionalInterface
interface ParallelTask {
    /**
     * Computes one part.
     *
     * @param part the part's index
     * @param worker the index of the computing thread, below {@link Team#size}, for scratch memory
     */
    void compute(int part, int worker);
}
