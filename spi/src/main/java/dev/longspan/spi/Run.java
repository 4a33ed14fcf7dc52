package dev.longspan.spi;

/** One sequence's part of a {@link Batch}: token ids to append to a state. */
public final class Run {
    private final SequenceState state;
    private final int[] ids;
    private final int from;
    private final int to;
    private final int logitsFrom;

    /**
     * Makes a run over a part of an array, which is not copied and must not change until {@code forward} returns.
     *
     * @param state the state to append to
     * @param ids an array that holds the token ids
     * @param from the index of the first id
     * @param to the index behind the last id, above {@code from}
     * @param logitsFrom the index of the first id whose logits are wanted, from {@code from} to {@code to}; {@code to}: none
     */
    public Run(SequenceState state, int[] ids, int from, int to, int logitsFrom) {
        if (from < 0 || to > ids.length || from >= to) {
            throw new IllegalArgumentException("expected at least one id inside the array of " + ids.length
                    + ", found indices " + from + " to " + to);
        }
        if (logitsFrom < from || logitsFrom > to) {
            throw new IllegalArgumentException("logitsFrom: expected " + from + " to " + to + ", found " + logitsFrom);
        }
        this.state = state;
        this.ids = ids;
        this.from = from;
        this.to = to;
        this.logitsFrom = logitsFrom;
    }

    /**
     * {@return a run that asks for the logits after the last id alone}
     *
     * @param state the state to append to
     * @param ids the token ids, at least one
     */
    public static Run last(SequenceState state, int... ids) {
        return new Run(state, ids, 0, ids.length, ids.length - 1);
    }

    /** {@return the state that the ids are appended to} */
    public SequenceState state() {
        return state;
    }

    /** {@return how many ids there are, at least 1} */
    public int size() {
        return to - from;
    }

    /**
     * {@return one of the ids}
     *
     * @param index from 0 to {@code size() - 1}
     */
    public int id(int index) {
        if (index < 0 || index >= to - from) {
            throw new IndexOutOfBoundsException("id " + index + " of " + size());
        }
        return ids[from + index];
    }

    /** {@return the index, from 0 to {@code size()}, of the first id whose logits are wanted} */
    public int logitsFrom() {
        return logitsFrom - from;
    }

    /** {@return how many rows of logits are wanted} */
    public int logitsRows() {
        return to - logitsFrom;
    }
}
