package dev.longspan.tck;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.PartialAttention;
import dev.longspan.spi.SpanAttention;
import dev.longspan.spi.SpanGeometry;

/** The oracle's kernels with a flaw. */
final class FlawedKernels extends OracleKernels {
    private final Flaw flaw;

    FlawedKernels(Flaw flaw) {
        this.flaw = flaw;
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
        PartialAttention right = super.window(heads, geometry, firstPosition, queries, keys, values);
        if (flaw == Flaw.LOG_SUM_EXP_IS_BINARY) {
            for (int i = 0; i < right.logSumExp().length; i++) {
                right.logSumExp()[i] /= (float) Math.log(2);
            }
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
        float[] output = super.attend(heads, geometry, first, searchQueries, queries, keys, values);
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
