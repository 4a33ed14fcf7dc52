package dev.longspan;

import java.util.Objects;

/** Whether the model calls tools. */
public sealed interface ToolChoice {
    /** The model decides. */
    ToolChoice AUTO = new Auto();

    /** No tool is called: the tools are left out of the prompt, and tags of calls are text. */
    ToolChoice NONE = new None();

    /** The model must call some tool: the opening of a call is written for it once it has thought. */
    ToolChoice REQUIRED = new Required();

    /**
     * {@return a choice that makes the model call one tool}
     *
     * @param tool the tool's name
     */
    static ToolChoice of(String tool) {
        return new Named(tool);
    }

    /** The model decides; see {@link #AUTO}. */
    record Auto() implements ToolChoice {}

    /** No tool is called; see {@link #NONE}. */
    record None() implements ToolChoice {}

    /** The model must call some tool; see {@link #REQUIRED}. */
    record Required() implements ToolChoice {}

    /**
     * The model must call this tool: the opening of a call with its name is written for it once it has thought.
     *
     * @param tool the tool's name
     */
    record Named(String tool) implements ToolChoice {
        /** Checks the component. */
        public Named {
            Objects.requireNonNull(tool, "tool");
        }
    }
}
