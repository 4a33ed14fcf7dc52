package dev.longspan.prompt;

import dev.longspan.ChatMessage;
import dev.longspan.ChatTemplateException;
import dev.longspan.TemplateFeatures;
import dev.longspan.TemplateFeatures.History;
import dev.longspan.TemplateFeatures.Thinking;
import dev.longspan.TemplateFeatures.ToolFormat;
import dev.longspan.ThinkingMode;
import dev.longspan.ToolSpecification;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Finds out by small renderings what a template can do. */
final class TemplateProbe {
    private static final String SENTINEL = "x7probe";
    private static final List<ChatMessage> QUESTION = List.of(ChatMessage.user("question"));
    private static final ToolSpecification TOOL = new ToolSpecification(
            SENTINEL, "does nothing", "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"string\"}}}");

    private final ConversationRenderer plain;
    private final ConversationRenderer withTools;

    TemplateProbe(ConversationRenderer plain, ConversationRenderer withTools) {
        this.plain = plain;
        this.withTools = withTools;
    }

    TemplateFeatures features(Set<String> names) {
        boolean system = shows(List.of(ChatMessage.system(SENTINEL), ChatMessage.user("question")), List.of());
        boolean tools = shows(QUESTION, List.of(TOOL));
        return new TemplateFeatures(system, tools, thinking(), history(), tools ? toolFormat(names) : ToolFormat.NONE);
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

    private static ToolFormat toolFormat(Set<String> names) {
        if (mentions(names, "<function=")) {
            return ToolFormat.FUNCTION_TAGS;
        } else if (mentions(names, "[TOOL_CALLS]")) {
            return ToolFormat.MISTRAL;
        } else if (mentions(names, "<tool_call>")) {
            return ToolFormat.HERMES;
        } else if (mentions(names, "\"parameters\": ")) {
            return ToolFormat.LLAMA3;
        }
        return ToolFormat.OTHER;
    }

    private static boolean mentions(Set<String> names, String text) {
        return names.stream().anyMatch(name -> name.contains(text));
    }

    private boolean shows(List<ChatMessage> messages, List<ToolSpecification> tools) {
        return text(messages, tools, ThinkingMode.DEFAULT, true)
                .map(text -> text.contains(SENTINEL))
                .orElse(false);
    }

    /** A template may refuse a conversation; then it cannot do what was tried. */
    private Optional<String> text(
            List<ChatMessage> messages, List<ToolSpecification> tools, ThinkingMode thinking, boolean prompt) {
        ConversationRenderer renderer = tools.isEmpty() ? plain : withTools;
        try {
            return Optional.of(
                    renderer.render(messages, tools, thinking, prompt).text());
        } catch (ChatTemplateException e) {
            return Optional.empty();
        }
    }
}
