package dev.longspan.engine;

/**
 * How large a state on disk is.
 *
 * @param tokens how many tokens its newest checkpoint has absorbed
 * @param checkpoints how many there are
 */
public record ParkedSize(int tokens, int checkpoints) {}
