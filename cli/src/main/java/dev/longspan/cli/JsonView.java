package dev.longspan.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.ChatEvent;
import dev.longspan.ChatResponse;
import dev.longspan.ContextLengthException;
import dev.longspan.InvalidRequestException;
import dev.longspan.Timing;
import dev.longspan.TokenUsage;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;

/** Prints one JSON object per line: one for each answer, command and failure. Times are in seconds. */
final class JsonView implements AnswerView {
    private final PrintStream out;

    JsonView(PrintStream out) {
        this.out = out;
    }

    @Override
    public void show(ChatEvent event) {
        if (event instanceof ChatEvent.Completed completed) {
            print(answer(completed.response()));
        }
    }

    @Override
    public void failed(Throwable error) {
        Throwable named = error instanceof StartException && error.getCause() != null ? error.getCause() : error;
        ObjectNode object = Report.object("error");
        object.put("error", named.getClass().getSimpleName());
        object.put("message", Fault.of(error).line());
        if (named instanceof InvalidRequestException invalid) {
            object.put("field", invalid.field());
        }
        if (named instanceof ContextLengthException length) {
            object.put("prompt_tokens", length.promptTokens());
            object.put("max_context_tokens", length.maxContextTokens());
        }
        print(object);
    }

    @Override
    public void report(Report report) {
        print(report.object());
    }

    private static ObjectNode answer(ChatResponse response) {
        ObjectNode object = Report.object("answer");
        object.put("text", response.text());
        object.put("thinking", response.message().thinking());
        object.put("finish_reason", response.finishReason().name().toLowerCase(Locale.ROOT));
        TokenUsage usage = response.usage();
        object.putObject("usage")
                .put("prompt_tokens", usage.promptTokens())
                .put("completion_tokens", usage.completionTokens())
                .put("thinking_tokens", usage.thinkingTokens())
                .put("reused_tokens", usage.reusedTokens());
        Timing timing = response.timing();
        object.putObject("timing")
                .put("queue", seconds(timing.queue()))
                .put("prefill", seconds(timing.prefill()))
                .put("decode", seconds(timing.decode()))
                .put("total", seconds(timing.total()))
                .put("time_to_first_token", seconds(timing.timeToFirstToken()))
                .put("tokens_per_second", timing.tokensPerSecond());
        return object;
    }

    private static double seconds(Duration time) {
        return time.toNanos() / 1e9;
    }

    private void print(ObjectNode object) {
        out.print(object + "\n");
        out.flush();
    }
}
