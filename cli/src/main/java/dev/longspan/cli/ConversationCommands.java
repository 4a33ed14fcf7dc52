package dev.longspan.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.ChatMessage;
import dev.longspan.ToolCall;
import java.util.ArrayList;
import java.util.List;

/** The commands that change the conversation or show it. */
final class ConversationCommands {
    private static final int EXCERPT_LENGTH = 100;

    private final Conversation conversation;
    private final AnswerView view;

    ConversationCommands(Conversation conversation, AnswerView view) {
        this.conversation = conversation;
        this.view = view;
    }

    List<SlashCommand> list() {
        return List.of(
                SlashCommand.goingOn("clear", "begins a new conversation", argument -> clear()),
                SlashCommand.goingOn("fork", "goes on in a copy and leaves this one as it is", argument -> fork()),
                SlashCommand.goingOn(
                        "rollback", "N keeps the first N messages, as /history counts them", this::rollback),
                SlashCommand.goingOn(
                        "retry", "takes the last answer back and answers again", argument -> conversation.retry(view)),
                SlashCommand.goingOn("add", "FILE reads a file of text as a message, without answering", this::add),
                SlashCommand.goingOn("history", "shows the messages", argument -> history()));
    }

    private void clear() {
        conversation.clear();
        view.report(
                Report.of(Report.object("cleared").put("id", conversation.info().id()), "a new conversation"));
    }

    private void fork() {
        String from = conversation.info().id();
        conversation.fork();
        String id = conversation.info().id();
        view.report(Report.of(
                Report.object("forked").put("id", id).put("from", from),
                "goes on in " + id + "; /load " + from + " goes back to the one it was forked from"));
    }

    private void rollback(String argument) {
        int count = conversation.info().messages();
        int keep;
        try {
            keep = Integer.parseInt(argument.strip());
        } catch (NumberFormatException e) {
            keep = -1;
        }
        if (keep < 0 || keep > count) {
            throw new CommandException("expected how many messages to keep behind /rollback, 0 to " + count + ", found "
                    + (argument.isBlank() ? "nothing" : argument.strip()));
        }
        conversation.rollback(keep);
        view.report(Report.of(sized("rolled_back"), "back to " + keep + " of " + count + " messages"));
    }

    private void add(String argument) {
        String name = argument.strip();
        if (name.isEmpty()) {
            throw new CommandException("expected a file behind /add, found nothing");
        }
        String text = TextFile.read(name);
        int before = conversation.info().tokens();
        conversation.add(text);
        int added = conversation.info().tokens() - before;
        view.report(Report.of(
                sized("added").put("file", name).put("added_tokens", added),
                "added " + name + ", " + added + " tokens"));
    }

    private void history() {
        ObjectNode object = Report.object("history");
        ArrayNode messages = object.putArray("messages");
        List<String> lines = new ArrayList<>();
        for (ChatMessage message : conversation.messages()) {
            describe(messages.addObject(), message);
            lines.add((lines.size() + 1) + " " + role(message) + ": " + excerpt(message));
        }
        if (lines.isEmpty()) {
            lines.add("no messages yet");
        }
        view.report(new Report(object, lines));
    }

    private static void describe(ObjectNode object, ChatMessage message) {
        object.put("role", role(message)).put("text", message.text());
        if (message instanceof ChatMessage.AssistantMessage answer) {
            object.put("thinking", answer.thinking());
            ArrayNode calls = object.putArray("tool_calls");
            for (ToolCall call : answer.toolCalls()) {
                calls.addObject().put("id", call.id()).put("name", call.name()).put("arguments", call.arguments());
            }
        } else if (message instanceof ChatMessage.ToolMessage result) {
            object.put("call_id", result.callId());
        }
    }

    private static String role(ChatMessage message) {
        if (message instanceof ChatMessage.SystemMessage) {
            return "system";
        }
        if (message instanceof ChatMessage.UserMessage) {
            return "user";
        }
        return message instanceof ChatMessage.ToolMessage ? "tool" : "assistant";
    }

    private static String excerpt(ChatMessage message) {
        String text = Excerpt.of(message.text(), EXCERPT_LENGTH);
        if (message instanceof ChatMessage.AssistantMessage answer
                && !answer.toolCalls().isEmpty()) {
            List<String> names = answer.toolCalls().stream().map(ToolCall::name).toList();
            return text + " [calls " + String.join(", ", names) + "]";
        }
        return text;
    }

    private ObjectNode sized(String type) {
        return Report.object(type)
                .put("messages", conversation.info().messages())
                .put("tokens", conversation.info().tokens());
    }
}
