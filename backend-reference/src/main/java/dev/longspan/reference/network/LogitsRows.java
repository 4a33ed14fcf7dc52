package dev.longspan.reference.network;

import dev.longspan.reference.memory.ArrayBytes;
import dev.longspan.reference.memory.MemoryLedger;
import java.util.Arrays;

/** The rows of logits of the last batch, and the best id of each. */
public final class LogitsRows {
    private final int vocabulary;
    private final MemoryLedger ledger;
    private float[][] rows = {};
    private int[] best = {};

    LogitsRows(int vocabulary, MemoryLedger ledger) {
        this.vocabulary = vocabulary;
        this.ledger = ledger;
    }

    static long bytes(long rows, long vocabulary) {
        return ArrayBytes.of(rows, vocabulary) + ArrayBytes.of(rows);
    }

    /** Makes room for a batch's rows. */
    void reserve(int count) {
        if (count > rows.length) {
            int before = rows.length;
            float[][] more = Arrays.copyOf(rows, count);
            for (int i = before; i < count; i++) {
                more[i] = new float[vocabulary];
            }
            best = new int[count];
            rows = more;
            ledger.changeWorkspace(bytes(count, vocabulary) - (before == 0 ? 0 : bytes(before, vocabulary)));
        }
    }

    /**
     * {@return a row, not a copy}
     *
     * @param index its index in the batch
     */
    public float[] row(int index) {
        return rows[index];
    }

    /**
     * {@return the best id of a row}
     *
     * @param index its index in the batch
     */
    public int best(int index) {
        return best[index];
    }

    void setBest(int index, int id) {
        best[index] = id;
    }

    void release() {
        if (rows.length > 0) {
            ledger.changeWorkspace(-bytes(rows.length, vocabulary));
            rows = new float[0][];
            best = new int[0];
        }
    }
}
