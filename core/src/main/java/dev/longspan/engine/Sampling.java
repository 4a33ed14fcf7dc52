package dev.longspan.engine;

import dev.longspan.SamplingSettings;
import dev.longspan.model.GenerationConfig;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * How tokens are chosen, with nothing left open.
 *
 * @param temperature 0 for greedy
 * @param topK {@link #ALL} for off
 * @param topP 1 for off
 * @param minP 0 for off
 * @param repetitionPenalty 1 for off
 * @param frequencyPenalty 0 for off
 * @param presencePenalty 0 for off
 * @param logitBias by token id
 * @param seed begins the random numbers
 */
public record Sampling(
        double temperature,
        int topK,
        double topP,
        double minP,
        double repetitionPenalty,
        double frequencyPenalty,
        double presencePenalty,
        Map<Integer, Double> logitBias,
        long seed) {
    /** No limit to the tokens to choose from. */
    static final int ALL = Integer.MAX_VALUE;

    /** {@return what a request asks for, and what the model says where that leaves it open} */
    public static Sampling of(SamplingSettings asked, GenerationConfig model) {
        Integer topK = model.topK();
        return new Sampling(
                asked.temperature().orElse(model.temperature()),
                asked.topK().orElse(topK == null ? ALL : topK),
                choice(asked.topP(), model.topP(), 1),
                choice(asked.minP(), model.minP(), 0),
                choice(asked.repetitionPenalty(), model.repetitionPenalty(), 1),
                choice(asked.frequencyPenalty(), model.frequencyPenalty(), 0),
                choice(asked.presencePenalty(), model.presencePenalty(), 0),
                asked.logitBias(),
                asked.seed().orElseGet(() -> ThreadLocalRandom.current().nextLong()));
    }

    private static double choice(OptionalDouble asked, @Nullable Double model, double off) {
        return asked.orElse(model == null ? off : model);
    }

    /** {@return greedy choice, or all of the tokens at a temperature} */
    static Sampling plain(double temperature, long seed) {
        return new Sampling(temperature, ALL, 1, 0, 1, 0, 0, Map.of(), seed);
    }

    boolean changesLogits() {
        return repetitionPenalty != 1 || countsTokens() || !logitBias.isEmpty();
    }

    boolean countsTokens() {
        return frequencyPenalty != 0 || presencePenalty != 0;
    }

    Sampling withSeed(long other) {
        return new Sampling(
                temperature, topK, topP, minP, repetitionPenalty, frequencyPenalty, presencePenalty, logitBias, other);
    }
}
