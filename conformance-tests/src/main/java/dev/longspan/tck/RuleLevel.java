package dev.longspan.tck;

/** What it means that a backend breaks a rule. */
public enum RuleLevel {
    /** No backend may break it. */
    REQUIRED,
    /** It must hold of a backend that claims the feature, or of one that does not claim it. */
    CAPABILITY,
    /** It compares numbers, within the tolerance of the backend's numeric mode. */
    NUMERIC
}
