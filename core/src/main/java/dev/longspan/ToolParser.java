package dev.longspan;

import java.util.List;
import java.util.Optional;

/**
 * How a model writes tool calls. Four ways are built in: {@value #FUNCTION_TAGS}, {@value #HERMES}, {@value #LLAMA3} and
 * {@value #MISTRAL}; others are made known by {@link ChatEngineBuilder#toolParser}.
 *
 * <p>A call stands in a <em>block</em> of the answer, which begins with one of the {@link #openings}. A parser holds no state:
 * it is asked from several threads at once, and makes a {@link Reader} for each block.
 */
public interface ToolParser {
    /** {@code <tool_call><function=NAME><parameter=ARG>VALUE</parameter></function></tool_call>}. */
    String FUNCTION_TAGS = "function-tags";

    /** {@code <tool_call>{"name": NAME, "arguments": {…}}</tool_call>}. */
    String HERMES = "hermes";

    /** {@code {"name": NAME, "parameters": {…}}} and nothing before it, but maybe {@code <|python_tag|>}. */
    String LLAMA3 = "llama3";

    /** {@code [TOOL_CALLS][{"name": NAME, "arguments": {…}}]} or {@code [TOOL_CALLS]NAME[ARGS]{…}}. */
    String MISTRAL = "mistral";

    /** {@return the name by which a request can ask for it} */
    String name();

    /**
     * {@return whether a model with this template writes calls in this way}
     *
     * @param template the source of the model's chat template for conversations with tools
     */
    boolean fits(String template);

    /** {@return the texts of which one begins each block, none empty; where such a text is a control token, it counts} */
    List<String> openings();

    /** {@return other texts in a block that are control tokens in some models, and count there} */
    default List<String> controlTexts() {
        return List.of();
    }

    /**
     * {@return whether a block may begin anywhere in the visible text; else only at its start or behind another block, with
     * nothing but white space and semicolons between}
     */
    default boolean opensAnywhere() {
        return true;
    }

    /**
     * {@return the beginning of a call of any tool, so that the model goes on with the tool's name; empty if this way of
     * writing has no fixed beginning, so that a call cannot be forced}
     */
    default Optional<String> forcedOpening() {
        return Optional.empty();
    }

    /**
     * {@return the beginning of a call of one tool, its name included, so that the model goes on with the arguments; empty if
     * such a call cannot be forced}
     *
     * @param tool the tool's name
     */
    default Optional<String> forcedOpening(String tool) {
        return Optional.empty();
    }

    /**
     * {@return a reader of one block}
     *
     * @param tools the tools that the model was offered
     */
    Reader reader(List<ToolSpecification> tools);

    /** Reads one block, character by character. For one thread at a time. */
    interface Reader {
        /** How far a block has come. */
        enum State {
            /** The block goes on. */
            READING,
            /** The character taken last was the block's last. */
            COMPLETE,
            /** What looked like a block is none: all that was taken is text. */
            NO_CALL
        }

        /**
         * Takes the next character of the block, its opening included.
         *
         * @param next a char, maybe half of a surrogate pair
         * @return whether the block goes on
         */
        State accept(char next);

        /** {@return the name of the call that is being read; empty if it is not known yet, or no longer of interest} */
        String name();

        /** {@return whether what was taken so far can only be a call, so that it is an error if it stays unfinished} */
        boolean isCertain();

        /**
         * {@return the calls of a complete block, in order}
         *
         * @throws ToolCallException if they are malformed
         */
        List<Call> calls();
    }

    /**
     * A call as the model wrote it.
     *
     * @param name the tool's name
     * @param arguments the arguments, a JSON object as text
     */
    record Call(String name, String arguments) {}
}
