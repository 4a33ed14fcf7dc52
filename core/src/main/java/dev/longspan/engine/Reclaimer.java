package dev.longspan.engine;

/** Frees memory that can be done without: cached prefixes, then sessions that are idle. */
public interface Reclaimer {
    /** Has nothing to free. */
    Reclaimer NONE = () -> Result.NOTHING;

    /** What came of it. */
    enum Result {
        /** Some memory was freed. */
        FREED,
        /** Some memory will be freed soon; the engine is woken then. */
        LATER,
        /** There is nothing that could be freed. */
        NOTHING
    }

    /** Frees some memory. Called on the engine's thread, so it must not wait. */
    Result free();
}
