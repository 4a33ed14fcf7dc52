package dev.longspan;

import java.util.Collections;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.DoublePredicate;

/**
 * How tokens are chosen. What is left empty comes from the model's {@code generation_config.json}, and is off where that says
 * nothing. Applied in this order: bias, repetition penalty, frequency and presence penalty, temperature, top-k, top-p, min-p.
 *
 * @param temperature 0 for greedy, else above 0 and finite
 * @param topK choose from so many of the most probable tokens, at least 1
 * @param topP choose from the fewest most probable tokens whose probabilities reach this sum, above 0, at most 1
 * @param minP choose from tokens at least this probable relative to the most probable one, 0 to 1
 * @param repetitionPenalty divides the positive logits of tokens that occur in prompt or answer, and multiplies the negative ones; above 0, at most 2, and 1 changes nothing
 * @param frequencyPenalty is taken from a token's logit once for each time it occurs in the answer, -2 to 2
 * @param presencePenalty is taken from the logit of each token that occurs in the answer, -2 to 2
 * @param logitBias is added to the logits of single tokens by id, each -100 to 100, at most 1024
 * @param seed makes sampling reproducible; empty: another one each time
 */
public record SamplingSettings(
        OptionalDouble temperature,
        OptionalInt topK,
        OptionalDouble topP,
        OptionalDouble minP,
        OptionalDouble repetitionPenalty,
        OptionalDouble frequencyPenalty,
        OptionalDouble presencePenalty,
        Map<Integer, Double> logitBias,
        OptionalLong seed) {
    /** Everything is left to the model. */
    public static final SamplingSettings DEFAULT = new SamplingSettings(
            OptionalDouble.empty(),
            OptionalInt.empty(),
            OptionalDouble.empty(),
            OptionalDouble.empty(),
            OptionalDouble.empty(),
            OptionalDouble.empty(),
            OptionalDouble.empty(),
            Map.of(),
            OptionalLong.empty());

    /** How many tokens a request may give a bias. */
    public static final int MAX_LOGIT_BIASES = 1024;

    private static final double MAX_PENALTY = 2;
    private static final double MAX_BIAS = 100;

    /** Checks and copies the components. */
    public SamplingSettings {
        require(temperature, "temperature", "a finite number from 0", value -> value >= 0 && Double.isFinite(value));
        if (topK.isPresent() && topK.getAsInt() < 1) {
            throw new InvalidRequestException("topK", "expected at least 1, found " + topK.getAsInt());
        }
        require(topP, "topP", "a number above 0, at most 1", value -> value > 0 && value <= 1);
        require(minP, "minP", "a number from 0 to 1", value -> value >= 0 && value <= 1);
        require(
                repetitionPenalty,
                "repetitionPenalty",
                "a number above 0, at most 2",
                value -> value > 0 && value <= MAX_PENALTY);
        require(frequencyPenalty, "frequencyPenalty", "a number from -2 to 2", value -> Math.abs(value) <= MAX_PENALTY);
        require(presencePenalty, "presencePenalty", "a number from -2 to 2", value -> Math.abs(value) <= MAX_PENALTY);
        if (logitBias.size() > MAX_LOGIT_BIASES) {
            throw new InvalidRequestException(
                    "logitBias", "expected at most " + MAX_LOGIT_BIASES + " tokens, found " + logitBias.size());
        }
        logitBias.forEach((id, bias) -> {
            if (id < 0) {
                throw new InvalidRequestException("logitBias", "expected token ids from 0, found " + id);
            }
            if (!(Math.abs(bias) <= MAX_BIAS)) {
                throw new InvalidRequestException(
                        "logitBias[" + id + "]", "expected a number from -100 to 100, found " + bias);
            }
        });
        logitBias = Collections.unmodifiableMap(new TreeMap<>(logitBias));
    }

    private static void require(OptionalDouble value, String name, String expected, DoublePredicate range) {
        if (value.isPresent() && !range.test(value.getAsDouble())) {
            throw new InvalidRequestException(name, "expected " + expected + ", found " + value.getAsDouble());
        }
    }

    SamplingSettings withTemperature(double value) {
        return new SamplingSettings(
                OptionalDouble.of(value),
                topK,
                topP,
                minP,
                repetitionPenalty,
                frequencyPenalty,
                presencePenalty,
                logitBias,
                seed);
    }

    SamplingSettings withTopK(int value) {
        return new SamplingSettings(
                temperature,
                OptionalInt.of(value),
                topP,
                minP,
                repetitionPenalty,
                frequencyPenalty,
                presencePenalty,
                logitBias,
                seed);
    }

    SamplingSettings withTopP(double value) {
        return new SamplingSettings(
                temperature,
                topK,
                OptionalDouble.of(value),
                minP,
                repetitionPenalty,
                frequencyPenalty,
                presencePenalty,
                logitBias,
                seed);
    }

    SamplingSettings withMinP(double value) {
        return new SamplingSettings(
                temperature,
                topK,
                topP,
                OptionalDouble.of(value),
                repetitionPenalty,
                frequencyPenalty,
                presencePenalty,
                logitBias,
                seed);
    }

    SamplingSettings withRepetitionPenalty(double value) {
        return new SamplingSettings(
                temperature,
                topK,
                topP,
                minP,
                OptionalDouble.of(value),
                frequencyPenalty,
                presencePenalty,
                logitBias,
                seed);
    }

    SamplingSettings withFrequencyPenalty(double value) {
        return new SamplingSettings(
                temperature,
                topK,
                topP,
                minP,
                repetitionPenalty,
                OptionalDouble.of(value),
                presencePenalty,
                logitBias,
                seed);
    }

    SamplingSettings withPresencePenalty(double value) {
        return new SamplingSettings(
                temperature,
                topK,
                topP,
                minP,
                repetitionPenalty,
                frequencyPenalty,
                OptionalDouble.of(value),
                logitBias,
                seed);
    }

    SamplingSettings withLogitBias(Map<Integer, Double> value) {
        return new SamplingSettings(
                temperature, topK, topP, minP, repetitionPenalty, frequencyPenalty, presencePenalty, value, seed);
    }

    SamplingSettings withSeed(long value) {
        return new SamplingSettings(
                temperature,
                topK,
                topP,
                minP,
                repetitionPenalty,
                frequencyPenalty,
                presencePenalty,
                logitBias,
                OptionalLong.of(value));
    }
}
