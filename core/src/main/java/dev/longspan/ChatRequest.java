package dev.longspan;

import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is asked of the model: a conversation and how to answer it. Immutable; made by {@link #builder()}.
 *
 * <p>The values of single fields are checked when the request is built, and what depends on the model when it is handed
 * to the engine; either way a fault is an {@link InvalidRequestException} that names the field, and nothing has changed.
 */
public final class ChatRequest {
    /** How many tokens an answer may have if the request does not say. */
    public static final int DEFAULT_MAX_TOKENS = 4096;

    /** How many stop strings a request may have. */
    public static final int MAX_STOP_STRINGS = 16;

    /** How many calls an answer may hold if the request does not say. */
    public static final int DEFAULT_MAX_TOOL_CALLS = 8;

    private final List<ChatMessage> messages;
    private final List<ToolSpecification> tools;
    private final ToolChoice toolChoice;
    private final Optional<String> toolParser;
    private final int maxToolCalls;
    private final boolean parallelToolCalls;
    private final int maxTokens;
    private final SamplingSettings sampling;
    private final List<String> stop;
    private final ThinkingMode thinking;
    private final OptionalInt thinkingBudget;
    private final boolean thinkingHidden;
    private final boolean thinkingKept;
    private final Optional<String> prompt;
    private final Optional<String> cacheKey;
    private final RepetitionSettings repetition;
    private final Map<String, @Nullable Object> templateArguments;
    private final FlushPolicy flushPolicy;

    ChatRequest(ChatRequestBuilder builder) {
        messages = List.copyOf(builder.messages);
        tools = List.copyOf(builder.tools);
        toolChoice = builder.toolChoice;
        toolParser = builder.toolParser;
        maxToolCalls = builder.maxToolCalls;
        parallelToolCalls = builder.parallelToolCalls;
        maxTokens = builder.maxTokens;
        sampling = builder.sampling;
        stop = builder.stop;
        thinking = builder.thinking;
        thinkingBudget = builder.thinkingBudget;
        thinkingHidden = builder.thinkingHidden;
        thinkingKept = builder.thinkingKept;
        prompt = builder.prompt;
        cacheKey = builder.cacheKey;
        repetition = builder.repetition;
        templateArguments = Collections.unmodifiableMap(new LinkedHashMap<>(builder.templateArguments));
        flushPolicy = builder.flushPolicy;
        if (prompt.isPresent()) {
            checkPrompt();
        } else if (messages.isEmpty() && !builder.withoutMessages) {
            throw new InvalidRequestException("messages", "expected at least one, found none");
        }
        checkTools();
    }

    private void checkPrompt() {
        if (!messages.isEmpty() || !tools.isEmpty()) {
            throw new InvalidRequestException("prompt", "expected no messages and no tools beside it");
        }
    }

    private void checkTools() {
        Set<String> names = new HashSet<>();
        for (int i = 0; i < tools.size(); i++) {
            if (!names.add(tools.get(i).name())) {
                throw new InvalidRequestException(
                        "tools[" + i + "].name",
                        "expected names that differ, found '" + tools.get(i).name() + "' twice");
            }
        }
        if (toolChoice instanceof ToolChoice.Required && tools.isEmpty()) {
            throw new InvalidRequestException("toolChoice", "expected tools to choose from, found none");
        }
        if (toolChoice instanceof ToolChoice.Named named && !names.contains(named.tool())) {
            throw new InvalidRequestException(
                    "toolChoice", "expected one of the tools " + names + ", found '" + named.tool() + "'");
        }
    }

    /**
     * {@return a builder of a request without messages of its own, for a session whose history ends with what is to be answered}
     */
    public static ChatRequestBuilder again() {
        ChatRequestBuilder builder = new ChatRequestBuilder();
        builder.withoutMessages = true;
        return builder;
    }

    /** {@return a builder of a request without messages} */
    public static ChatRequestBuilder builder() {
        return new ChatRequestBuilder();
    }

    /**
     * {@return a request with one user message}
     *
     * @param text what the user says
     */
    public static ChatRequest of(String text) {
        return builder().user(text).build();
    }

    /** {@return the text to go on with in place of messages; empty where there are messages} */
    public Optional<String> prompt() {
        return prompt;
    }

    /** {@return the conversation so far, at least one message unless there is a prompt} */
    public List<ChatMessage> messages() {
        return messages;
    }

    /** {@return the tools the model may call} */
    public List<ToolSpecification> tools() {
        return tools;
    }

    /** {@return whether the model calls tools} */
    public ToolChoice toolChoice() {
        return toolChoice;
    }

    /** {@return the name of the {@link ToolParser} that reads the calls; empty: the one that fits the model's template} */
    public Optional<String> toolParser() {
        return toolParser;
    }

    /** {@return how many calls the answer may hold} */
    public int maxToolCalls() {
        return maxToolCalls;
    }

    /** {@return whether the answer may hold more than one call; else it ends behind its first} */
    public boolean parallelToolCalls() {
        return parallelToolCalls;
    }

    /** {@return how many tokens the answer may have, thinking included} */
    public int maxTokens() {
        return maxTokens;
    }

    /** {@return how tokens are chosen} */
    public SamplingSettings sampling() {
        return sampling;
    }

    /** {@return the strings that end the answer and are not part of it} */
    public List<String> stop() {
        return stop;
    }

    /** {@return whether the model thinks first} */
    public ThinkingMode thinking() {
        return thinking;
    }

    /** {@return how many tokens the model may think before its thinking is closed; empty: no limit of its own} */
    public OptionalInt thinkingBudget() {
        return thinkingBudget;
    }

    /** {@return whether the thinking is neither streamed nor part of the answer} */
    public boolean thinkingHidden() {
        return thinkingHidden;
    }

    /** {@return whether the model is shown its earlier thinking again} */
    public boolean thinkingKept() {
        return thinkingKept;
    }

    /** {@return the key under which the prompt's state is kept for requests that begin alike; empty for none} */
    public Optional<String> cacheKey() {
        return cacheKey;
    }

    /** {@return when the answer counts as repeating itself} */
    public RepetitionSettings repetition() {
        return repetition;
    }

    /** {@return further values for the model's chat template, by name} */
    public Map<String, @Nullable Object> templateArguments() {
        return templateArguments;
    }

    /** {@return how text is gathered before it is handed out} */
    public FlushPolicy flushPolicy() {
        return flushPolicy;
    }
}
