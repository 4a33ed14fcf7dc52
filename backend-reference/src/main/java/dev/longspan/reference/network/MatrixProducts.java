package dev.longspan.reference.network;

import dev.longspan.reference.kernel.Elementwise;
import dev.longspan.reference.kernel.Kernels;
import java.util.Arrays;

/**
 * Matrix products that are computed together, cut into tiles of rows and columns for the team.
 *
 * <p>Add the products, then {@link #compute} them. The object is used again and again and allocates nothing once it is
 * large enough.
 */
final class MatrixProducts implements ParallelTask {
    private static final int TILE_COLUMNS = 512;
    private static final int TILE_ROWS = 64;
    private static final int MIN_COLUMNS = 64;
    /** Below this many products a part is not worth another thread. */
    private static final long MIN_WORK = 24_000;

    private final Kernels kernels;
    private final Team team;
    private Job[] jobs = new Job[0];
    /** The number of tiles of all jobs before each. */
    private int[] tilesBefore = new int[1];

    private int count;

    MatrixProducts(Kernels kernels, Team team) {
        this.kernels = kernels;
        this.team = team;
    }

    private static final class Job {
        private float[][] x = {};
        private float[][] y = {};
        private int firstRow;
        private int lastRow;
        private float[][] w = {};
        private int outputs;
        private int columns;
        private int tilesAcross;
        private boolean reluSquared;
    }

    /** Adds {@code y[r] = w · x[r]} for the rows from {@code firstRow} to {@code lastRow - 1}. */
    MatrixProducts add(float[][] x, float[][] y, int firstRow, int lastRow, Matrix w) {
        return add(x, y, firstRow, lastRow, w, false);
    }

    /** The same, through the squared rectifier. */
    MatrixProducts addReluSquared(float[][] x, float[][] y, int firstRow, int lastRow, Matrix w) {
        return add(x, y, firstRow, lastRow, w, true);
    }

    private MatrixProducts add(float[][] x, float[][] y, int firstRow, int lastRow, Matrix w, boolean reluSquared) {
        if (count == jobs.length) {
            jobs = Arrays.copyOf(jobs, Math.max(8, 2 * count));
            for (int i = count; i < jobs.length; i++) {
                jobs[i] = new Job();
            }
            tilesBefore = Arrays.copyOf(tilesBefore, jobs.length + 1);
        }
        Job job = jobs[count];
        job.x = x;
        job.y = y;
        job.firstRow = firstRow;
        job.lastRow = lastRow;
        job.w = w.rows();
        job.outputs = w.outputs();
        job.reluSquared = reluSquared;
        int rows = lastRow - firstRow;
        job.columns = columns(Math.min(rows, TILE_ROWS), w.inputs(), w.outputs());
        job.tilesAcross = divideUp(job.outputs, job.columns);
        tilesBefore[count + 1] = tilesBefore[count] + job.tilesAcross * divideUp(rows, TILE_ROWS);
        count++;
        return this;
    }

    private int columns(int rows, int inputs, int outputs) {
        if (team.size() == 1) {
            return rows == 1 ? outputs : Math.min(outputs, TILE_COLUMNS);
        }
        long worth = divideUp(MIN_WORK, Math.max(1L, (long) rows * inputs));
        long fair = divideUp(outputs, 2L * team.size());
        long columns = Math.max(MIN_COLUMNS, Math.min(TILE_COLUMNS, Math.max(worth, fair)));
        return (int) Math.min(outputs, (columns + 15) / 16 * 16);
    }

    private static int divideUp(int value, int by) {
        return (value + by - 1) / by;
    }

    private static long divideUp(long value, long by) {
        return (value + by - 1) / by;
    }

    /** Computes all products added and forgets them. */
    void compute() {
        try {
            team.compute(this, tilesBefore[count]);
        } finally {
            count = 0;
        }
    }

    @Override
    public void compute(int part, int worker) {
        int found = Arrays.binarySearch(tilesBefore, 0, count + 1, part);
        int index = found >= 0 ? found : -found - 2;
        Job job = jobs[index];
        int tile = part - tilesBefore[index];
        int firstRow = job.firstRow + tile / job.tilesAcross * TILE_ROWS;
        int lastRow = Math.min(job.lastRow, firstRow + TILE_ROWS);
        int from = tile % job.tilesAcross * job.columns;
        int to = Math.min(job.outputs, from + job.columns);
        kernels.product(job.x, job.y, firstRow, lastRow, job.w, from, to);
        if (job.reluSquared) {
            for (int r = firstRow; r < lastRow; r++) {
                Elementwise.reluSquared(job.y[r], from, to);
            }
        }
    }
}
