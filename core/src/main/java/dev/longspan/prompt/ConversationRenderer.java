package dev.longspan.prompt;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.longspan.ChatMessage;
import dev.longspan.InvalidRequestException;
import dev.longspan.ThinkingMode;
import dev.longspan.ToolCall;
import dev.longspan.ToolSpecification;
import dev.longspan.template.ChatTemplate;
import dev.longspan.template.TemplateText;
import dev.longspan.template.TemplateValues;
import dev.longspan.text.MarkedText;
import dev.longspan.text.Origin;
import dev.longspan.text.ThinkingTags;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Renders messages and tools with a chat template; all text from outside is marked. Immutable; any thread. */
final class ConversationRenderer {
    private static final String TRUNCATE = "truncate_history_thinking";
    private static final ObjectMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxStringLength(Integer.MAX_VALUE)
                            .build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build();
    private static final TypeReference<LinkedHashMap<String, Object>> OBJECT = new TypeReference<>() {};

    private final ChatTemplate template;
    private final Map<String, String> specialTokens;
    private final ThinkingPlace place;

    /**
     * Makes a renderer.
     *
     * @param place where thinking goes that is kept
     */
    ConversationRenderer(ChatTemplate template, Map<String, String> specialTokens, ThinkingPlace place) {
        this.template = template;
        this.specialTokens = Map.copyOf(specialTokens);
        this.place = place;
    }

    /** Whether a prompt ends inside a thinking block that the template itself has opened. */
    static boolean opensThinking(MarkedText text) {
        int start = text.text().stripTrailing().length() - ThinkingTags.OPEN.length();
        return opensThinking(text.text()) && text.marks().stream().noneMatch(mark -> mark.end() > start);
    }

    static boolean opensThinking(String text) {
        return text.stripTrailing().endsWith(ThinkingTags.OPEN);
    }

    /**
     * Renders a conversation.
     *
     * @param time what the template is told of the time; null for the time it is
     * @param generationPrompt whether the beginning of the next answer is rendered, too
     * @throws InvalidRequestException if a message, a tool or an argument is malformed
     * @throws dev.longspan.ChatTemplateException if the template refuses the conversation
     */
    MarkedText render(
            List<ChatMessage> messages,
            RenderSettings settings,
            @Nullable ZonedDateTime time,
            boolean generationPrompt) {
        Map<String, @Nullable Object> context = new LinkedHashMap<>();
        context.putAll(TemplateArguments.checked(settings.arguments(), specialTokens.keySet()));
        context.putAll(specialTokens);
        List<Object> rendered = new ArrayList<>();
        for (int i = 0; i < messages.size(); i++) {
            ChatMessage message = messages.get(i);
            if (message instanceof ChatMessage.SystemMessage && i > 0) {
                throw new InvalidRequestException(
                        "messages[" + i + "]", "expected the system message to be the first, found one here");
            }
            rendered.add(message(message, "messages[" + i + "]", settings.keepThinking()));
        }
        context.put("messages", rendered);
        // as Hugging Face does: there is always a value, and it is none where there are no tools and documents
        context.put("tools", settings.tools().isEmpty() ? null : tools(settings.tools()));
        context.put("documents", null);
        context.put("strftime_now", time == null ? ZonedDateTime.now(ZoneId.systemDefault()) : time);
        context.put("add_generation_prompt", generationPrompt);
        if (settings.thinking() != ThinkingMode.DEFAULT) {
            context.put("enable_thinking", settings.thinking() == ThinkingMode.ON);
        }
        if (settings.keepThinking() && template.names().contains(TRUNCATE) && !context.containsKey(TRUNCATE)) {
            context.put(TRUNCATE, false);
        }
        return template.render(context);
    }

    private Map<String, Object> message(ChatMessage message, String path, boolean keepThinking) {
        Map<String, Object> map = new LinkedHashMap<>();
        if (message instanceof ChatMessage.SystemMessage) {
            map.put("role", "system");
            map.put("content", TemplateText.marked(message.text(), Origin.OUTSIDE));
        } else if (message instanceof ChatMessage.UserMessage) {
            map.put("role", "user");
            map.put("content", TemplateText.marked(message.text(), Origin.OUTSIDE));
        } else if (message instanceof ChatMessage.AssistantMessage answer) {
            map.put("role", "assistant");
            boolean inContent = keepThinking
                    && place == ThinkingPlace.CONTENT
                    && !answer.thinking().isEmpty();
            String content = inContent ? withThinking(answer) : answer.text();
            map.put("content", TemplateText.marked(content, Origin.ASSISTANT));
            if (!answer.thinking().isEmpty() && !inContent) {
                map.put("reasoning_content", TemplateText.marked(answer.thinking(), Origin.ASSISTANT));
            }
            if (!answer.toolCalls().isEmpty()) {
                map.put("tool_calls", toolCalls(answer.toolCalls(), path + ".toolCalls"));
            }
        } else if (message instanceof ChatMessage.ToolMessage result) {
            map.put("role", "tool");
            map.put("content", TemplateText.marked(result.text(), Origin.OUTSIDE));
            if (!result.callId().isEmpty()) {
                map.put("tool_call_id", TemplateText.marked(result.callId(), Origin.OUTSIDE));
            }
        }
        return map;
    }

    /** Thinking as a model writes it in front of its answer. */
    private static String withThinking(ChatMessage.AssistantMessage answer) {
        String thinking = answer.thinking();
        return ThinkingTags.OPEN
                + (thinking.startsWith("\n") ? "" : "\n")
                + thinking
                + (thinking.endsWith("\n") ? "" : "\n")
                + ThinkingTags.CLOSE
                + "\n"
                + answer.text();
    }

    private static List<Object> toolCalls(List<ToolCall> calls, String path) {
        List<Object> list = new ArrayList<>();
        for (int i = 0; i < calls.size(); i++) {
            ToolCall call = calls.get(i);
            Map<String, Object> function = new LinkedHashMap<>();
            function.put("name", TemplateText.marked(call.name(), Origin.ASSISTANT));
            function.put(
                    "arguments",
                    TemplateValues.marked(parse(call.arguments(), path + "[" + i + "].arguments"), Origin.ASSISTANT));
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("id", TemplateText.marked(call.id(), Origin.ASSISTANT));
            map.put("type", "function");
            map.put("function", function);
            list.add(map);
        }
        return list;
    }

    private static List<Object> tools(List<ToolSpecification> tools) {
        List<Object> list = new ArrayList<>();
        for (int i = 0; i < tools.size(); i++) {
            ToolSpecification tool = tools.get(i);
            Map<String, Object> function = new LinkedHashMap<>();
            function.put("name", TemplateText.marked(tool.name(), Origin.OUTSIDE));
            function.put("description", TemplateText.marked(tool.description(), Origin.OUTSIDE));
            Map<String, Object> parameters = tool.parameters().isEmpty()
                    ? new LinkedHashMap<>(Map.of("type", "object", "properties", Map.of()))
                    : parse(tool.parameters(), "tools[" + i + "].parameters");
            function.put("parameters", TemplateValues.marked(parameters, Origin.OUTSIDE));
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("type", "function");
            map.put("function", function);
            list.add(map);
        }
        return list;
    }

    private static Map<String, Object> parse(String json, String path) {
        try {
            Map<String, Object> object = JSON.readValue(json, OBJECT);
            if (object == null) {
                throw new InvalidRequestException(path, "expected a JSON object, found null");
            }
            return object;
        } catch (JsonParseException e) {
            throw new InvalidRequestException(path, "expected a JSON object: " + e.getOriginalMessage());
        } catch (JsonProcessingException | NumberFormatException | ArithmeticException e) {
            // whose words are about classes
            throw new InvalidRequestException(
                    path, "expected a JSON object with numbers whose exponents are in the range of an int");
        }
    }
}
