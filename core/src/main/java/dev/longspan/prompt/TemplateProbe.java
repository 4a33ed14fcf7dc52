package dev.longspan.prompt;

import dev.longspan.ChatMessage;
import dev.longspan.ChatTemplateException;
import dev.longspan.TemplateFeatures;
import dev.longspan.TemplateFeatures.History;
import dev.longspan.TemplateFeatures.Thinking;
import dev.longspan.ThinkingMode;
import dev.longspan.ToolSpecification;
import dev.longspan.text.ThinkingTags;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Finds out by small renderings what a template can do. */
final class TemplateProbe {
    private static final String SENTINEL = "x7probe";
    /** One time for all, so that a template that tells it renders equal conversations equally. */
    private static final ZonedDateTime TIME = Instant.EPOCH.atZone(ZoneOffset.UTC);

    private static final List<ChatMessage> QUESTION = List.of(ChatMessage.user("question"));
    private static final ToolSpecification TOOL = new ToolSpecification(
            SENTINEL, "does nothing", "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"string\"}}}");

    private final ConversationRenderer plain;
    private final ConversationRenderer withTools;

    TemplateProbe(ConversationRenderer plain, ConversationRenderer withTools) {
        this.plain = plain;
        this.withTools = withTools;
    }

    TemplateFeatures features(Optional<String> toolParser) {
        boolean system = shows(List.of(ChatMessage.system(SENTINEL), ChatMessage.user("question")), List.of());
        boolean tools = shows(QUESTION, List.of(TOOL));
        return new TemplateFeatures(system, tools, thinking(), history(), tools ? toolParser : Optional.empty());
    }

    private Thinking thinking() {
        Optional<String> byDefault = text(QUESTION, List.of(), ThinkingMode.DEFAULT, true);
        Optional<String> on = text(QUESTION, List.of(), ThinkingMode.ON, true);
        Optional<String> off = text(QUESTION, List.of(), ThinkingMode.OFF, true);
        if (on.isPresent() && off.isPresent() && !on.equals(off)) {
            return byDefault.equals(on) ? Thinking.ON_BY_DEFAULT : Thinking.OFF_BY_DEFAULT;
        }
        return byDefault.isPresent() && ConversationRenderer.opensThinking(byDefault.get())
                ? Thinking.ALWAYS
                : Thinking.NONE;
    }

    /**
     * {@return the white space between the end of a thinking block and the text behind it, as the template writes both in an
     * answer, else as it writes an empty block where thinking is off, else one newline}
     */
    String behindThinking() {
        ChatMessage answer = new ChatMessage.AssistantMessage(SENTINEL, "thought", List.of());
        List<ChatMessage> conversation = List.of(QUESTION.get(0), answer);
        return text(conversation, List.of(), ThinkingMode.DEFAULT, false)
                .flatMap(TemplateProbe::whiteSpaceBehindBlock)
                .or(() ->
                        text(QUESTION, List.of(), ThinkingMode.OFF, true).flatMap(TemplateProbe::whiteSpaceBehindBlock))
                .orElse("\n");
    }

    /** {@return where earlier thinking has its place: as a field of its own, else in the content} */
    ThinkingPlace thinkingPlace() {
        ChatMessage answer = new ChatMessage.AssistantMessage("answer", SENTINEL, List.of());
        RenderSettings kept = new RenderSettings(List.of(), ThinkingMode.DEFAULT, true, Map.of());
        if (shows(List.of(QUESTION.get(0), answer), kept)) {
            return ThinkingPlace.REASONING;
        }
        ChatMessage inContent =
                ChatMessage.assistant(ThinkingTags.OPEN + "\n" + SENTINEL + "\n" + ThinkingTags.CLOSE + "\nanswer");
        return shows(List.of(QUESTION.get(0), inContent), kept) ? ThinkingPlace.CONTENT : ThinkingPlace.NONE;
    }

    private boolean shows(List<ChatMessage> messages, RenderSettings settings) {
        return text(messages, settings, false)
                .map(text -> text.contains(SENTINEL))
                .orElse(false);
    }

    private static Optional<String> whiteSpaceBehindBlock(String rendered) {
        int close = rendered.lastIndexOf(ThinkingTags.CLOSE);
        if (close < 0) {
            return Optional.empty();
        }
        String rest = rendered.substring(close + ThinkingTags.CLOSE.length());
        String visible = rest.stripLeading();
        return visible.isEmpty() || visible.startsWith(SENTINEL)
                ? Optional.of(rest.substring(0, rest.length() - visible.length()))
                : Optional.empty();
    }

    /** Whether a conversation that goes on begins with what it was, thinking included. */
    private History history() {
        ChatMessage answer = new ChatMessage.AssistantMessage("answer", "thought", List.of());
        List<ChatMessage> before = List.of(ChatMessage.user("question"), answer);
        List<ChatMessage> after = List.of(ChatMessage.user("question"), answer, ChatMessage.user("more"));
        Optional<String> first = text(before, List.of(), ThinkingMode.DEFAULT, false);
        Optional<String> second = text(after, List.of(), ThinkingMode.DEFAULT, false);
        if (first.isEmpty() || second.isEmpty()) {
            return History.UNKNOWN;
        }
        return second.get().startsWith(first.get()) ? History.STABLE : History.REWRITING;
    }

    private boolean shows(List<ChatMessage> messages, List<ToolSpecification> tools) {
        return text(messages, tools, ThinkingMode.DEFAULT, true)
                .map(text -> text.contains(SENTINEL))
                .orElse(false);
    }

    /** A template may refuse a conversation; then it cannot do what was tried. */
    private Optional<String> text(
            List<ChatMessage> messages, List<ToolSpecification> tools, ThinkingMode thinking, boolean prompt) {
        return text(messages, new RenderSettings(tools, thinking, false, Map.of()), prompt);
    }

    private Optional<String> text(List<ChatMessage> messages, RenderSettings settings, boolean prompt) {
        ConversationRenderer renderer = settings.tools().isEmpty() ? plain : withTools;
        try {
            return Optional.of(renderer.render(messages, settings, TIME, prompt).text());
        } catch (ChatTemplateException e) {
            return Optional.empty();
        }
    }
}
