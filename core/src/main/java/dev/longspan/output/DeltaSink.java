package dev.longspan.output;

/** Takes the parsed output of a model piece by piece. */
public interface DeltaSink {
    /** Takes a piece of thinking, never empty. */
    void thinking(String piece);

    /** Takes a piece of the answer, never empty. */
    void text(String piece);
}
