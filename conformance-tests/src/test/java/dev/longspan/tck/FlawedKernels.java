package dev.longspan.tck;

import dev.longspan.spi.Anchors;
import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.PartialAttention;
import dev.longspan.spi.SpanAttention;
import dev.longspan.spi.SpanGeometry;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;

/** The oracle's kernels with a flaw. */
final class FlawedKernels extends OracleKernels {
    private final Flaw flaw;
    private final BooleanSupplier closed;
    private final AtomicInteger inside = new AtomicInteger();

    FlawedKernels(Flaw flaw, BooleanSupplier closed) {
        this.flaw = flaw;
        this.closed = closed;
    }

    @Override
    void requireParts(int size, int spans, PartialAttention window, PartialAttention spanOutputs, float[] scores) {
        if (flaw != Flaw.MERGE_IS_UNCHECKED) {
            super.requireParts(size, spans, window, spanOutputs, scores);
        }
    }

    @Override
    public float[] merge(
            AttentionHeads heads, int spans, PartialAttention window, PartialAttention spanOutputs, float[] scores) {
        float[] merged = super.merge(heads, spans, window, spanOutputs, scores);
        if (flaw == Flaw.KERNELS_MERGE_IN_PLACE) {
            System.arraycopy(merged, 0, window.output(), 0, merged.length);
        }
        return merged;
    }

    @Override
    AttentionOracle oracle(AttentionHeads heads, SpanAttention span) {
        return new FlawedAttention(heads, span, flaw);
    }

    @Override
    double joined(double lse, double output, double otherLse, double otherOutput) {
        if (flaw != Flaw.MERGE_WITHOUT_THE_MAXIMUM) {
            return super.joined(lse, output, otherLse, otherOutput);
        }
        double weight = Math.exp(lse);
        double otherWeight = Math.exp(otherLse);
        return weight + otherWeight == 0 ? 0 : (weight * output + otherWeight * otherOutput) / (weight + otherWeight);
    }

    @Override
    public PartialAttention window(
            AttentionHeads heads,
            SpanGeometry geometry,
            int firstPosition,
            float[] queries,
            float[] keys,
            float[] values) {
        int first = flaw == Flaw.CHUNKS_ARE_TAKEN_FOR_THE_FIRST ? 0 : firstPosition;
        PartialAttention right =
                beside(() -> super.window(heads, geometry, first, queries, keys, values), PartialAttention::output);
        if (flaw == Flaw.LOG_SUM_EXP_IS_BINARY) {
            for (int i = 0; i < right.logSumExp().length; i++) {
                right.logSumExp()[i] /= (float) Math.log(2);
            }
        }
        return right;
    }

    @Override
    public Anchors search(
            AttentionHeads heads, SpanGeometry geometry, int firstPosition, float[] searchQueries, float[] keys) {
        int first = flaw == Flaw.CHUNKS_ARE_TAKEN_FOR_THE_FIRST ? 0 : firstPosition;
        return beside(() -> super.search(heads, geometry, first, searchQueries, keys), Anchors::scores);
    }

    @Override
    public PartialAttention spans(
            AttentionHeads heads, int spans, float[] queries, float[] keys, float[] values, int[] starts, int[] ends) {
        return beside(() -> super.spans(heads, spans, queries, keys, values, starts, ends), PartialAttention::output);
    }

    /** Computes a part of attention, of which one flaw spoils a number where another thread does so, too. */
    private <T> T beside(Supplier<T> part, Function<T, float[]> numbers) {
        boolean others = inside.incrementAndGet() > 1;
        T right = part.get();
        others |= inside.decrementAndGet() > 0;
        if (others && flaw == Flaw.PARTS_SHARE_A_BUFFER) {
            numbers.apply(right)[0] += 1;
        }
        return right;
    }

    @Override
    public float[] attend(
            AttentionHeads heads,
            SpanGeometry geometry,
            int firstPosition,
            float[] searchQueries,
            float[] queries,
            float[] keys,
            float[] values) {
        int first = flaw == Flaw.CHUNKS_BEGIN_ONE_EARLY ? Math.max(0, firstPosition - 1) : firstPosition;
        boolean others = inside.incrementAndGet() > 1;
        float[] output = super.attend(heads, geometry, first, searchQueries, queries, keys, values);
        others |= inside.decrementAndGet() > 0;
        if ((others && flaw == Flaw.KERNELS_SHARE_A_BUFFER)
                || (flaw == Flaw.KERNELS_END_WRONG && closed.getAsBoolean())) {
            output[0] += 1;
        }
        if (flaw == Flaw.HEADS_ARE_MIXED) {
            for (int i = 0; i < output.length; i++) {
                output[i] += output[i - i % (heads.queryHeads() * heads.headSize())] / 8;
            }
        }
        if (flaw == Flaw.ARGUMENTS_ARE_SCALED) {
            for (int i = 0; i < queries.length; i++) {
                queries[i] /= (float) Math.sqrt(heads.headSize());
            }
        }
        return output;
    }
}
