package dev.longspan.text;

/** Where a piece of a prompt came from; what is not marked came from the template itself. */
public enum Origin {
    /** From a user, a system message, a tool or a setting: control tokens never form inside it. */
    OUTSIDE,
    /** From an earlier answer of the model: only the think and tool tags that the output parser knows may form inside it. */
    ASSISTANT
}
