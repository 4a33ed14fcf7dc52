package dev.longspan.template;

/** Counts what one rendering has used, against the limits. Not thread-safe. */
final class Budget {
    /** How many chars or elements one may look at for a step. */
    private static final int PER_STEP = 32;

    private static final int MAX_INTEGER_BITS = 16_384;

    private final TemplateLimits limits;
    private long steps;
    private long created;
    private int depth;

    Budget(TemplateLimits limits) {
        this.limits = limits;
    }

    void step() {
        if (++steps > limits.steps()) {
            throw steps();
        }
    }

    /** Counts a pass over so many chars or elements. */
    void scan(long length) {
        steps += 1 + length / PER_STEP;
        if (steps > limits.steps()) {
            throw steps();
        }
    }

    private Fault steps() {
        return Fault.limit("more than " + limits.steps() + " steps (limit 'steps')");
    }

    /** Counts chars before they are made. */
    void chars(long count) {
        create(count);
        scan(count);
    }

    /** Counts elements of a collection before it is made. */
    void elements(long count) {
        create(Math.multiplyExact(Math.min(count, Long.MAX_VALUE / 64), (long) TemplateLimits.ELEMENT));
        scan(count);
    }

    private void create(long units) {
        created += units;
        if (created > limits.created() || created < 0) {
            throw Fault.limit("more than " + limits.created() + " chars and elements made (limit 'created')");
        }
    }

    /** Counts a text whose pieces are joined later, if at all. */
    void joined(long length) {
        step();
        create(length > Integer.MAX_VALUE ? Long.MAX_VALUE / 2 : TemplateLimits.ELEMENT);
        if (length > limits.created()) {
            create(length);
        }
    }

    TemplateText made(TemplateText text) {
        chars(text.charCount());
        return text;
    }

    void output(long length) {
        if (length > limits.output()) {
            throw Fault.limit("more than " + limits.output() + " chars of output (limit 'output')");
        }
    }

    void integerBits(long bits) {
        if (bits > MAX_INTEGER_BITS) {
            throw Fault.limit("an integer of more than " + MAX_INTEGER_BITS + " bits");
        }
    }

    void enter() {
        if (++depth > limits.depth()) {
            throw Fault.limit("nested deeper than " + limits.depth() + " levels (limit 'depth')");
        }
    }

    void leave() {
        depth--;
    }
}
