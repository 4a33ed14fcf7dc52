package dev.longspan.tck;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.SpanAttention;
import java.util.Collections;
import java.util.List;

/** Span attention with a flaw in its geometry. */
final class FlawedAttention extends AttentionOracle {
    private final AttentionHeads heads;
    private final SpanAttention span;
    private final Flaw flaw;

    FlawedAttention(AttentionHeads heads, SpanAttention span, Flaw flaw) {
        super(heads, span);
        this.heads = heads;
        this.span = span;
        this.flaw = flaw;
    }

    @Override
    public int windowStart(int t) {
        int right = super.windowStart(t);
        if (flaw == Flaw.WINDOW_IS_ONE_SHORT) {
            return Math.min(t, right + (right > 0 ? 1 : 0));
        } else if (flaw == Flaw.WINDOW_OVERFLOWS && t > 700) {
            return t;
        } else if (flaw == Flaw.LONG_WINDOWS_ARE_CUT) {
            return Math.max(right, t - 300);
        }
        return right;
    }

    @Override
    public List<Integer> candidates(int t) {
        List<Integer> anchors = super.candidates(t);
        if (flaw == Flaw.TIES_ARE_REVERSED) {
            Collections.reverse(anchors);
        }
        boolean cut = flaw == Flaw.CANDIDATES_END_AT_512 && anchors.size() > 512;
        return cut ? anchors.subList(0, 512) : anchors;
    }

    @Override
    public int spanStart(int t, int anchor) {
        int right = super.spanStart(t, anchor);
        return flaw == Flaw.SPANS_END_AT_2048 ? Math.max(right, spanEnd(t, anchor) - 2047) : right;
    }

    @Override
    public long forward(int t) {
        long right = super.forward(t);
        return flaw == Flaw.REACH_IS_ROUNDED_DOWN
                ? (long) Math.floor(span.forwardFactor() * StrictMath.pow(t + 1.0, span.spanPower()))
                : right;
    }

    @Override
    public long backward(int t) {
        return super.backward(t) + (flaw == Flaw.SPANS_ARE_ONE_LONGER ? 1 : 0);
    }

    @Override
    public int spanEnd(int t, int anchor) {
        return flaw == Flaw.SPANS_OVERLAP_THE_WINDOW
                ? (int) Math.min(anchor + forward(t), t)
                : super.spanEnd(t, anchor);
    }

    @Override
    int keyValueHead(int head) {
        return flaw == Flaw.HEADS_ARE_INTERLEAVED ? head % heads.keyValueHeads() : super.keyValueHead(head);
    }
}
