package dev.longspan.tck;

/** The chat templates that {@link DigestModel#writeTo} can write. */
public enum TemplateKind {
    /** A message is always rendered alike, thinking in its content included; the prompt ends {@code <|im_start|>assistant\n}. */
    STABLE,

    /**
     * The prompt ends {@code <|im_start|>assistant\n<think>\n}, so output begins inside a think block; with
     * {@code enable_thinking} false it ends {@code <|im_start|>assistant\n<think></think>\n}.
     */
    THINK_OPENING,

    /**
     * Thinking in assistant messages before the last user message is dropped: of their content only what follows
     * {@code </think>} and its newlines is left.
     */
    HISTORY_REWRITING
}
