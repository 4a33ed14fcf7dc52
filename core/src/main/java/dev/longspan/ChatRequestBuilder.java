package dev.longspan;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** Gathers the fields of a request. Not for use by several threads at once. */
public final class ChatRequestBuilder {
    final List<ChatMessage> messages = new ArrayList<>();
    final List<ToolSpecification> tools = new ArrayList<>();
    ToolChoice toolChoice = ToolChoice.AUTO;
    Optional<String> toolParser = Optional.empty();
    int maxToolCalls = ChatRequest.DEFAULT_MAX_TOOL_CALLS;
    boolean parallelToolCalls = true;
    int maxTokens = ChatRequest.DEFAULT_MAX_TOKENS;
    SamplingSettings sampling = SamplingSettings.DEFAULT;
    List<String> stop = List.of();
    ThinkingMode thinking = ThinkingMode.DEFAULT;
    OptionalInt thinkingBudget = OptionalInt.empty();
    boolean thinkingHidden;
    boolean thinkingKept;
    boolean withoutMessages;
    Optional<String> prompt = Optional.empty();
    Optional<String> cacheKey = Optional.empty();
    RepetitionSettings repetition = RepetitionSettings.DEFAULT;
    final Map<String, @Nullable Object> templateArguments = new LinkedHashMap<>();
    FlushPolicy flushPolicy = FlushPolicy.DEFAULT;

    ChatRequestBuilder() {}

    /**
     * Appends messages.
     *
     * @param more the messages, in order
     * @return this builder
     */
    public ChatRequestBuilder messages(List<? extends ChatMessage> more) {
        messages.addAll(more);
        return this;
    }

    /**
     * Appends a system message.
     *
     * @param text the instruction
     * @return this builder
     */
    public ChatRequestBuilder system(String text) {
        messages.add(ChatMessage.system(text));
        return this;
    }

    /**
     * Appends a user message.
     *
     * @param text what the user says
     * @return this builder
     */
    public ChatRequestBuilder user(String text) {
        messages.add(ChatMessage.user(text));
        return this;
    }

    /**
     * Appends an answer.
     *
     * @param text the answer
     * @return this builder
     */
    public ChatRequestBuilder assistant(String text) {
        messages.add(ChatMessage.assistant(text));
        return this;
    }

    /**
     * Gives the model a text to go on with, in place of messages. No chat template is rendered, nothing is put before or behind
     * it, and control tokens in it are control tokens: it must come from whoever may write those. Without a session only.
     *
     * @param text the text
     * @return this builder
     */
    public ChatRequestBuilder prompt(String text) {
        prompt = Optional.of(text);
        return this;
    }

    /**
     * Offers tools.
     *
     * @param more the tools, in order
     * @return this builder
     */
    public ChatRequestBuilder tools(List<ToolSpecification> more) {
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
    public ChatRequestBuilder maxTokens(int tokens) {
        if (tokens < 1) {
            throw new InvalidRequestException("maxTokens", "expected a number above 0, found " + tokens);
        }
        maxTokens = tokens;
        return this;
    }

    /**
     * Sets whether the model calls tools.
     *
     * @param choice by default the model decides
     * @return this builder
     */
    public ChatRequestBuilder toolChoice(ToolChoice choice) {
        toolChoice = Objects.requireNonNull(choice, "choice");
        return this;
    }

    /**
     * Says how the model writes calls.
     *
     * @param name the name of a {@link ToolParser} that the engine knows; by default the one that fits the template
     * @return this builder
     */
    public ChatRequestBuilder toolParser(String name) {
        toolParser = Optional.of(name);
        return this;
    }

    /**
     * Limits how many calls the answer may hold.
     *
     * @param count at least 1
     * @return this builder
     * @throws InvalidRequestException if it is below 1
     */
    public ChatRequestBuilder maxToolCalls(int count) {
        if (count < 1) {
            throw new InvalidRequestException("maxToolCalls", "expected at least 1, found " + count);
        }
        maxToolCalls = count;
        return this;
    }

    /**
     * Sets whether an answer may hold more than one call.
     *
     * @param parallel by default it may; else it ends behind its first call
     * @return this builder
     */
    public ChatRequestBuilder parallelToolCalls(boolean parallel) {
        parallelToolCalls = parallel;
        return this;
    }

    /**
     * Sets all of how tokens are chosen, in place of what was set before.
     *
     * @param settings the settings
     * @return this builder
     */
    public ChatRequestBuilder sampling(SamplingSettings settings) {
        sampling = Objects.requireNonNull(settings, "settings");
        return this;
    }

    /**
     * Sets the sampling temperature.
     *
     * @param value 0 for greedy, else above 0 and finite
     * @return this builder
     * @throws InvalidRequestException if it is negative or not finite
     */
    public ChatRequestBuilder temperature(double value) {
        sampling = sampling.withTemperature(value);
        return this;
    }

    /**
     * Chooses from the most probable tokens only.
     *
     * @param value how many, at least 1
     * @return this builder
     * @throws InvalidRequestException if it is below 1
     */
    public ChatRequestBuilder topK(int value) {
        sampling = sampling.withTopK(value);
        return this;
    }

    /**
     * Chooses from the fewest most probable tokens whose probabilities reach a sum.
     *
     * @param value the sum, above 0, at most 1
     * @return this builder
     * @throws InvalidRequestException if it is out of range
     */
    public ChatRequestBuilder topP(double value) {
        sampling = sampling.withTopP(value);
        return this;
    }

    /**
     * Chooses from tokens that are not too improbable.
     *
     * @param value the least probability relative to that of the most probable token, 0 to 1
     * @return this builder
     * @throws InvalidRequestException if it is out of range
     */
    public ChatRequestBuilder minP(double value) {
        sampling = sampling.withMinP(value);
        return this;
    }

    /**
     * Makes tokens that occur in prompt or answer less likely.
     *
     * @param value above 0, at most 2; above 1 to make them less likely
     * @return this builder
     * @throws InvalidRequestException if it is out of range
     */
    public ChatRequestBuilder repetitionPenalty(double value) {
        sampling = sampling.withRepetitionPenalty(value);
        return this;
    }

    /**
     * Makes tokens less likely by how often they occur in the answer.
     *
     * @param value -2 to 2; negative makes them more likely
     * @return this builder
     * @throws InvalidRequestException if it is out of range
     */
    public ChatRequestBuilder frequencyPenalty(double value) {
        sampling = sampling.withFrequencyPenalty(value);
        return this;
    }

    /**
     * Makes tokens that occur in the answer less likely.
     *
     * @param value -2 to 2; negative makes them more likely
     * @return this builder
     * @throws InvalidRequestException if it is out of range
     */
    public ChatRequestBuilder presencePenalty(double value) {
        sampling = sampling.withPresencePenalty(value);
        return this;
    }

    /**
     * Makes single tokens more or less likely.
     *
     * @param value what is added to their logits, -100 to 100, by token id
     * @return this builder
     * @throws InvalidRequestException if there are too many, an id is negative or a bias is out of range
     */
    public ChatRequestBuilder logitBias(Map<Integer, Double> value) {
        sampling = sampling.withLogitBias(value);
        return this;
    }

    /**
     * Makes sampling reproducible.
     *
     * @param value any number
     * @return this builder
     */
    public ChatRequestBuilder seed(long value) {
        sampling = sampling.withSeed(value);
        return this;
    }

    /**
     * Sets the strings that end the answer where one of them begins. They are looked for in the visible text only.
     *
     * @param strings at most {@value ChatRequest#MAX_STOP_STRINGS}, none empty
     * @return this builder
     * @throws InvalidRequestException if there are too many, or one is empty
     */
    public ChatRequestBuilder stop(List<String> strings) {
        if (strings.size() > ChatRequest.MAX_STOP_STRINGS) {
            throw new InvalidRequestException(
                    "stop", "expected at most " + ChatRequest.MAX_STOP_STRINGS + " strings, found " + strings.size());
        }
        for (int i = 0; i < strings.size(); i++) {
            if (strings.get(i).isEmpty()) {
                throw new InvalidRequestException("stop[" + i + "]", "expected a string, found an empty one");
            }
            if (!StandardCharsets.UTF_8.newEncoder().canEncode(strings.get(i))) {
                throw new InvalidRequestException(
                        "stop[" + i + "]", "expected whole characters, found half of a surrogate pair");
            }
        }
        stop = List.copyOf(strings);
        return this;
    }

    /**
     * Sets whether the model thinks first.
     *
     * @param mode on, off or as the model does by itself
     * @return this builder
     */
    public ChatRequestBuilder thinking(ThinkingMode mode) {
        thinking = Objects.requireNonNull(mode, "mode");
        return this;
    }

    /**
     * Limits how long the model thinks: when so many tokens are used up its thinking is closed, and the answer begins.
     *
     * @param tokens at least 0; 0 closes at once
     * @return this builder
     * @throws InvalidRequestException if it is negative
     */
    public ChatRequestBuilder thinkingBudget(int tokens) {
        if (tokens < 0) {
            throw new InvalidRequestException("thinkingBudget", "expected at least 0, found " + tokens);
        }
        thinkingBudget = OptionalInt.of(tokens);
        return this;
    }

    /**
     * Keeps the thinking to the engine: it is neither streamed nor part of the answer, but counted.
     *
     * @param hidden whether to hide it; by default not
     * @return this builder
     */
    public ChatRequestBuilder thinkingHidden(boolean hidden) {
        thinkingHidden = hidden;
        return this;
    }

    /**
     * Shows the model its earlier thinking again: a session keeps it, and assistant messages that hold it are rendered with it.
     * Refused where the model's template has no place for it; templates that drop it from older turns still do.
     *
     * @param kept whether to keep it; by default not
     * @return this builder
     */
    public ChatRequestBuilder thinkingKept(boolean kept) {
        thinkingKept = kept;
        return this;
    }

    /**
     * Keeps the state of this prompt longer than others, for later requests that begin like it. Without a session only.
     *
     * @param key names the prompt; a later one with the same key takes its place
     * @return this builder
     */
    public ChatRequestBuilder cacheKey(String key) {
        cacheKey = Optional.of(key);
        return this;
    }

    /**
     * Sets when the answer counts as repeating itself.
     *
     * @param settings the settings; by default on
     * @return this builder
     */
    public ChatRequestBuilder repetition(RepetitionSettings settings) {
        repetition = Objects.requireNonNull(settings, "settings");
        return this;
    }

    /**
     * Gives the model's chat template a further value, where it knows the name. What a template is given anyway cannot be
     * replaced.
     *
     * @param name the name in the template
     * @param value a string, number, truth value, list, map of these, or null
     * @return this builder
     */
    public ChatRequestBuilder templateArgument(String name, @Nullable Object value) {
        templateArguments.put(Objects.requireNonNull(name, "name"), value);
        return this;
    }

    /**
     * Sets how text is gathered before it is handed out.
     *
     * @param policy the policy
     * @return this builder
     */
    public ChatRequestBuilder flushPolicy(FlushPolicy policy) {
        flushPolicy = Objects.requireNonNull(policy, "policy");
        return this;
    }

    /**
     * {@return the request}
     *
     * @throws InvalidRequestException if there is no message and no prompt, or both are there, two tools have one name, or the tool choice does not fit
     *     the tools
     */
    public ChatRequest build() {
        return new ChatRequest(this);
    }
}
