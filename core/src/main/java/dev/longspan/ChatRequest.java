package dev.longspan;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * What is asked of the model: a conversation and how to answer it. Immutable; made by {@link #builder()}.
 *
 * <p>The values of single fields are checked when the request is built, and what depends on the model when it is handed
 * to the engine; either way a fault is an {@link InvalidRequestException} that names the field, and nothing has changed.
 */
public final class ChatRequest {
    /** How many tokens an answer may have if the request does not say. */
    public static final int DEFAULT_MAX_TOKENS = 4096;

    private final List<ChatMessage> messages;
    private final List<ToolSpecification> tools;
    private final int maxTokens;
    private final OptionalDouble temperature;
    private final OptionalLong seed;
    private final ThinkingMode thinking;
    private final FlushPolicy flushPolicy;

    private ChatRequest(Builder builder) {
        messages = List.copyOf(builder.messages);
        tools = List.copyOf(builder.tools);
        maxTokens = builder.maxTokens;
        temperature = builder.temperature;
        seed = builder.seed;
        thinking = builder.thinking;
        flushPolicy = builder.flushPolicy;
        if (messages.isEmpty()) {
            throw new InvalidRequestException("messages", "expected at least one, found none");
        }
    }

    /** {@return a builder of a request without messages} */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * {@return a request with one user message}
     *
     * @param text what the user says
     */
    public static ChatRequest of(String text) {
        return builder().user(text).build();
    }

    /** {@return the conversation so far, at least one message} */
    public List<ChatMessage> messages() {
        return messages;
    }

    /** {@return the tools the model may call} */
    public List<ToolSpecification> tools() {
        return tools;
    }

    /** {@return how many tokens the answer may have, thinking included} */
    public int maxTokens() {
        return maxTokens;
    }

    /** {@return the sampling temperature, 0 for greedy; empty: the model's own, else 0} */
    public OptionalDouble temperature() {
        return temperature;
    }

    /** {@return the seed of the sampling; empty: another one each time} */
    public OptionalLong seed() {
        return seed;
    }

    /** {@return whether the model thinks first} */
    public ThinkingMode thinking() {
        return thinking;
    }

    /** {@return how text is gathered before it is handed out} */
    public FlushPolicy flushPolicy() {
        return flushPolicy;
    }

    /** Gathers the fields of a request. Not for use by several threads at once. */
    public static final class Builder {
        private final List<ChatMessage> messages = new ArrayList<>();
        private final List<ToolSpecification> tools = new ArrayList<>();
        private int maxTokens = DEFAULT_MAX_TOKENS;
        private OptionalDouble temperature = OptionalDouble.empty();
        private OptionalLong seed = OptionalLong.empty();
        private ThinkingMode thinking = ThinkingMode.DEFAULT;
        private FlushPolicy flushPolicy = FlushPolicy.DEFAULT;

        private Builder() {}

        /**
         * Appends messages.
         *
         * @param more the messages, in order
         * @return this builder
         */
        public Builder messages(List<? extends ChatMessage> more) {
            messages.addAll(more);
            return this;
        }

        /**
         * Appends a system message.
         *
         * @param text the instruction
         * @return this builder
         */
        public Builder system(String text) {
            messages.add(ChatMessage.system(text));
            return this;
        }

        /**
         * Appends a user message.
         *
         * @param text what the user says
         * @return this builder
         */
        public Builder user(String text) {
            messages.add(ChatMessage.user(text));
            return this;
        }

        /**
         * Appends an answer.
         *
         * @param text the answer
         * @return this builder
         */
        public Builder assistant(String text) {
            messages.add(ChatMessage.assistant(text));
            return this;
        }

        /**
         * Offers tools.
         *
         * @param more the tools, in order
         * @return this builder
         */
        public Builder tools(List<ToolSpecification> more) {
            tools.addAll(more);
            return this;
        }

        /**
         * Limits the answer, thinking included.
         *
         * @param tokens above 0
         * @return this builder
         * @throws InvalidRequestException if it is not above 0
         */
        public Builder maxTokens(int tokens) {
            if (tokens < 1) {
                throw new InvalidRequestException("maxTokens", "expected a number above 0, found " + tokens);
            }
            maxTokens = tokens;
            return this;
        }

        /**
         * Sets the sampling temperature.
         *
         * @param value 0 for greedy, else above 0 and finite
         * @return this builder
         * @throws InvalidRequestException if it is negative or not finite
         */
        public Builder temperature(double value) {
            if (!(value >= 0 && Double.isFinite(value))) {
                throw new InvalidRequestException("temperature", "expected a finite number from 0, found " + value);
            }
            temperature = OptionalDouble.of(value);
            return this;
        }

        /**
         * Makes sampling reproducible.
         *
         * @param value any number
         * @return this builder
         */
        public Builder seed(long value) {
            seed = OptionalLong.of(value);
            return this;
        }

        /**
         * Sets whether the model thinks first.
         *
         * @param mode on, off or as the model does by itself
         * @return this builder
         */
        public Builder thinking(ThinkingMode mode) {
            thinking = mode;
            return this;
        }

        /**
         * Sets how text is gathered before it is handed out.
         *
         * @param policy the policy
         * @return this builder
         */
        public Builder flushPolicy(FlushPolicy policy) {
            flushPolicy = policy;
            return this;
        }

        /**
         * {@return the request}
         *
         * @throws InvalidRequestException if there is no message
         */
        public ChatRequest build() {
            return new ChatRequest(this);
        }
    }
}
