package dev.longspan;

import java.util.Optional;

/**
 * What a model's chat template can do, found out by rendering small conversations with it.
 *
 * @param system whether a system message reaches the model
 * @param tools whether tools reach the model
 * @param thinking what it does about thinking
 * @param history whether earlier turns stay as they were rendered
 * @param toolParser the name of the {@link ToolParser} that fits it; empty if it does not know tools, or none fits
 */
public record TemplateFeatures(
        boolean system, boolean tools, Thinking thinking, History history, Optional<String> toolParser) {
    /** What a template does about thinking. */
    public enum Thinking {
        /** Nothing: whether the model thinks is its own affair. */
        NONE,
        /** The model always thinks first. */
        ALWAYS,
        /** The model thinks first unless a request turns it off. */
        ON_BY_DEFAULT,
        /** The model thinks first only if a request turns it on. */
        OFF_BY_DEFAULT
    }

    /** What becomes of earlier turns when a conversation goes on. */
    public enum History {
        /** They are rendered as before, so that their state can be kept. */
        STABLE,
        /** Earlier thinking is taken out once the user speaks again, so that the last turn is computed anew. */
        REWRITING,
        /** The template refuses the conversations it was tried with. */
        UNKNOWN
    }
}
