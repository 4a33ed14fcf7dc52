package dev.longspan.template;

/** Python's {@code None}. */
enum None {
    /** The one value. */
    NONE
}
