package dev.longspan.spi;

/** What became of one run of a batch. */
public sealed interface RunResult {
    /**
     * The ids were appended.
     *
     * @param logits the rows that were asked for; none if none were
     */
    record Success(Logits logits) implements RunResult {}

    /**
     * This run failed, and its state can only be closed (rules B3 and B4).
     *
     * @param cause what went wrong
     */
    record Failure(BackendException cause) implements RunResult {}
}
