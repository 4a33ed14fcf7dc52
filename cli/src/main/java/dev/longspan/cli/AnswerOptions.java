package dev.longspan.cli;

import dev.longspan.ChatMessage;
import dev.longspan.ChatRequest;
import dev.longspan.ChatRequestBuilder;
import dev.longspan.ThinkingMode;
import java.util.ArrayList;
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
            names = "--top-k",
            paramLabel = "N",
            description = "Chance chooses from the N likeliest tokens only. Without it the model's own setting.")
    private @Nullable Integer topK;

    @Option(
            names = "--top-p",
            paramLabel = "X",
            description =
                    "Chance chooses from the likeliest tokens that make up this share of the probability, above 0,"
                            + " at most 1. Without it the model's own setting.")
    private @Nullable Double topP;

    @Option(
            names = "--min-p",
            paramLabel = "X",
            description =
                    "Chance leaves out tokens less likely than this share of the likeliest one, 0 to 1. Without it"
                            + " the model's own setting.")
    private @Nullable Double minP;

    @Option(
            names = "--stop",
            paramLabel = "TEXT",
            description = "Ends an answer where this text begins. May be given up to " + ChatRequest.MAX_STOP_STRINGS
                    + " times.")
    private List<String> stop = new ArrayList<>();

    @Option(
            names = "--thinking-budget",
            paramLabel = "N",
            description = "How many tokens the model may think before its answer must begin.")
    private @Nullable Integer thinkingBudget;

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
        return applyTo(ChatRequest.builder().messages(messages));
    }

    /** {@return a request to answer what is there} */
    ChatRequest again() {
        return applyTo(ChatRequest.again());
    }

    private ChatRequest applyTo(ChatRequestBuilder builder) {
        if (noThink) {
            builder.thinking(ThinkingMode.OFF);
        }
        if (temperature != null) {
            builder.temperature(temperature);
        }
        if (topK != null) {
            builder.topK(topK);
        }
        if (topP != null) {
            builder.topP(topP);
        }
        if (minP != null) {
            builder.minP(minP);
        }
        builder.stop(stop);
        if (thinkingBudget != null) {
            builder.thinkingBudget(thinkingBudget);
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
