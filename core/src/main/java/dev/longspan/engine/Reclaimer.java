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
        /** There may be something to free once turns of sessions that wait have had their time. */
        AFTER_OTHERS,
        /** There is nothing that could be freed. */
        NOTHING
    }

    /** Frees some memory. Called on the engine's thread, so it must not wait. */
    Result free();

    /** The engine has ended: nothing is freed any more. */
    default void end() {}

    /** Does what other threads have asked for. Called on the engine's thread whenever it was woken. */
    default void serve() {}
}
