package dev.longspan.template;

/** Counts what one rendering has used, against the limits. Not thread-safe. */
final class Budget {
    /** How many chars or elements one may look at for a step. */
    private static final int PER_STEP = 32;

    /** How many elements one may copy for a step. */
    private static final int ELEMENTS_PER_STEP = 8;

    private static final int MAX_INTEGER_BITS = 4_096;

    private final TemplateLimits limits;
    private long steps;
    private long created;
    private int depth;

    Budget(TemplateLimits limits) {
        this.limits = limits;
    }

    void step() {
        if (++steps > limits.steps()) {
            throw tooManySteps();
        }
    }

    /** Counts a pass over so many chars or elements. */
    void scan(long length) {
        steps(1 + length / PER_STEP);
    }

    /** Counts work that costs as much as so many steps. */
    void steps(long count) {
        steps += count;
        if (steps > limits.steps()) {
            throw tooManySteps();
        }
    }

    private Fault tooManySteps() {
        return Fault.limit("more than " + limits.steps() + " steps (limit 'steps')");
    }

    /** Counts chars before they are made. */
    void chars(long count) {
        create(count);
        scan(count);
    }

    /** Counts chars that are rewritten one by one. */
    void rewrite(long count) {
        steps(1 + count);
    }

    /** Counts elements of a collection before it is made. */
    void elements(long count) {
        create(Math.multiplyExact(Math.min(count, Long.MAX_VALUE / 64), (long) TemplateLimits.ELEMENT));
        steps(1 + count / ELEMENTS_PER_STEP);
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

    /** Counts the look for a key, which is compared with an equal one char by char. */
    void key(Object key) {
        scan(key instanceof TemplateText text ? text.charCount() : 0);
    }

    TemplateText made(TemplateText text) {
        chars(text.charCount());
        steps(text.marks().length);
        return text;
    }

    void output(long length) {
        if (length > limits.output()) {
            throw Fault.limit("more than " + limits.output() + " chars of output (limit 'output')");
        }
    }

    /** Counts arithmetic on integers of so many bits. */
    void integerBits(long bits) {
        if (bits > MAX_INTEGER_BITS) {
            throw Fault.limit("an integer of more than " + MAX_INTEGER_BITS + " bits");
        }
        steps(bits / Long.SIZE);
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
