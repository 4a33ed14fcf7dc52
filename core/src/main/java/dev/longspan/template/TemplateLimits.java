package dev.longspan.template;

/**
 * What one parse or rendering of an untrusted template may use. Limits count work, never time, so that the same
 * template and values always end the same way.
 *
 * @param source the template's own length in chars
 * @param steps evaluated nodes, loop rounds and, at a fraction, chars and elements looked through
 * @param output chars of the rendered text
 * @param created chars of all texts made on the way, plus {@link #ELEMENT} for each element of a list, tuple or dict
 * @param depth nesting of the template's text, of evaluation and of values
 */
public record TemplateLimits(int source, long steps, int output, long created, int depth) {
    /** What an element of a collection counts in {@code created}. */
    public static final int ELEMENT = 16;

    /**
     * Enough for a history of ten thousand messages or some million tokens with the published templates, and of two
     * thousand messages with one that looks back over all of them at each. A hostile template gets about a second of a
     * processor and at most half a gigabyte of memory.
     */
    public static final TemplateLimits DEFAULT = new TemplateLimits(4 << 20, 20_000_000, 64 << 20, 192L << 20, 1_000);

    /** For small conversations that only find out what a template does: a few hundredths of a second, some megabytes. */
    public static final TemplateLimits PROBE = new TemplateLimits(4 << 20, 200_000, 1 << 20, 8 << 20, 1_000);

    /** Checks that every limit is positive. */
    public TemplateLimits {
        if (source <= 0 || steps <= 0 || output <= 0 || created <= 0 || depth <= 0) {
            throw new IllegalArgumentException("limits must be positive: source " + source + ", steps " + steps
                    + ", output " + output + ", created " + created + ", depth " + depth);
        }
    }
}
