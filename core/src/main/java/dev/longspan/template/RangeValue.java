package dev.longspan.template;

/**
 * Python's {@code range}.
 *
 * @param start the first element
 * @param stop the bound that is not reached
 * @param step the distance, not 0
 */
record RangeValue(long start, long stop, long step) {
    private static final long MAX = 100_000;

    RangeValue {
        if (step == 0) {
            throw Fault.evaluation("range() arg 3 must not be zero");
        }
        if (size(start, stop, step) > MAX) {
            throw Fault.limit("a range of more than " + MAX + " elements");
        }
    }

    int size() {
        return (int) size(start, stop, step);
    }

    long get(int index) {
        return start + index * step;
    }

    boolean hasElementsOf(RangeValue other) {
        int size = size();
        return size == other.size() && (size == 0 || start == other.start) && (size < 2 || step == other.step);
    }

    /** The range of the elements from {@code first} to before {@code end}, counted in steps of {@code by}. */
    RangeValue slice(int first, int end, int by) {
        try {
            return new RangeValue(at(first), at(end), Math.multiplyExact(step, (long) by));
        } catch (ArithmeticException e) {
            throw Fault.limit("a range with a bound of more than 64 bits");
        }
    }

    private long at(int index) {
        return Math.addExact(start, Math.multiplyExact(step, (long) index));
    }

    private static long size(long start, long stop, long step) {
        if (step > 0 ? start >= stop : start <= stop) {
            return 0;
        }
        // unsigned: the distance of two longs may not fit into one
        long distance = step > 0 ? stop - start : start - stop;
        long count = Long.divideUnsigned(distance - 1, Math.abs(step)) + 1;
        return count < 0 || step == Long.MIN_VALUE ? Long.MAX_VALUE : count;
    }
}
