package dev.longspan.output;

/** Takes the parsed output of a model piece by piece. */
public interface DeltaSink {
    /** Takes a piece of thinking, never empty. */
    void thinking(String piece);

    /** Takes a piece of the answer, never empty. */
    void text(String piece);

    /**
     * Takes a piece of a call that is being written; nothing of it is certain.
     *
     * @param index which call of the answer, from 0
     * @param name the tool's name
     * @param piece the next piece as the model writes it, maybe empty
     */
    void callDelta(int index, String name, String piece);

    /**
     * Takes a whole call.
     *
     * @param index which call of the answer, from 0
     * @param name the tool's name
     * @param arguments the arguments, a JSON object as text
     */
    void call(int index, String name, String arguments);
}
