package dev.longspan.spi;

/**
 * The parameters of superlinear span attention; {@link SpanGeometry} gives what follows from them.
 *
 * @param windowIndex s, the window's boundary in stripes, at least 0 ({@code span_attention_sw_index})
 * @param spans k, how many spans a query and head may choose, 1 to {@value #MAX_SPANS} ({@code span_attention_num_spans})
 * @param backwardFactor how far a span reaches back, at least 0 ({@code span_attention_backward_factor})
 * @param forwardFactor how far a span reaches forward, at least 0 ({@code span_attention_forward_factor})
 * @param searchPower p, how fast stripes spread, between 0 and 1 ({@code span_attention_search_power})
 * @param spanPower ps, how fast spans grow, between 0 and 1 ({@code span_attention_span_power})
 * @param searchScale c, the factor on the search query, finite in float32 ({@code span_attention_search_scale})
 */
public record SpanAttention(
        int windowIndex,
        int spans,
        double backwardFactor,
        double forwardFactor,
        double searchPower,
        double spanPower,
        double searchScale) {
    /** The most spans that a query and head may choose. */
    public static final int MAX_SPANS = 1024;

    /** Checks the components. */
    public SpanAttention {
        require(windowIndex >= 0, "windowIndex", "at least 0", windowIndex);
        require(spans >= 1 && spans <= MAX_SPANS, "spans", "1 to " + MAX_SPANS, spans);
        require(backwardFactor >= 0 && Double.isFinite(backwardFactor), "backwardFactor", "at least 0", backwardFactor);
        require(forwardFactor >= 0 && Double.isFinite(forwardFactor), "forwardFactor", "at least 0", forwardFactor);
        require(searchPower > 0 && searchPower < 1, "searchPower", "a number between 0 and 1", searchPower);
        require(spanPower > 0 && spanPower < 1, "spanPower", "a number between 0 and 1", spanPower);
        require(Float.isFinite((float) searchScale), "searchScale", "a number in the range of float32", searchScale);
    }

    private static void require(boolean condition, String name, String expected, Number found) {
        if (!condition) {
            throw new IllegalArgumentException(name + ": expected " + expected + ", found " + found);
        }
    }
}
