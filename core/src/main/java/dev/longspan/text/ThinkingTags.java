package dev.longspan.text;

/** The tags around what a model thinks before it answers, the same in all formats that are known. */
public final class ThinkingTags {
    /** Begins a block. */
    public static final String OPEN = "<think>";
    /** Ends a block. */
    public static final String CLOSE = "</think>";

    private ThinkingTags() {}
}
