package dev.longspan.reference;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.Batch;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.Logits;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import dev.longspan.spi.SpanAttention;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Tiny networks of every kind of layer, with odd sizes, and ways to run them. */
final class Networks {
    static final int VOCABULARY = 61;

    private Networks() {}

    static ModelSpec mixed() {
        return new ModelSpec(
                "test",
                VOCABULARY,
                38,
                1e-5,
                false,
                List.of(
                        new LayerSpec.Mamba(6, 5, 3, 7, 4, 0.001, 0.9),
                        new LayerSpec.Attention(
                                new AttentionHeads(6, 2, 9), new SpanAttention(3, 2, 1.5, 0.5, 0.5, 0.5, 0.7)),
                        new LayerSpec.Experts(6, 2, 11, 13, 1, 1, true, 1.5),
                        new LayerSpec.Mamba(4, 8, 1, 6, 2, 0, Double.POSITIVE_INFINITY),
                        new LayerSpec.Mlp(21),
                        new LayerSpec.Attention(
                                new AttentionHeads(3, 3, 6), new SpanAttention(0, 3, 1, 0, 0.55, 0.55, 1)),
                        new LayerSpec.Experts(8, 3, 5, 0, 4, 2, false, 0.5)));
    }

    static ModelSpec dense() {
        return new ModelSpec(
                "test",
                VOCABULARY,
                24,
                1e-5,
                true,
                List.of(
                        new LayerSpec.Attention(new AttentionHeads(4, 2, 8), null),
                        new LayerSpec.Mlp(33),
                        new LayerSpec.Attention(new AttentionHeads(2, 1, 12), null)));
    }

    static ModelSpec mambaOnly() {
        return new ModelSpec("test", VOCABULARY, 16, 1e-5, true, List.of(new LayerSpec.Mamba(4, 4, 2, 5, 4, 0, 1e30)));
    }

    static Backend open(int threads) {
        return new ReferenceBackendProvider().open(BackendOptions.defaults().withThreads(threads));
    }

    static Backend open(int threads, String setting, String value) {
        return new ReferenceBackendProvider()
                .open(new BackendOptions(threads, BackendOptions.ANY_DEVICE, Map.of(setting, value)));
    }

    static LanguageModel load(Backend backend, ModelSpec spec) {
        return backend.load(spec, new RandomWeights(spec, 7), LoadProgress.NONE);
    }

    static int[] ids(int count, long seed) {
        return new Random(seed).ints(count, 0, VOCABULARY).toArray();
    }

    /** Appends ids and returns the logits behind each. */
    static float[][] run(LanguageModel model, SequenceState state, int... ids) {
        return rows(
                model.forward(Batch.of(new Run(state, ids, 0, ids.length, 0))).get(0));
    }

    static float[] last(LanguageModel model, SequenceState state, int... ids) {
        return rows(model.forward(Batch.of(Run.last(state, ids))).get(0))[0];
    }

    static float[][] rows(RunResult result) {
        if (result instanceof RunResult.Failure failure) {
            throw failure.cause();
        }
        Logits logits = ((RunResult.Success) result).logits();
        float[][] rows = new float[logits.rows()][logits.vocabularySize()];
        for (int i = 0; i < rows.length; i++) {
            logits.copyTo(i, rows[i]);
        }
        return rows;
    }

    static int[] part(int[] ids, int from, int to) {
        return Arrays.copyOfRange(ids, from, to);
    }
}
