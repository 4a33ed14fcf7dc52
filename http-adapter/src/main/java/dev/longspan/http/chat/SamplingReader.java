package dev.longspan.http.chat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.ChatRequest;
import dev.longspan.ChatRequestBuilder;
import dev.longspan.FlushPolicy;
import dev.longspan.InvalidRequestException;
import dev.longspan.RepetitionSettings;
import dev.longspan.SamplingSettings;
import dev.longspan.http.server.Faults;
import dev.longspan.http.wire.ApiError;
import dev.longspan.http.wire.Fields;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/** Reads how tokens are chosen, and when the answer ends. */
public final class SamplingReader {
    private static final double MOST_PENALTY = 2;
    private static final double MOST_BIAS = 100;
    private static final Pattern TOKEN = Pattern.compile("0|[1-9][0-9]{0,8}");
    private static final int MOST_DELAY = 60_000;
    /** The whole numbers of {@code repetition_detection}. */
    private static final List<String> REPETITION = List.of(
            "tail_len", "check_every", "min_generated_tokens", "min_repeats", "max_period", "min_unique_tokens");

    private SamplingReader() {}

    /**
     * Reads the numbers.
     *
     * @param temperature the highest temperature
     */
    public static void read(Fields body, ChatRequestBuilder request, double temperature) {
        body.number("temperature", "a number from 0 to " + temperature, value -> value >= 0 && value <= temperature)
                .ifPresent(request::temperature);
        body.number("top_p", "a number above 0, at most 1", value -> value > 0 && value <= 1)
                .ifPresent(request::topP);
        body.integer("top_k", 1, Integer.MAX_VALUE).ifPresent(request::topK);
        body.number("min_p", "a number from 0 to 1", value -> value >= 0 && value <= 1)
                .ifPresent(request::minP);
        body.number("frequency_penalty", "a number from -2 to 2", value -> Math.abs(value) <= MOST_PENALTY)
                .ifPresent(request::frequencyPenalty);
        body.number("presence_penalty", "a number from -2 to 2", value -> Math.abs(value) <= MOST_PENALTY)
                .ifPresent(request::presencePenalty);
        body.number("repetition_penalty", "a number above 0, at most 2", value -> value > 0 && value <= MOST_PENALTY)
                .ifPresent(request::repetitionPenalty);
        body.integer("seed", Long.MIN_VALUE, Long.MAX_VALUE).ifPresent(request::seed);
        Map<Integer, Double> biases = biases(body);
        if (!biases.isEmpty()) {
            request.logitBias(biases);
        }
        request.stop(stop(body));
    }

    private static Map<Integer, Double> biases(Fields body) {
        Map<Integer, Double> biases = new HashMap<>();
        Fields fields = body.object("logit_bias").orElse(null);
        if (fields == null) {
            return biases;
        }
        List<String> names = fields.names();
        if (names.size() > SamplingSettings.MAX_LOGIT_BIASES) {
            throw body.outOfRange(
                    "logit_bias", "at most " + SamplingSettings.MAX_LOGIT_BIASES + " entries", names.size());
        }
        for (String name : names) {
            if (!TOKEN.matcher(name).matches()) {
                throw body.outOfRange("logit_bias", "token ids as names", "'" + name + "'");
            }
            fields.number(name, "a number from -100 to 100", value -> Math.abs(value) <= MOST_BIAS)
                    .ifPresent(value -> biases.put(Integer.valueOf(name), value));
        }
        return biases;
    }

    private static List<String> stop(Fields body) {
        JsonNode stop = body.raw("stop");
        if (stop == null) {
            return List.of();
        }
        List<String> strings =
                stop.isArray() ? body.strings("stop").orElse(List.of()) : List.of(body.requiredString("stop"));
        if (strings.size() > ChatRequest.MAX_STOP_STRINGS) {
            throw body.outOfRange("stop", "at most " + ChatRequest.MAX_STOP_STRINGS + " strings", strings.size());
        }
        for (int i = 0; i < strings.size(); i++) {
            if (strings.get(i).isEmpty()) {
                throw body.outOfRange(stop.isArray() ? "stop[" + i + "]" : "stop", "a string", "an empty one");
            }
        }
        return strings;
    }

    /** Reads {@code repetition_detection}, which may also stand in {@code extra}, and there wins. */
    public static void repetition(Fields body, ChatRequestBuilder request) {
        Optional<Map<String, Object>> plain =
                body.object("repetition_detection").map(SamplingReader::repetition);
        Optional<Map<String, Object>> wins = body.object("extra")
                .flatMap(extra -> extra.object("repetition_detection"))
                .map(SamplingReader::repetition);
        wins.or(() -> plain).ifPresent(values -> {
            try {
                request.repetition(RepetitionSettings.DEFAULT.with(values));
            } catch (InvalidRequestException e) {
                throw wins.isPresent() ? inExtra(e) : e;
            }
        });
    }

    private static Map<String, Object> repetition(Fields fields) {
        Map<String, Object> values = new HashMap<>();
        fields.bool("enabled").ifPresent(value -> values.put("enabled", value));
        for (String name : REPETITION) {
            fields.integer(name, Integer.MIN_VALUE, Integer.MAX_VALUE).ifPresent(value -> values.put(name, value));
        }
        return values;
    }

    private static ApiError inExtra(InvalidRequestException fault) {
        String problem =
                String.valueOf(fault.getMessage()).substring(fault.field().length() + ": ".length());
        return ApiError.invalid("invalid_value", "extra." + Faults.wire(fault.field()), problem);
    }

    /** Reads when text is handed out. */
    static void flush(Fields options, ChatRequestBuilder request) {
        OptionalInt tokens = options.integer("flush_every_n_tokens", 1, Integer.MAX_VALUE);
        OptionalInt millis = options.integer("flush_every_ms", 1, MOST_DELAY);
        request.flushPolicy(new FlushPolicy(
                tokens.orElse(FlushPolicy.DEFAULT.tokens()),
                millis.isPresent() ? Duration.ofMillis(millis.getAsInt()) : FlushPolicy.DEFAULT.delay()));
    }

    /** {@return how many tokens the answer may have} */
    static int maxTokens(OptionalInt asked, String field, int cap) {
        if (cap > 0 && asked.isPresent() && asked.getAsInt() > cap) {
            throw ApiError.invalid(
                    "invalid_value", field, "expected at most " + cap + " tokens, found " + asked.getAsInt());
        }
        int most = asked.orElse(ChatRequest.DEFAULT_MAX_TOKENS);
        return cap > 0 ? Math.min(most, cap) : most;
    }
}
