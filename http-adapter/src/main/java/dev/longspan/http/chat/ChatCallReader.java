package dev.longspan.http.chat;

import dev.longspan.ChatMessage;
import dev.longspan.ChatRequest;
import dev.longspan.ChatRequestBuilder;
import dev.longspan.ThinkingMode;
import dev.longspan.ToolChoice;
import dev.longspan.ToolSpecification;
import dev.longspan.http.server.Exchange;
import dev.longspan.http.server.ModelSlot;
import dev.longspan.http.server.Settings;
import dev.longspan.http.wire.ApiError;
import dev.longspan.http.wire.Fields;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads the body of a chat completion, all of it, before anything is done. */
final class ChatCallReader {
    private static final Logger LOG = LoggerFactory.getLogger(ChatCallReader.class);
    private static final int MOST_ANSWERS = 128;
    private static final int MOST_ALTERNATIVES = 20;

    private final Settings settings;
    private final ModelSlot slot;

    ChatCallReader(Settings settings, ModelSlot slot) {
        this.settings = settings;
        this.slot = slot;
    }

    ChatCall read(Exchange exchange) {
        Fields body = exchange.fields();
        body.string("model").ifPresent(slot::require);
        boolean streamed = body.bool("stream").orElse(false);
        Optional<String> session = session(exchange, body);
        ChatRequestBuilder request = ChatRequest.builder();
        List<ChatMessage> messages = MessageReader.read(body, settings.limits().messages());
        if (messages.isEmpty()) {
            throw body.outOfRange("messages", "at least one message", "none");
        }
        request.messages(messages);
        List<ToolSpecification> tools = tools(body, request);
        request.maxTokens(maxTokens(body));
        SamplingReader.read(body, request, settings.limits().temperature());
        SamplingReader.repetition(body, request);
        thinking(body, request);
        templateArguments(body, request);
        boolean usage = false;
        boolean progress = false;
        Fields options = body.object("stream_options").orElse(null);
        if (options != null) {
            usage = options.bool("include_usage").orElse(false);
            progress = options.bool("include_progress").orElse(false);
            options.bool("include_obfuscation");
            SamplingReader.flush(options, request);
            if (!streamed && (usage || progress)) {
                throw body.outOfRange("stream_options", "stream: true beside it", "no stream");
            }
        }
        body.string("prompt_cache_key").ifPresent(request::cacheKey);
        notOffered(body, tools, session.isPresent(), streamed, settings.limits().forms());
        OptionalLong expected = body.integer("expected_seq", 0, Long.MAX_VALUE);
        if (expected.isPresent() && session.isEmpty()) {
            throw body.outOfRange("expected_seq", "a session_id beside it", "none");
        }
        body.string("user").ifPresent(user -> LOG.debug("request {}: user {}", exchange.name(), LogText.of(user)));
        body.string("safety_identifier"); // is never logged
        body.string("routing_key");
        exchange.end(body);
        return new ChatCall(request.build(), streamed, usage, progress, session, expected);
    }

    private static Optional<String> session(Exchange exchange, Fields body) {
        Optional<String> inBody = body.string("session_id").filter(id -> !id.isEmpty());
        Optional<String> inHeader = exchange.header("X-Session-Id").filter(id -> !id.isEmpty());
        if (inBody.isPresent() && inHeader.isPresent() && !inBody.equals(inHeader)) {
            throw body.outOfRange("session_id", "the id of the header X-Session-Id", "another one");
        }
        return inBody.or(() -> inHeader);
    }

    private List<ToolSpecification> tools(Fields body, ChatRequestBuilder request) {
        List<ToolSpecification> tools = ToolReader.tools(body, settings.limits());
        ToolChoice choice = ToolReader.choice(body, tools);
        request.tools(tools).toolChoice(choice);
        request.parallelToolCalls(body.bool("parallel_tool_calls").orElse(true));
        return tools;
    }

    private int maxTokens(Fields body) {
        OptionalInt older = body.integer("max_tokens", 1, Integer.MAX_VALUE);
        OptionalInt newer = body.integer("max_completion_tokens", 1, Integer.MAX_VALUE);
        return SamplingReader.maxTokens(
                newer.isPresent() ? newer : older,
                newer.isPresent() ? "max_completion_tokens" : "max_tokens",
                settings.limits().maxTokens());
    }

    private void thinking(Fields body, ChatRequestBuilder request) {
        OptionalInt budget = body.integer("reasoning_budget", 1, Integer.MAX_VALUE);
        if (budget.isPresent()) {
            request.thinkingBudget(budget.getAsInt());
        }
        Optional<Boolean> discard = body.bool("discard_thinking");
        request.thinkingKept(discard.map(value -> !value).orElse(settings.thinkingKept()));
        request.thinkingHidden(!body.bool("stream_thinking").orElse(settings.thinkingStreamed()));
    }

    private static void templateArguments(Fields body, ChatRequestBuilder request) {
        Fields arguments = body.object("chat_template_kwargs").orElse(null);
        if (arguments == null) {
            return;
        }
        Optional<Boolean> thinking = arguments.bool("enable_thinking");
        if (thinking.isPresent()) {
            request.thinking(thinking.get() ? ThinkingMode.ON : ThinkingMode.OFF);
        }
        for (String name : arguments.names()) {
            if (!name.equals("enable_thinking")) {
                request.templateArgument(name, TemplateArgumentReader.read(arguments.path(name), arguments.raw(name)));
            }
        }
    }

    /** Reads and checks what the engine cannot do, and refuses it by name where it is asked for. */
    private static void notOffered(
            Fields body, List<ToolSpecification> tools, boolean session, boolean streamed, Settings.Forms limits) {
        OptionalInt answers = body.integer("n", 1, MOST_ANSWERS);
        OptionalInt best = body.integer("best_of", 1, MOST_ANSWERS);
        if (best.isPresent() && best.getAsInt() < answers.orElse(1)) {
            throw body.outOfRange("best_of", "at least n", best.getAsInt());
        } else if (best.orElse(1) > 1 && streamed) {
            throw body.outOfRange("best_of", "1 with stream", best.getAsInt());
        }
        severalAnswers("n", answers, session);
        severalAnswers("best_of", best, session);
        Optional<Boolean> probabilities = body.bool("logprobs");
        OptionalInt alternatives = body.integer("top_logprobs", 0, MOST_ALTERNATIVES);
        if (alternatives.isPresent() && !probabilities.orElse(false)) {
            throw body.outOfRange("top_logprobs", "logprobs: true beside it", "none");
        } else if (probabilities.orElse(false)) {
            throw ApiError.unsupported("logprobs", "log-probabilities are not offered yet");
        }
        ResponseFormats.check(body, tools, limits);
        if (body.has("lora_adapter")) {
            throw ApiError.invalid(
                    "unknown_lora_adapter",
                    "lora_adapter",
                    "unknown_lora: no adapter is loaded, found '" + body.requiredString("lora_adapter") + "'");
        }
        NeutralFields.check(body);
    }

    private static void severalAnswers(String name, OptionalInt value, boolean session) {
        if (value.orElse(1) > 1) {
            throw ApiError.unsupported(
                    name,
                    session
                            ? "expected 1 with a session, found " + value.getAsInt()
                            : "several answers are not offered yet, found " + value.getAsInt());
        }
    }

    /** What SDKs send by themselves though it means nothing here: accepted as long as it asks for nothing. */
    private static final class NeutralFields {
        private static final List<String> TIERS = List.of("auto", "default");
        private static final List<String> ABSENT = List.of(
                "audio", "prediction", "web_search_options", "reasoning_effort", "prompt_cache_retention", "suffix");

        private NeutralFields() {}

        static void check(Fields body) {
            if (body.bool("store").orElse(false)) {
                throw ApiError.unsupported("store", "expected false");
            }
            if (body.node("metadata").map(node -> !node.isEmpty()).orElse(false)) {
                throw ApiError.unsupported("metadata", "expected none");
            }
            word(body, "service_tier", TIERS);
            word(body, "verbosity", List.of("medium"));
            word(body, "function_call", List.of("none", "auto"));
            if (!body.strings("modalities").orElse(List.of("text")).equals(List.of("text"))) {
                throw ApiError.unsupported("modalities", "expected [\"text\"]");
            }
            if (body.array("functions").map(array -> !array.isEmpty()).orElse(false)) {
                throw ApiError.unsupported("functions", "expected none: tools have taken their place");
            }
            for (String name : ABSENT) {
                if (body.has(name)) {
                    throw ApiError.unsupported(name, "it is not offered");
                }
            }
        }

        private static void word(Fields body, String name, List<String> neutral) {
            body.string(name).ifPresent(word -> {
                if (!neutral.contains(word)) {
                    throw ApiError.unsupported(name, "expected one of " + neutral + ", found '" + word + "'");
                }
            });
        }
    }
}
