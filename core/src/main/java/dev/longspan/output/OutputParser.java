package dev.longspan.output;

/**
 * Splits a model's text into thinking and answer, however it is cut into pieces.
 *
 * <p>{@code <think>…</think>} is thinking. Text is held back only as long as it could still become a tag.
 */
public final class OutputParser {
    private static final String OPEN = "<think>";
    private static final String CLOSE = "</think>";

    private final DeltaSink sink;
    private final StringBuilder held = new StringBuilder();
    private boolean thinking;

    /**
     * Makes a parser.
     *
     * @param thinking whether the prompt has opened a thinking block that the output goes on with
     * @param sink takes the pieces
     */
    public OutputParser(boolean thinking, DeltaSink sink) {
        this.thinking = thinking;
        this.sink = sink;
    }

    /** {@return whether the output is inside a thinking block} */
    public boolean isThinking() {
        return thinking;
    }

    /** Takes the next piece of the model's text: whole characters. */
    public void accept(String piece) {
        held.append(piece);
        int from = 0;
        while (true) {
            String tag = thinking ? CLOSE : OPEN;
            int at = held.indexOf(tag, from);
            if (at < 0) {
                break;
            }
            emit(from, at);
            thinking = !thinking;
            from = at + tag.length();
        }
        int keep = partial(thinking ? CLOSE : OPEN, from);
        emit(from, held.length() - keep);
        held.delete(0, held.length() - keep);
    }

    /** Ends the output: what was held back is text after all. */
    public void finish() {
        emit(0, held.length());
        held.setLength(0);
    }

    /** {@return the length of the longest end of what is held, from an index on, that begins the tag} */
    private int partial(String tag, int from) {
        int most = Math.min(tag.length() - 1, held.length() - from);
        for (int length = most; length > 0; length--) {
            if (endBegins(tag, length)) {
                return length;
            }
        }
        return 0;
    }

    private boolean endBegins(String tag, int length) {
        int start = held.length() - length;
        for (int i = 0; i < length; i++) {
            if (held.charAt(start + i) != tag.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private void emit(int from, int to) {
        if (from == to) {
            return;
        }
        if (thinking) {
            sink.thinking(held.substring(from, to));
        } else {
            sink.text(held.substring(from, to));
        }
    }
}
