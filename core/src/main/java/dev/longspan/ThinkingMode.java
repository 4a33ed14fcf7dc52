package dev.longspan;

/** Whether the model thinks before it answers. */
public enum ThinkingMode {
    /** As the model's chat template does by itself. */
    DEFAULT,
    /** The model thinks first. */
    ON,
    /** The model answers at once. Refused where the model's template has no way to turn thinking off. */
    OFF
}
