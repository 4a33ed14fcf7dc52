package dev.longspan;

import java.util.List;
import java.util.Objects;

/** One message of a conversation. Immutable. */
public sealed interface ChatMessage {
    /** {@return the text; empty if there is none} */
    String text();

    /**
     * {@return an instruction for the whole conversation}
     *
     * @param text the instruction
     */
    static SystemMessage system(String text) {
        return new SystemMessage(text);
    }

    /**
     * {@return what a user says}
     *
     * @param text what is said
     */
    static UserMessage user(String text) {
        return new UserMessage(text);
    }

    /**
     * {@return an answer of plain text}
     *
     * @param text the answer
     */
    static AssistantMessage assistant(String text) {
        return new AssistantMessage(text, "", List.of());
    }

    /**
     * {@return the result of a tool call}
     *
     * @param callId the {@linkplain ToolCall#id id} of the call
     * @param text the result
     */
    static ToolMessage tool(String callId, String text) {
        return new ToolMessage(callId, text);
    }

    /**
     * An instruction for the whole conversation; at most one, and the first message.
     *
     * @param text the instruction
     */
    record SystemMessage(String text) implements ChatMessage {
        /** Checks the components. */
        public SystemMessage {
            Objects.requireNonNull(text, "text");
        }
    }

    /**
     * What a user says.
     *
     * @param text what is said
     */
    record UserMessage(String text) implements ChatMessage {
        /** Checks the components. */
        public UserMessage {
            Objects.requireNonNull(text, "text");
        }
    }

    /**
     * An answer of the model.
     *
     * @param text the visible answer; empty if there is none
     * @param thinking what the model thought before it; empty if nothing, or if it is not kept
     * @param toolCalls the calls it made, in order
     */
    record AssistantMessage(String text, String thinking, List<ToolCall> toolCalls) implements ChatMessage {
        /** Checks and copies the components. */
        public AssistantMessage {
            Objects.requireNonNull(text, "text");
            Objects.requireNonNull(thinking, "thinking");
            toolCalls = List.copyOf(toolCalls);
        }

        /** {@return the same message without its thinking} */
        public AssistantMessage withoutThinking() {
            return thinking.isEmpty() ? this : new AssistantMessage(text, "", toolCalls);
        }
    }

    /**
     * The result of a tool call.
     *
     * @param callId the {@linkplain ToolCall#id id} of the call; empty if it is not known
     * @param text the result
     */
    record ToolMessage(String callId, String text) implements ChatMessage {
        /** Checks the components. */
        public ToolMessage {
            Objects.requireNonNull(callId, "callId");
            Objects.requireNonNull(text, "text");
        }
    }
}
