package dev.longspan;

/**
 * What a model's chat template can do, found out by rendering small conversations with it.
 *
 * @param system whether a system message reaches the model
 * @param tools whether tools reach the model
 * @param thinking what it does about thinking
 * @param history whether earlier turns stay as they were rendered
 * @param toolFormat how the model writes tool calls
 */
public record TemplateFeatures(
        boolean system, boolean tools, Thinking thinking, History history, ToolFormat toolFormat) {
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

    /** How a model writes tool calls. */
    public enum ToolFormat {
        /** The template does not know tools. */
        NONE,
        /** {@code <tool_call><function=NAME><parameter=ARG>…}, as Nemotron and Qwen3-Coder do. */
        FUNCTION_TAGS,
        /** {@code <tool_call>{"name": …, "arguments": …}</tool_call>}, as Hermes and Qwen do. */
        HERMES,
        /** {@code {"name": …, "parameters": …}}, as Llama 3 does. */
        LLAMA3,
        /** {@code [TOOL_CALLS][…]}, as Mistral does. */
        MISTRAL,
        /** A format that is not known here. */
        OTHER
    }
}
