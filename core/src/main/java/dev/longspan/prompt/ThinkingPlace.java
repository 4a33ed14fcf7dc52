package dev.longspan.prompt;

/** Where a template shows the model its earlier thinking again. */
enum ThinkingPlace {
    /** It renders {@code reasoning_content} of a message. */
    REASONING,
    /** It leaves a thinking block in the content as it is. */
    CONTENT,
    /** Nowhere. */
    NONE
}
