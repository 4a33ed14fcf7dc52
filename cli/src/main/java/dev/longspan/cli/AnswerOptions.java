package dev.longspan.cli;

import dev.longspan.ChatMessage;
import dev.longspan.ChatRequest;
import dev.longspan.ThinkingMode;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say how the model shall answer. */
final class AnswerOptions {
    @Option(names = "--system", paramLabel = "TEXT", description = "An instruction for the whole conversation.")
    private @Nullable String system;

    @Option(names = "--no-think", description = "The model answers without thinking first.")
    private boolean noThink;

    @Option(
            names = "--temperature",
            paramLabel = "X",
            description =
                    "0 takes the likeliest token each time; above 0 chance plays a part. Without it the model's own"
                            + " setting, else 0.")
    private @Nullable Double temperature;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            description = "How many tokens an answer may have. Without it " + ChatRequest.DEFAULT_MAX_TOKENS + ".")
    private @Nullable Integer maxTokens;

    @Option(names = "--seed", paramLabel = "N", description = "Makes chance repeatable.")
    private @Nullable Long seed;

    /** {@return what every conversation begins with} */
    List<ChatMessage> opening() {
        return system == null ? List.of() : List.of(ChatMessage.system(system));
    }

    /** {@return a request to answer these messages} */
    ChatRequest request(List<ChatMessage> messages) {
        ChatRequest.Builder builder = ChatRequest.builder().messages(messages);
        if (noThink) {
            builder.thinking(ThinkingMode.OFF);
        }
        if (temperature != null) {
            builder.temperature(temperature);
        }
        if (maxTokens != null) {
            builder.maxTokens(maxTokens);
        }
        if (seed != null) {
            builder.seed(seed);
        }
        return builder.build();
    }
}
