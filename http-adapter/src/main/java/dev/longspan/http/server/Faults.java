package dev.longspan.http.server;

import dev.longspan.ChatTemplateException;
import dev.longspan.ContextLengthException;
import dev.longspan.ContextMemoryException;
import dev.longspan.EngineClosedException;
import dev.longspan.EngineOverloadedException;
import dev.longspan.InvalidRequestException;
import dev.longspan.ReaderTooSlowException;
import dev.longspan.SequenceConflictException;
import dev.longspan.SessionBusyException;
import dev.longspan.SessionClosedException;
import dev.longspan.SessionExistsException;
import dev.longspan.SessionNotFoundException;
import dev.longspan.SnapshotCorruptException;
import dev.longspan.SnapshotExistsException;
import dev.longspan.SnapshotIncompatibleException;
import dev.longspan.SnapshotNotFoundException;
import dev.longspan.SnapshotStoreException;
import dev.longspan.StreamInterruptedException;
import dev.longspan.SystemMessageConflictException;
import dev.longspan.ToolCallException;
import dev.longspan.http.wire.ApiError;
import dev.longspan.spi.BackendMemoryException;
import dev.longspan.spi.ModelLoadException;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.HttpException;
import org.jspecify.annotations.Nullable;

/** What the exceptions of the engine mean to a client. */
public final class Faults {
    private static final Duration SOON = Duration.ofSeconds(1);
    private static final Pattern CAPITAL = Pattern.compile("[A-Z]");
    /** What lies in an object of its own on the wire. */
    private static final Pattern OF_FUNCTIONS =
            Pattern.compile("(tools\\[\\d+]|tool_calls\\[\\d+])(\\.(?:parameters|arguments))$");

    /** Fields that have another name on the wire. */
    private static final Map<String, String> NAMES = Map.of(
            "thinkingBudget", "reasoning_budget",
            "thinkingKept", "discard_thinking",
            "thinking", "chat_template_kwargs.enable_thinking",
            "repetition", "repetition_detection",
            "id", "session_id",
            "session", "session_id",
            "templateArguments", "chat_template_kwargs");

    private Faults() {}

    /** {@return the error that a client is told} */
    public static ApiError of(Throwable fault) {
        if (fault instanceof ApiError error) {
            return error;
        } else if (fault instanceof ContextLengthException) {
            return new ApiError(
                    400, ApiError.Type.INVALID_REQUEST, "context_length_exceeded", "messages", message(fault));
        } else if (fault instanceof ContextMemoryException memory) {
            return invalid("context_length_exceeded", memory);
        } else if (fault instanceof SystemMessageConflictException conflict) {
            return new ApiError(
                            409, ApiError.Type.CONFLICT, "system_message_conflict", conflict.field(), message(fault))
                    .notToBeRepeated();
        } else if (fault instanceof InvalidRequestException invalid) {
            return invalid("invalid_value", invalid);
        } else if (fault instanceof ChatTemplateException) {
            return new ApiError(400, ApiError.Type.INVALID_REQUEST, "template_refused", "messages", message(fault));
        }
        if (fault instanceof HttpException http && http.getCode() < 500) {
            return new ApiError(
                    http.getCode(),
                    ApiError.Type.INVALID_REQUEST,
                    "http_" + http.getCode(),
                    null,
                    "the request is not well-formed");
        }
        ApiError sessions = ofSessions(fault);
        return sessions == null ? ofEngine(fault) : sessions;
    }

    private static ApiError invalid(String code, InvalidRequestException invalid) {
        String field = wire(invalid.field());
        String problem = message(invalid).substring(invalid.field().length());
        return new ApiError(400, ApiError.Type.INVALID_REQUEST, code, field, field + problem);
    }

    /** {@return the name of a field on the wire} */
    public static String wire(String field) {
        int end = 0;
        while (end < field.length() && (Character.isLetterOrDigit(field.charAt(end)) || field.charAt(end) == '_')) {
            end++;
        }
        String first = field.substring(0, end);
        String rest = field.substring(end);
        String name = NAMES.getOrDefault(first, first);
        String plain = CAPITAL.matcher(name + rest)
                .replaceAll(match -> "_" + match.group().toLowerCase(Locale.ROOT));
        return OF_FUNCTIONS.matcher(plain).replaceAll("$1.function$2");
    }

    private static @Nullable ApiError ofSessions(Throwable fault) {
        if (fault instanceof SessionNotFoundException) {
            return notFound("session_not_found", "session_id", fault);
        } else if (fault instanceof SnapshotNotFoundException) {
            return notFound("snapshot_not_found", null, fault);
        } else if (fault instanceof SessionBusyException) {
            return conflict("session_busy", "session_id", fault).retryAfter(SOON);
        } else if (fault instanceof SessionExistsException) {
            return conflict("session_exists", "session_id", fault).notToBeRepeated();
        } else if (fault instanceof SnapshotExistsException) {
            return conflict("snapshot_exists", null, fault).notToBeRepeated();
        } else if (fault instanceof SessionClosedException) {
            return conflict("session_closed", "session_id", fault).notToBeRepeated();
        } else if (fault instanceof SequenceConflictException moved) {
            return conflict("sequence_mismatch", "expected_seq", fault)
                    .notToBeRepeated()
                    .header("X-Session-Seq", Long.toString(moved.actual()));
        } else if (fault instanceof SnapshotIncompatibleException) {
            return conflict("snapshot_incompatible", null, fault).notToBeRepeated();
        } else if (fault instanceof ModelLoadException) {
            return new ApiError(
                            409,
                            ApiError.Type.CONFLICT,
                            "model_changed",
                            null,
                            "the model's files cannot be read, or are no longer those that the server has loaded, so that a"
                                    + " state cannot be said to be theirs; the server's log names the file")
                    .notToBeRepeated();
        } else if (fault instanceof SnapshotCorruptException) {
            return new ApiError(422, ApiError.Type.INVALID_REQUEST, "snapshot_corrupt", null, message(fault));
        }
        return null;
    }

    private static ApiError notFound(String code, @Nullable String field, Throwable fault) {
        return new ApiError(404, ApiError.Type.NOT_FOUND, code, field, message(fault));
    }

    private static ApiError conflict(String code, @Nullable String field, Throwable fault) {
        return new ApiError(409, ApiError.Type.CONFLICT, code, field, message(fault));
    }

    private static ApiError ofEngine(Throwable fault) {
        if (fault instanceof EngineOverloadedException full) {
            return new ApiError(429, ApiError.Type.RATE_LIMIT, "queue_full", null, message(fault))
                    .retryAfter(full.retryAfter());
        } else if (fault instanceof BackendMemoryException || fault instanceof OutOfMemoryError) {
            return ApiError.overloaded(
                    "there is not enough memory for this request at this moment", Duration.ofSeconds(2));
        } else if (fault instanceof EngineClosedException || fault instanceof StreamInterruptedException) {
            // nothing but the end of the server interrupts its threads
            return ApiError.shuttingDown();
        } else if (fault instanceof ToolCallException) {
            return new ApiError(502, ApiError.Type.SERVER, "malformed_tool_call", null, message(fault))
                    .notToBeRepeated();
        } else if (fault instanceof SnapshotStoreException) {
            return new ApiError(
                    507,
                    ApiError.Type.SERVER,
                    "snapshot_store_failed",
                    null,
                    "the storage of snapshots failed, its disk may be full; the server's log tells why");
        } else if (fault instanceof ReaderTooSlowException) {
            return new ApiError(408, ApiError.Type.TIMEOUT, "reader_too_slow", null, message(fault)).notToBeRepeated();
        }
        return new ApiError(500, ApiError.Type.SERVER, "internal_error", null, "the server failed; its log tells why");
    }

    private static String message(Throwable fault) {
        return String.valueOf(fault.getMessage());
    }
}
