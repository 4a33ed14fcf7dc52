package dev.longspan.http.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.EngineClosedException;
import dev.longspan.SnapshotStoreException;
import dev.longspan.http.wire.ApiError;
import dev.longspan.http.wire.Fields;
import dev.longspan.http.wire.Json;
import dev.longspan.spi.ModelLoadException;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.MimeTypes;
import org.eclipse.jetty.http.QuotedQualityCSV;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Fields.Field;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A request, and the one answer to it. Belongs to one thread at a time. */
public final class Exchange {
    private static final Logger LOG = LoggerFactory.getLogger(Exchange.class);
    private static final String JSON = "application/json";
    private static final int MOST_IGNORED = 1000;
    private static final int MOST_OF_NAME = 40;
    private static final int UNKNOWN_FAULT = 500;

    private final Request request;
    private final Response response;
    private Callback callback;
    private final Surroundings surroundings;
    private final List<String> parameters;
    private final AtomicBoolean answered = new AtomicBoolean();
    private final Set<String> ignored = new LinkedHashSet<>();
    private final Queue<Runnable> held = new ConcurrentLinkedQueue<>(); // the end of the server may let go, too
    private byte[] body = new byte[0];
    private Runnable whenBodyRead = () -> {};
    private @Nullable ObjectNode read;

    Exchange(
            Request request, Response response, Callback callback, Surroundings surroundings, List<String> parameters) {
        this.request = request;
        this.response = response;
        this.callback = callback;
        this.surroundings = surroundings;
        this.parameters = parameters;
    }

    void setBody(byte[] bytes, Runnable whenRead) {
        body = bytes;
        whenBodyRead = whenRead;
    }

    Request request() {
        return request;
    }

    /** {@return how long ago the head of the request was there, in nanoseconds} */
    public long nanosSinceBegin() {
        return System.nanoTime() - request.getBeginNanoTime();
    }

    /** {@return a part of the path that the route leaves open} */
    public String parameter(int index) {
        return parameters.get(index);
    }

    /** {@return a header of the request} */
    public Optional<String> header(String name) {
        return Optional.ofNullable(request.getHeaders().get(name));
    }

    /** {@return whether the client names a media type among those that it accepts} */
    public boolean accepts(String type) {
        QuotedQualityCSV accepted = new QuotedQualityCSV(); // which leaves out what has a quality of 0
        accepted.addValue(header("Accept").orElse(""));
        return accepted.getValues().stream()
                .anyMatch(each -> MimeTypes.getContentTypeWithoutCharset(each).equalsIgnoreCase(type));
    }

    /** {@return a value of the query} */
    public Optional<String> query(String name) {
        return Optional.ofNullable(Request.extractQueryParameters(request).get(name))
                .map(Field::getValue);
    }

    /** {@return the members of the body} */
    public Fields fields() {
        if (read == null) {
            read = surroundings.json().body(body);
            body = new byte[0];
            whenBodyRead.run();
        }
        return Fields.of(read);
    }

    /** Ends the reading of the body: unknown fields are refused, or named in a header, as the settings say. */
    public void end(Fields fields) {
        if (surroundings.settings().unknownFieldsIgnored()) {
            fields.end(ignored::add);
        } else {
            fields.end();
        }
    }

    /** Ends the reading of the query: unknown names are refused, or named in a header, as unknown fields are. */
    void endQuery(Set<String> known) {
        for (String name : Request.extractQueryParameters(request).getNames()) {
            if (!known.contains(name)) {
                String shown = ApiError.shortened(name, MOST_OF_NAME);
                if (!surroundings.settings().unknownFieldsIgnored()) {
                    throw ApiError.unsupported(shown, "there is no such query parameter");
                }
                ignored.add(shown);
            }
        }
    }

    /** Sets a header of the answer. */
    public void setHeader(String name, String value) {
        response.getHeaders().put(name, value);
    }

    /** Has something done before the last of the answer leaves: a client that has it may send its next request. */
    public void beforeEnd(Runnable action) {
        held.add(action);
    }

    private void letGo() {
        for (Runnable each = held.poll(); each != null; each = held.poll()) {
            each.run();
        }
    }

    /** {@return the name of the request and of its trace, for the log} */
    public String name() {
        return Ids.of(request) + " trace " + Ids.trace(request);
    }

    private void begin(int status) {
        response.setStatus(status);
        if (surroundings.work().isDraining()) {
            endConnection();
        }
        if (!ignored.isEmpty()) {
            setHeader("X-Ignored-Fields", harmless(String.join(", ", ignored)));
        }
    }

    /** What others wrote, as a header may hold it. */
    private static String harmless(String text) {
        String shown = text.length() <= MOST_IGNORED ? text : text.substring(0, MOST_IGNORED) + "...";
        return shown.replaceAll("[^\\x20-\\x7e]", "?");
    }

    /** Answers with JSON. */
    public void send(int status, JsonNode node) {
        send(status, JSON, Json.bytes(node));
    }

    /** Answers with bytes. */
    public void send(int status, String contentType, byte[] bytes) {
        if (answered.compareAndSet(false, true)) {
            letGo();
            begin(status);
            setHeader(HttpHeader.CONTENT_TYPE.asString(), contentType);
            response.getHeaders().put(HttpHeader.CONTENT_LENGTH, bytes.length);
            surroundings.unread().send(request, response, bytes, callback);
        }
    }

    /**
     * Answers with events, whose headers leave at once.
     *
     * @param form how they tell of a failure
     */
    public EventStream events(EventStream.FailureForm form) {
        if (!answered.compareAndSet(false, true)) {
            throw new IllegalStateException("the answer has begun");
        }
        begin(200);
        return surroundings
                .heart()
                .watch(new EventStream(
                        request,
                        response,
                        callback,
                        surroundings.settings().writePatienceNanos(),
                        surroundings.helper(),
                        this::letGo,
                        form));
    }

    /** Answers with an error. */
    public void fail(ApiError error) {
        if (answered.get()) {
            return;
        }
        if (error.isRejection()) {
            surroundings.metrics().rejected(error.code());
        }
        error.headers().forEach(this::setHeader);
        boolean provisioning = error.code().equals(ModelSlot.LOADING)
                && header("X-SIE-SDK-Version").isPresent();
        send(provisioning ? 202 : error.status(), error.body());
    }

    /** Answers with the error that an exception means. */
    public void fail(Throwable fault) {
        fail(told(fault));
    }

    /** Says that the connection ends with the answer. */
    void endConnection() {
        setHeader(HttpHeader.CONNECTION.asString(), "close");
    }

    /** Answers with the error that an exception means, and ends the connection once nothing more comes of the request. */
    void failAndClose(Throwable fault, Leftover rest) {
        endConnection();
        callback = rest.before(callback);
        fail(fault);
    }

    /** {@return the error that an exception means} What is the server's fault goes into the log. */
    public ApiError told(Throwable fault) {
        if (fault instanceof EngineClosedException && !surroundings.work().isDraining()) {
            return new ApiError(
                            503,
                            ApiError.Type.OVERLOADED,
                            "engine_ended",
                            null,
                            "the engine has ended, and the server has not")
                    .retryAfter(Duration.ofSeconds(5));
        }
        ApiError error = Faults.of(fault);
        if (error.status() == UNKNOWN_FAULT && !(fault instanceof ApiError)) {
            LOG.error("request {} failed", name(), fault);
        } else if (fault instanceof SnapshotStoreException || fault instanceof ModelLoadException) {
            LOG.error("request {} failed: {}", name(), fault.toString());
            LOG.info("it failed here", fault);
        }
        return error;
    }

    /**
     * {@return what some work gives, which takes long before the answer begins, and cannot be ended}
     *
     * @param outcome what the client is told of it if the server ends before, behind a comma; it is not to repeat the request by itself
     * @throws ApiError if the end of the server has answered meanwhile
     */
    public <T> T outlasting(String outcome, Supplier<T> work) {
        return outlasting(outcome, work, result -> {});
    }

    /**
     * {@return what some work gives, likewise}
     *
     * @param unheard is given it if its client has gone meanwhile, or the end of the server has answered
     */
    public <T> T outlasting(String outcome, Supplier<T> work, Consumer<T> unheard) {
        AtomicBoolean gone = new AtomicBoolean();
        ApiError atEnd = ApiError.shuttingDown(", " + outcome).notToBeRepeated();
        return waiting(() -> gone.set(true), atEnd, work, (result, told) -> {
            if (told || gone.get()) {
                unheard.accept(result);
            }
        });
    }

    /**
     * {@return what some work gives, which takes long before the answer begins}
     *
     * @param whenGone is run once the client has gone meanwhile, and ends the work
     * @throws ApiError if the end of the server has answered meanwhile
     */
    public <T> T watching(Runnable whenGone, Supplier<T> work) {
        Runnable elsewhere = () -> surroundings.helper().execute(whenGone);
        return waiting(elsewhere, ApiError.shuttingDown(), work, (result, told) -> {});
    }

    /**
     * Does some work, and has the end of the server answer meanwhile.
     *
     * @param whenGone is run on a thread that reads and writes for all, which must not wait
     * @param then is given the result, and whether the end of the server has answered
     */
    private <T> T waiting(Runnable whenGone, ApiError atEnd, Supplier<T> work, BiConsumer<T, Boolean> then) {
        ConnectionWatch watch = ConnectionWatch.begin(request, response, whenGone);
        try (Waiting waiting = new Waiting(this, watch, surroundings.heart(), atEnd)) {
            T result = work.get();
            boolean told = !waiting.tryEnd();
            then.accept(result, told);
            if (told) {
                throw atEnd;
            }
            return result;
        }
    }
}
