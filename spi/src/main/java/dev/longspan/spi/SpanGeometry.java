package dev.longspan.spi;

import java.util.Arrays;

/**
 * Where superlinear attention looks: stripes, window and span ends, computed once on the host for every kernel.
 *
 * <p>Stripe {@code f(i) = floor(i^(1/p))} is exact where 1/p is a whole number from 2 to 6, and else computed in double
 * precision by {@link StrictMath#pow}. Positions are absolute and count from 0. Immutable but for a table that grows on
 * demand; may be used from any thread.
 */
public final class SpanGeometry {
    private static final double WHOLE = 1e-12;

    private final SpanAttention parameters;
    private final int windowLength;
    /** f(1), f(2), … as far as they have been needed; replaced whole when it grows. */
    private volatile int[] stripes;

    /**
     * Makes the geometry of one set of parameters.
     *
     * @param parameters the parameters
     * @throws IllegalArgumentException if the window would be longer than {@link Integer#MAX_VALUE} tokens
     */
    public SpanGeometry(SpanAttention parameters) {
        this.parameters = parameters;
        long boundary = stripe(parameters.searchPower(), parameters.windowIndex() + 1L);
        if (boundary > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "windowIndex: expected a window of at most " + Integer.MAX_VALUE + " tokens, found " + boundary);
        }
        this.windowLength = (int) (boundary - 1);
        this.stripes = table(1023);
    }

    /**
     * {@return f(i) = floor(i^(1/p)), or {@link Long#MAX_VALUE} beyond the range of long}
     *
     * @param power p, between 0 and 1
     * @param index i, at least 1
     */
    public static long stripe(double power, long index) {
        double inverse = 1 / power;
        long whole = Math.round(inverse);
        if (whole >= 2 && whole <= 6 && Math.abs(inverse - whole) < WHOLE) {
            long product = 1;
            for (int n = 0; n < whole; n++) {
                if (product > Long.MAX_VALUE / index) {
                    return Long.MAX_VALUE;
                }
                product *= index;
            }
            return product;
        }
        return (long) StrictMath.floor(StrictMath.pow((double) index, inverse));
    }

    /** {@return the parameters it was made of} */
    public SpanAttention parameters() {
        return parameters;
    }

    /** {@return W = f(s + 1) − 1, the window's length in tokens} */
    public int windowLength() {
        return windowLength;
    }

    /**
     * {@return the first position of the window of a query}
     *
     * @param position the query's position
     */
    public int windowStart(int position) {
        return Math.max(0, position - windowLength + 1);
    }

    /**
     * {@return how many candidate anchors a query has: stripes i &gt; s with f(i) ≤ position + 1}
     *
     * @param position the query's position
     */
    public int anchors(int position) {
        return Math.max(0, stripesWithin(position) - parameters.windowIndex());
    }

    /**
     * {@return the table whose element i − 1 is f(i), for all stripes with f(i) ≤ position + 1 and perhaps more}
     *
     * <p>The array is shared and must not be written to.
     *
     * @param position the query's position
     */
    public int[] stripes(int position) {
        int[] table = stripes;
        while (table[table.length - 1] <= position && table[table.length - 1] < Integer.MAX_VALUE) {
            long next = Math.min(Integer.MAX_VALUE, Math.max(position, 2L * table[table.length - 1]));
            table = table((int) next);
            stripes = table;
        }
        return table;
    }

    /**
     * {@return B = ceil(bf · (position + 1)^ps), how far a span reaches back, at most {@link Integer#MAX_VALUE}}
     *
     * @param position the query's position
     */
    public int backward(int position) {
        return reach(parameters.backwardFactor(), position);
    }

    /**
     * {@return F = ceil(ff · (position + 1)^ps), how far a span reaches forward, at most {@link Integer#MAX_VALUE}}
     *
     * @param position the query's position
     */
    public int forward(int position) {
        return reach(parameters.forwardFactor(), position);
    }

    /**
     * {@return the first position of a span: max(0, anchor − B)}
     *
     * @param anchor the anchor's position
     * @param backward B of the query
     */
    public static int spanStart(int anchor, int backward) {
        return Math.max(0, anchor - backward);
    }

    /**
     * {@return the last position of a span, inclusive: min(anchor + F, position, windowStart − 1)}
     *
     * @param position the query's position
     * @param anchor the anchor's position
     * @param forward F of the query
     */
    public int spanEnd(int position, int anchor, int forward) {
        return (int) Math.min((long) anchor + forward, Math.min(position, windowStart(position) - 1));
    }

    private int reach(double factor, int position) {
        return (int) Math.ceil(factor * StrictMath.pow(position + 1.0, parameters.spanPower()));
    }

    private int stripesWithin(int position) {
        int[] table = stripes(position);
        int found = Arrays.binarySearch(table, position == Integer.MAX_VALUE ? position : position + 1);
        if (found < 0) {
            return -found - 1;
        }
        while (found + 1 < table.length && table[found + 1] == table[found]) {
            found++;
        }
        return found + 1;
    }

    /** All stripes up to a bound and the first above it (or the largest int). */
    private int[] table(int bound) {
        int[] table = new int[64];
        int count = 0;
        while (count == 0 || table[count - 1] <= bound) {
            if (count == table.length) {
                table = Arrays.copyOf(table, 2 * count);
            }
            table[count] = (int) Math.min(Integer.MAX_VALUE, stripe(parameters.searchPower(), count + 1L));
            count++;
            if (table[count - 1] == Integer.MAX_VALUE) {
                break;
            }
        }
        return Arrays.copyOf(table, count);
    }
}
