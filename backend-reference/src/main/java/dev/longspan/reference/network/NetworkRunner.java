package dev.longspan.reference.network;

import dev.longspan.reference.kernel.Elementwise;
import dev.longspan.reference.kernel.Kernels;
import dev.longspan.reference.memory.MemoryLedger;
import dev.longspan.spi.ModelSpec;

/** Takes passes through a network. One thread at a time, which holds the team's lock. */
public final class NetworkRunner implements ParallelTask {
    private static final int ROWS_PER_PART = 8;

    private final Network network;
    private final Workspace space;
    private final LogitsRows logits;
    private final int hiddenSize;
    private int layer;
    private int rows;

    /**
     * Makes a runner with a small workspace.
     *
     * @param spec the network
     * @param network its weights
     * @param kernels the loops
     * @param team the threads
     * @param ledger where the workspace is booked
     */
    public NetworkRunner(ModelSpec spec, Network network, Kernels kernels, Team team, MemoryLedger ledger) {
        this.network = network;
        WorkspaceSizes sizes = new WorkspaceSizes(spec);
        space = new Workspace(sizes, kernels, team, ledger);
        logits = new LogitsRows(spec.vocabularySize(), ledger);
        hiddenSize = spec.hiddenSize();
    }

    /**
     * {@return an upper bound of the workspace}
     *
     * @param spec the network
     * @param workers how many threads compute
     * @param batchTokens the most tokens of a batch
     * @param contextTokens the longest sequence
     */
    public static long workspaceBytes(ModelSpec spec, int workers, int batchTokens, int contextTokens, int logitsRows) {
        return new WorkspaceSizes(spec).bytes(workers, batchTokens, contextTokens, logitsRows);
    }

    /**
     * Makes room for a batch, so that nothing is allocated once it has begun.
     *
     * @param passRows the most rows of one of its passes
     * @param longest the length of its longest sequence at its end
     * @param logitsRows how many rows of logits it asks for
     */
    public void reserve(int passRows, int longest, int logitsRows) {
        space.reserve(passRows, longest);
        logits.reserve(logitsRows);
    }

    /** {@return the logits of the last batch} */
    public LogitsRows logits() {
        return logits;
    }

    /**
     * Computes a pass; the sequences have grown by its rows when it returns.
     *
     * @param pass the rows
     */
    public void run(Pass pass) {
        rows = pass.rows();
        for (int r = 0; r < rows; r++) {
            network.embed(pass.id(r), space.hidden[r]);
        }
        for (layer = 0; layer <= network.layers(); layer++) {
            space.team.compute(this, (rows + ROWS_PER_PART - 1) / ROWS_PER_PART);
            if (layer < network.layers()) {
                network.mixer(layer).mix(pass, space);
            }
        }
        pass.advance();
    }

    /** Adds the last layer's output to some rows and takes the norm before the next. */
    @Override
    public void compute(int part, int worker) {
        RmsNorm norm = network.norm(layer);
        int end = Math.min(rows, (part + 1) * ROWS_PER_PART);
        for (int r = part * ROWS_PER_PART; r < end; r++) {
            if (layer > 0) {
                Elementwise.add(space.hidden[r], space.mixed[r], hiddenSize);
            }
            norm.apply(space.hidden[r], space.normed[r]);
        }
    }

    /**
     * Chooses a row of the last pass for {@link #head}.
     *
     * @param choice how many have been chosen before in this pass
     * @param row the row
     * @param target where in the batch's logits it goes
     */
    public void choose(int choice, int row, int target) {
        space.headInput[choice] = space.normed[row];
        space.headOutput[choice] = logits.row(target);
    }

    /**
     * Computes the logits of the rows chosen.
     *
     * @param choices how many
     */
    public void head(int choices) {
        if (choices > 0) {
            space.products
                    .add(space.headInput, space.headOutput, 0, choices, network.head())
                    .compute();
        }
    }

    /**
     * {@return whether a row of logits is finite; its best id is then known}
     *
     * @param index the row's index in the batch
     */
    public boolean check(int index) {
        float[] row = logits.row(index);
        logits.setBest(index, Elementwise.argMax(row, row.length));
        return Elementwise.allFinite(row, row.length);
    }

    /** Gives the workspace back. */
    public void release() {
        space.release();
        logits.release();
    }
}
