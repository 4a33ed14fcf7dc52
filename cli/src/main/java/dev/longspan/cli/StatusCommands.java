package dev.longspan.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.BackendInfo;
import dev.longspan.ChatEngine;
import dev.longspan.ChatResponse;
import dev.longspan.ModelInfo;
import dev.longspan.SessionInfo;
import dev.longspan.Timing;
import dev.longspan.TokenUsage;
import dev.longspan.TurnInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The commands that tell sizes and times. */
final class StatusCommands {
    private final ChatEngine engine;
    private final Conversation conversation;
    private final AnswerView view;

    StatusCommands(ChatEngine engine, Conversation conversation, AnswerView view) {
        this.engine = engine;
        this.conversation = conversation;
        this.view = view;
    }

    List<SlashCommand> list() {
        return List.of(
                SlashCommand.goingOn("info", "tells what the conversation holds and reused", argument -> info()),
                SlashCommand.goingOn("stats", "tells sizes and times", argument -> stats()));
    }

    /** {@return model and backend in a line} */
    String modelLine() {
        ModelInfo model = engine.model();
        BackendInfo backend = engine.backend();
        return String.format(
                Locale.ROOT,
                "%s (%,d parameters) on backend %s, device %s",
                model.name(),
                model.parameters(),
                backend.id(),
                backend.device().id());
    }

    private void info() {
        SessionInfo info = conversation.info();
        ObjectNode object = Report.object("info")
                .put("id", info.id())
                .put("created", info.created().toString())
                .put("messages", info.messages())
                .put("tokens", info.tokens())
                .put("max_tokens", info.maxTokens())
                .put("checkpoints", info.checkpoints())
                .put("bytes", info.bytes())
                .put("exclusive_bytes", info.exclusiveBytes());
        List<String> lines = new ArrayList<>();
        lines.add(String.format(
                Locale.ROOT,
                "%s: %,d messages, %,d of at most %,d tokens",
                info.id(),
                info.messages(),
                info.tokens(),
                info.maxTokens()));
        lines.add("memory: " + ByteCount.of(info.bytes()) + " in " + info.checkpoints() + " checkpoints, "
                + ByteCount.of(info.exclusiveBytes()) + " of it shared with no other");
        lines.add(lastTurn(object, info.lastTurn()));
        view.report(new Report(object, lines));
    }

    private static String lastTurn(ObjectNode object, Optional<TurnInfo> last) {
        if (last.isEmpty()) {
            object.putNull("last_turn");
            return "no turn yet";
        }
        TurnInfo turn = last.get();
        object.putObject("last_turn")
                .put("matching_tokens", turn.matchingTokens())
                .put("reused_tokens", turn.reusedTokens())
                .put("reuse_end", turn.reuseEnd().name().toLowerCase(Locale.ROOT))
                .put("computed_tokens", turn.computedTokens())
                .put("commit_tokens", turn.commitTokens());
        return String.format(
                Locale.ROOT,
                "last turn: %,d tokens reused of %,d that match, %,d computed, %,d more behind the answer; %s",
                turn.reusedTokens(),
                turn.matchingTokens(),
                turn.computedTokens(),
                turn.commitTokens(),
                Explanation.of(turn.reuseEnd()));
    }

    private void stats() {
        ObjectNode object = Report.object("stats")
                .put("model", engine.model().name())
                .put("parameters", engine.model().parameters())
                .put("backend", engine.backend().id())
                .put("device", engine.backend().device().id())
                .put("max_context_tokens", engine.model().maxContextTokens())
                .put("messages", conversation.info().messages())
                .put("generated_tokens", conversation.generatedTokens());
        List<String> lines = new ArrayList<>();
        lines.add(modelLine());
        lines.add(String.format(
                Locale.ROOT,
                "%,d messages in the conversation; %,d tokens generated since the start",
                conversation.info().messages(),
                conversation.generatedTokens()));
        conversation.lastAnswer().ifPresentOrElse(last -> addLast(lines, last), () -> lines.add("no answer yet"));
        view.report(new Report(object, lines));
    }

    private void addLast(List<String> lines, ChatResponse last) {
        TokenUsage usage = last.usage();
        lines.add(String.format(
                Locale.ROOT,
                "last turn: %,d of at most %,d tokens: %,d read (%,d reused), %,d generated (%,d thinking)",
                usage.totalTokens(),
                engine.model().maxContextTokens(),
                usage.promptTokens(),
                usage.reusedTokens(),
                usage.completionTokens(),
                usage.thinkingTokens()));
        Timing timing = last.timing();
        lines.add(String.format(
                Locale.ROOT,
                "last turn: first token after %.2f s, whole answer after %.2f s, %.1f tokens a second",
                timing.timeToFirstToken().toNanos() / 1e9,
                timing.total().toNanos() / 1e9,
                timing.tokensPerSecond()));
    }
}
