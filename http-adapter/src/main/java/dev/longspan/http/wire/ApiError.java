package dev.longspan.http.wire;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.spi.LongspanException;
import java.io.Serial;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What a client is told instead of an answer: a status, and a body in the one form that all errors have. */
public final class ApiError extends LongspanException {
    @Serial
    private static final long serialVersionUID = 1;

    private final int status;
    private final Type type;
    private final String code;
    private final @Nullable String param;
    private final TreeMap<String, String> headers = new TreeMap<>();

    /** The kinds of errors that clients tell apart. */
    public enum Type {
        /** The request cannot be answered as it is. */
        INVALID_REQUEST,
        /** What it names is not there. */
        NOT_FOUND,
        /** It does not fit what is there. */
        CONFLICT,
        /** It lacks a valid key. */
        AUTHENTICATION,
        /** There are too many requests. */
        RATE_LIMIT,
        /** There is too little memory, or no model yet. */
        OVERLOADED,
        /** It took too long. */
        TIMEOUT,
        /** The fault is the server's. */
        SERVER;

        String wire() {
            return switch (this) {
                case INVALID_REQUEST -> "invalid_request_error";
                case NOT_FOUND -> "not_found_error";
                case CONFLICT -> "conflict_error";
                case AUTHENTICATION -> "authentication_error";
                case RATE_LIMIT -> "rate_limit_error";
                case OVERLOADED -> "overloaded_error";
                case TIMEOUT -> "timeout_error";
                case SERVER -> "server_error";
            };
        }
    }

    /**
     * Makes an error.
     *
     * @param status the HTTP status
     * @param type the kind
     * @param code a word for programs
     * @param param the field at fault, a path; null if it is no field
     * @param message what was expected and what was found
     */
    public ApiError(int status, Type type, String code, @Nullable String param, String message) {
        super(message);
        this.status = status;
        this.type = type;
        this.code = code;
        this.param = param;
    }

    /** {@return a fault in a field: 400} */
    public static ApiError invalid(String code, String param, String message) {
        return new ApiError(400, Type.INVALID_REQUEST, code, param, param + ": " + message);
    }

    /** {@return that a field asks for what is not offered: 400} */
    public static ApiError unsupported(String param, String message) {
        return invalid("unsupported_field", param, message);
    }

    /** {@return that the server ends: 503} */
    public static ApiError shuttingDown() {
        return shuttingDown("");
    }

    /**
     * {@return that the server stops: 503}
     *
     * @param rest what else there is to say, behind a comma; may be empty
     */
    public static ApiError shuttingDown(String rest) {
        return new ApiError(503, Type.OVERLOADED, "shutting_down", null, "the server is shutting down" + rest)
                .retryAfter(Duration.ofSeconds(5));
    }

    /** {@return that there is too little memory: 503} */
    public static ApiError overloaded(String message, Duration retryAfter) {
        return new ApiError(503, Type.OVERLOADED, "overloaded", null, message).retryAfter(retryAfter);
    }

    /** {@return the beginning of what others wrote, for a message} */
    public static String shortened(String text, int most) {
        if (text.length() <= most) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(most - 1)) ? most - 1 : most;
        return text.substring(0, end) + "…";
    }

    /** {@return this error with a header that tells when to try again} */
    public ApiError retryAfter(Duration time) {
        headers.put("Retry-After", Long.toString(Math.max(1, (time.toMillis() + 999) / 1000)));
        return this;
    }

    /** {@return this error with a header that tells clients not to repeat the request by themselves} */
    public ApiError notToBeRepeated() {
        headers.put("x-should-retry", "false");
        return this;
    }

    /** {@return this error with a further header} */
    public ApiError header(String name, String value) {
        headers.put(name, value);
        return this;
    }

    /** {@return the HTTP status} */
    public int status() {
        return status;
    }

    /** {@return whether it refuses a request that might be taken at another time, but for a model that is not there yet} */
    public boolean isRejection() {
        return status == 429 || (status == 503 && type == Type.OVERLOADED);
    }

    /** {@return the word for programs} */
    public String code() {
        return code;
    }

    /** {@return what is sent beside the body} */
    public Map<String, String> headers() {
        return Map.copyOf(headers);
    }

    /** {@return the member {@code error}} */
    public ObjectNode error() {
        ObjectNode error = JsonNodeFactory.instance.objectNode();
        error.put("message", getMessage());
        error.put("type", type.wire());
        error.put("param", param);
        error.put("code", code);
        return error;
    }

    /** {@return the body; its message is there twice, for two families of clients} */
    public ObjectNode body() {
        ObjectNode body = JsonNodeFactory.instance.objectNode();
        body.set("error", error());
        body.put("detail", getMessage());
        return body;
    }
}
