package dev.longspan.engine;

import dev.longspan.spi.Run;
import dev.longspan.spi.SequenceState;

/** A state, and the ids it is to read next, up to the marks where a checkpoint of it is wanted. */
final class Feed {
    private static final int[] NONE = {};

    private final SequenceState state;
    private int[] ids = NONE;
    private int size;
    private int done;
    private int[] marks = NONE;
    private int nextMark;

    Feed(SequenceState state) {
        this.state = state;
    }

    SequenceState state() {
        return state;
    }

    /**
     * Sets what is read next.
     *
     * @param array holds the ids from its beginning on
     * @param from the first that is read
     * @param to behind the last
     * @param positions indices in the array, ascending, at which checkpoints are wanted
     */
    void set(int[] array, int from, int to, int[] positions) {
        ids = array;
        done = from;
        size = to;
        marks = positions;
        nextMark = 0;
        while (nextMark < marks.length && marks[nextMark] <= from) {
            nextMark++;
        }
    }

    int left() {
        return size - done;
    }

    int done() {
        return done;
    }

    int size() {
        return size;
    }

    /**
     * {@return the next ids as a run}
     *
     * @param most how many at most
     * @param wantsLogits whether the last part asks for logits
     */
    Run run(int most, boolean wantsLogits) {
        int to = Math.min(size, done + most);
        if (nextMark < marks.length) {
            to = Math.min(to, marks[nextMark]);
        }
        return new Run(state, ids, done, to, wantsLogits && to == size ? to - 1 : to);
    }

    /** {@return whether a checkpoint is wanted where it stands now} */
    boolean advance(int tokens) {
        done += tokens;
        if (nextMark < marks.length && marks[nextMark] == done) {
            nextMark++;
            return true;
        }
        return false;
    }
}
