package dev.longspan.tck;

import dev.longspan.spi.Logits;
import java.util.Objects;

/** Logits made of hashes: the favoured id has 10, printable bytes lie below 9, everything else is far below. */
final class DigestLogits implements Logits {
    private final DigestLanguageModel model;
    private final long generation;
    private final int[] favoured;
    private final long[] hashes;

    DigestLogits(DigestLanguageModel model, long generation, int[] favoured, long[] hashes) {
        this.model = model;
        this.generation = generation;
        this.favoured = favoured;
        this.hashes = hashes;
    }

    private void requireRow(int row) {
        model.requireGeneration(generation);
        Objects.checkIndex(row, favoured.length);
    }

    @Override
    public int rows() {
        model.requireGeneration(generation);
        return favoured.length;
    }

    @Override
    public int vocabularySize() {
        model.requireGeneration(generation);
        return DigestModel.VOCABULARY;
    }

    @Override
    public int argMax(int row) {
        requireRow(row);
        return favoured[row];
    }

    @Override
    public void copyTo(int row, float[] target) {
        requireRow(row);
        Objects.checkFromIndexSize(0, DigestModel.VOCABULARY, target.length);
        for (int id = 0; id < DigestModel.VOCABULARY; id++) {
            long mixed = (hashes[row] ^ id) * 0x9E3779B97F4A7C15L;
            float fraction = (mixed >>> 40) * 0x1p-24f;
            boolean printable = (id >= ' ' && id <= '~') || id == DigestModel.IM_END;
            target[id] = id == favoured[row] ? 10 : printable ? 6 + 3 * fraction : -8 + 3 * fraction;
        }
    }
}
