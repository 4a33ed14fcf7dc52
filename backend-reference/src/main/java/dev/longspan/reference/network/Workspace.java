package dev.longspan.reference.network;

import dev.longspan.reference.kernel.Kernels;
import dev.longspan.reference.memory.MemoryLedger;
import java.util.Arrays;

/** The intermediate results of one pass. They grow with use and are used again and again. */
final class Workspace {
    final Team team;
    final Kernels kernels;
    final MatrixProducts products;
    final Scratch[] scratch;

    float[][] hidden = {};
    float[][] normed = {};
    float[][] mixed = {};
    float[][] wide = {};
    float[][] convolved = {};
    float[][] joined = {};
    float[][] queries = {};
    float[][] searchQueries = {};
    float[][] keys = {};
    float[][] values = {};
    float[][] router = {};
    /** One row per choice of an expert by a token, in the order of the experts. */
    float[][] expertInner = {};

    float[][] expertOutput = {};
    float[][] expertInput = {};
    /** For each row, its chosen experts in ascending order, and then the places of these choices. */
    int[] choices = {};

    float[] choiceWeights = {};
    float[][] headInput = {};
    float[][] headOutput = {};

    private final WorkspaceSizes sizes;
    private final MemoryLedger ledger;
    private int rows;
    private int scores;
    private int scoredTokens;
    private long booked;

    Workspace(WorkspaceSizes sizes, Kernels kernels, Team team, MemoryLedger ledger) {
        this.sizes = sizes;
        this.ledger = ledger;
        this.team = team;
        this.kernels = kernels;
        products = new MatrixProducts(kernels, team);
        scratch = new Scratch[team.size()];
        for (int i = 0; i < scratch.length; i++) {
            scratch[i] = new Scratch(sizes);
        }
        book(sizes.workerBytes(team.size()));
    }

    /** Makes room for a pass. */
    void reserve(int wantedRows, int longest) {
        if (wantedRows > rows) {
            growRows(wantedRows);
            book(sizes.rowBytes(wantedRows) - (rows == 0 ? 0 : sizes.rowBytes(rows)));
            rows = wantedRows;
        }
        if (longest > scoredTokens) {
            reserveScores(longest);
        }
    }

    private void reserveScores(int longest) {
        int tokens = WorkspaceSizes.rounded(longest);
        int wanted = WorkspaceSizes.rounded(sizes.scores(tokens));
        if (wanted > scores) {
            for (Scratch worker : scratch) {
                worker.scores = new float[wanted];
            }
            long before = scores == 0 ? 0 : WorkspaceSizes.scoreBytes(team.size(), scores);
            book(WorkspaceSizes.scoreBytes(team.size(), wanted) - before);
            scores = wanted;
        }
        scoredTokens = tokens;
    }

    private void growRows(int count) {
        hidden = grown(hidden, count, sizes.hidden);
        normed = grown(normed, count, sizes.hidden);
        mixed = grown(mixed, count, sizes.hidden);
        wide = grown(wide, count, sizes.wide);
        convolved = grown(convolved, count, sizes.convolved);
        joined = grown(joined, count, sizes.joined);
        queries = grown(queries, count, sizes.queries);
        searchQueries = grown(searchQueries, count, sizes.searchQueries);
        keys = grown(keys, count, sizes.keys);
        values = grown(values, count, sizes.keys);
        router = grown(router, count, sizes.experts);
        int assignments = count * sizes.perToken;
        expertInner = grown(expertInner, assignments, sizes.expertInner);
        expertOutput = grown(expertOutput, assignments, sizes.hidden);
        expertInput = new float[assignments][];
        choices = new int[2 * assignments];
        choiceWeights = new float[assignments];
        headInput = new float[count][];
        headOutput = new float[count][];
    }

    private static float[][] grown(float[][] old, int count, int width) {
        float[][] more = Arrays.copyOf(old, count);
        for (int i = old.length; i < count; i++) {
            more[i] = new float[width];
        }
        return more;
    }

    private void book(long bytes) {
        booked += bytes;
        ledger.changeWorkspace(bytes);
    }

    void release() {
        ledger.changeWorkspace(-booked);
        booked = 0;
    }
}
