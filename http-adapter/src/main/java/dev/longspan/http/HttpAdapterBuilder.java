package dev.longspan.http;

import dev.longspan.ChatEngine;
import dev.longspan.InvalidRequestException;
import dev.longspan.TurnOptions;
import dev.longspan.http.server.Settings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/** Gathers how a server is run. Times of more than a hundred years count as that. Not for use by several threads at once. */
public final class HttpAdapterBuilder {
    /** The port unless told otherwise. */
    public static final int DEFAULT_PORT = 8787;

    @Nullable
    ChatEngine engine;

    @Nullable
    Callable<ChatEngine> loader;

    @Nullable
    String modelId;

    private String host = "127.0.0.1";
    private int port = DEFAULT_PORT;
    private final Set<String> keys = new LinkedHashSet<>();
    private boolean unprotected;
    private boolean statusOpen;
    private Optional<Settings.Tls> tls = Optional.empty();
    private final List<String> origins = new ArrayList<>();
    private final Set<String> allowedHosts = new LinkedHashSet<>();
    private boolean unknownFieldsIgnored;
    private boolean strictOpenAi;
    private int maxBodyBytes = 64 << 20;
    private int maxHeaderBytes = 16 << 10;
    private int maxMessages = 100_000;
    private int maxTools = 64;
    private int maxConcurrent = 512;
    private int maxConcurrentPerKey;
    private int maxTokens;
    private double maxTemperature = 10;
    private FormLimits formLimits = FormLimits.DEFAULT;
    private Duration requestTimeout = Duration.ZERO;
    private Duration bodyTimeout = Duration.ofMinutes(1);
    private Duration writeTimeout = Duration.ofMinutes(1);
    private Duration idleTimeout = Duration.ofSeconds(75);
    private Duration stopTimeout = Duration.ofSeconds(30);
    private TurnOptions.Cancelled onCancel = TurnOptions.Cancelled.DISCARD;
    private boolean keepThinking;
    private boolean streamThinking = true;
    private boolean saveOnStop;
    private boolean logContent;
    private boolean page = true;

    HttpAdapterBuilder() {}

    /**
     * Serves an engine, which is not closed with the server.
     *
     * @param open the engine
     * @return this builder
     */
    public HttpAdapterBuilder engine(ChatEngine open) {
        engine = Objects.requireNonNull(open, "open");
        return this;
    }

    /**
     * Serves an engine that is made once the server listens: until then it answers that the model is being loaded. The engine is
     * closed with the server.
     *
     * @param modelId what clients call the model; not blank
     * @param making makes the engine, on a thread of its own
     * @return this builder
     */
    public HttpAdapterBuilder engine(String modelId, Callable<ChatEngine> making) {
        this.modelId = Ranges.notBlank("modelId", modelId);
        loader = Objects.requireNonNull(making, "making");
        return this;
    }

    /**
     * Names the model for clients.
     *
     * @param id not blank; by default the name of the model's folder
     * @return this builder
     */
    public HttpAdapterBuilder modelId(String id) {
        modelId = Ranges.notBlank("modelId", id);
        return this;
    }

    /**
     * Sets where to listen.
     *
     * @param name by default {@code 127.0.0.1}; any other than this machine itself needs keys, or {@link #unprotected}
     * @return this builder
     */
    public HttpAdapterBuilder host(String name) {
        host = Objects.requireNonNull(name, "name");
        return this;
    }

    /**
     * Sets the port.
     *
     * @param number 0 to 65535; 0 for any that is free; by default {@value #DEFAULT_PORT}
     * @return this builder
     */
    public HttpAdapterBuilder port(int number) {
        if (number < 0 || number > 65_535) {
            throw new InvalidRequestException("port", "expected 0 to 65535, found " + number);
        }
        port = number;
        return this;
    }

    /**
     * Adds a key: from then on a request must have one, as {@code Authorization: Bearer …} or {@code X-Api-Key}.
     *
     * @param key at least 8 characters
     * @return this builder
     */
    public HttpAdapterBuilder apiKey(String key) {
        keys.add(Ranges.key("apiKey", key.strip()));
        return this;
    }

    /**
     * Adds the keys of a file: one a line; empty lines and those that begin with {@code #} are none.
     *
     * @param file the file
     * @return this builder
     * @throws InvalidRequestException if it cannot be read, or has no key
     */
    public HttpAdapterBuilder apiKeyFile(Path file) {
        KeyFiles.keys(file).forEach(this::apiKey);
        return this;
    }

    /**
     * Allows to listen at an address that others reach without any key.
     *
     * @param allowed by default not
     * @return this builder
     */
    public HttpAdapterBuilder unprotected(boolean allowed) {
        unprotected = allowed;
        return this;
    }

    /**
     * Lets health and metrics be asked without a key.
     *
     * @param open by default not
     * @return this builder
     */
    public HttpAdapterBuilder statusOpen(boolean open) {
        statusOpen = open;
        return this;
    }

    /**
     * Speaks HTTPS.
     *
     * @param keyStore a PKCS #12 file with certificate and private key
     * @param password its password
     * @return this builder
     * @throws InvalidRequestException if the file cannot be read with it, or has no private key
     */
    public HttpAdapterBuilder tls(Path keyStore, String password) {
        KeyFiles.requireKeyStore(keyStore, password);
        tls = Optional.of(new Settings.Tls(keyStore, password));
        return this;
    }

    /**
     * Lets web pages of another origin use the server.
     *
     * @param origin scheme, host and port if any, such as {@code https://example.org}, or {@code *} for all
     * @return this builder
     */
    public HttpAdapterBuilder corsOrigin(String origin) {
        origins.add(Ranges.origin("corsOrigin", origin));
        return this;
    }

    /**
     * Lets the server answer to a further name, and pages of that name use it. Without keys, at this machine's own address, it answers
     * to none but this machine's.
     *
     * @param name such as that of a proxy which hands it on; without scheme and port
     * @return this builder
     */
    public HttpAdapterBuilder allowedHost(String name) {
        allowedHosts.add(Ranges.host("allowedHost", name));
        return this;
    }

    /**
     * Sets what becomes of unknown fields.
     *
     * @param ignored whether they are named in the header {@code X-Ignored-Fields}; by default they are refused
     * @return this builder
     */
    public HttpAdapterBuilder ignoreUnknownFields(boolean ignored) {
        unknownFieldsIgnored = ignored;
        return this;
    }

    /**
     * Sets whether finish reasons are OpenAI's only: {@code repetition} is then {@code stop}.
     *
     * @param strict by default not
     * @return this builder
     */
    public HttpAdapterBuilder strictOpenAi(boolean strict) {
        strictOpenAi = strict;
        return this;
    }

    /**
     * Limits bodies.
     *
     * @param bytes at least 1; by default 64 MiB
     * @return this builder
     */
    public HttpAdapterBuilder maxBodyBytes(int bytes) {
        maxBodyBytes = Ranges.atLeast("maxBodyBytes", 1, bytes);
        return this;
    }

    /**
     * Limits the heads of requests.
     *
     * @param bytes at least 1024; by default 16 KiB
     * @return this builder
     */
    public HttpAdapterBuilder maxHeaderBytes(int bytes) {
        maxHeaderBytes = Ranges.atLeast("maxHeaderBytes", 1024, bytes);
        return this;
    }

    /**
     * Limits the messages of a request.
     *
     * @param count at least 1; by default 100 000
     * @return this builder
     */
    public HttpAdapterBuilder maxMessages(int count) {
        maxMessages = Ranges.atLeast("maxMessages", 1, count);
        return this;
    }

    /**
     * Limits the tools of a request.
     *
     * @param count at least 0; by default 64
     * @return this builder
     */
    public HttpAdapterBuilder maxTools(int count) {
        maxTools = Ranges.atLeast("maxTools", 0, count);
        return this;
    }

    /**
     * Limits how many requests compute or wait to at once; each has a thread.
     *
     * @param count 1 to 100 000; by default 512
     * @return this builder
     */
    public HttpAdapterBuilder maxConcurrent(int count) {
        maxConcurrent = Ranges.atMost("maxConcurrent", 100_000, Ranges.atLeast("maxConcurrent", 1, count));
        return this;
    }

    /**
     * Limits how many of them one key may have.
     *
     * @param count at least 1, or 0 for no such limit, which is the default
     * @return this builder
     */
    public HttpAdapterBuilder maxConcurrentPerKey(int count) {
        maxConcurrentPerKey = Ranges.atLeast("maxConcurrentPerKey", 0, count);
        return this;
    }

    /**
     * Limits the tokens that an answer may be asked for.
     *
     * @param tokens at least 1, or 0 for no such limit, which is the default
     * @return this builder
     */
    public HttpAdapterBuilder maxTokens(int tokens) {
        maxTokens = Ranges.atLeast("maxTokens", 0, tokens);
        return this;
    }

    /**
     * Limits the temperature.
     *
     * @param highest above 0; by default 10
     * @return this builder
     */
    public HttpAdapterBuilder maxTemperature(double highest) {
        if (!(highest > 0) || Double.isInfinite(highest)) {
            throw new InvalidRequestException("maxTemperature", "expected a number above 0, found " + highest);
        }
        maxTemperature = highest;
        return this;
    }

    /**
     * Limits what describes forms: bodies, schemas, expressions and grammars.
     *
     * @param limits by default {@link FormLimits#DEFAULT}
     * @return this builder
     */
    public HttpAdapterBuilder formLimits(FormLimits limits) {
        formLimits = Objects.requireNonNull(limits, "limits");
        return this;
    }

    /**
     * Limits how long an answer may take; a turn that takes longer is taken back.
     *
     * @param time zero for no such limit, which is the default
     * @return this builder
     */
    public HttpAdapterBuilder requestTimeout(Duration time) {
        requestTimeout = Ranges.notNegative("requestTimeout", time);
        return this;
    }

    /**
     * Limits how long a head may take to arrive once it has begun, and then a body.
     *
     * @param time above zero; by default a minute
     * @return this builder
     */
    public HttpAdapterBuilder bodyTimeout(Duration time) {
        bodyTimeout = Ranges.positive("bodyTimeout", time);
        return this;
    }

    /**
     * Limits how long a client may leave unread what is sent to it.
     *
     * @param time above zero; by default a minute
     * @return this builder
     */
    public HttpAdapterBuilder writeTimeout(Duration time) {
        writeTimeout = Ranges.positive("writeTimeout", time);
        return this;
    }

    /**
     * Limits how long a connection may be open without a request. A proxy that keeps connections must give them up before, or it
     * sends a request now and then on one that is closed.
     *
     * @param time above zero; by default 75 seconds, more than the minute of most proxies
     * @return this builder
     */
    public HttpAdapterBuilder idleTimeout(Duration time) {
        idleTimeout = Ranges.positive("idleTimeout", time);
        return this;
    }

    /**
     * Sets how long running answers may go on when the server is stopped.
     *
     * @param time zero to end them at once; by default 30 seconds
     * @return this builder
     */
    public HttpAdapterBuilder stopTimeout(Duration time) {
        stopTimeout = Ranges.notNegative("stopTimeout", time);
        return this;
    }

    /**
     * Sets what becomes of a session's turn whose client goes away.
     *
     * @param rule by default the turn is taken back
     * @return this builder
     */
    public HttpAdapterBuilder onCancel(TurnOptions.Cancelled rule) {
        onCancel = Objects.requireNonNull(rule, "rule");
        return this;
    }

    /**
     * Sets whether thinking is shown to the model again if a request does not say.
     *
     * @param kept by default not
     * @return this builder
     */
    public HttpAdapterBuilder keepThinking(boolean kept) {
        keepThinking = kept;
        return this;
    }

    /**
     * Sets whether thinking is handed out if a request does not say.
     *
     * @param streamed by default it is
     * @return this builder
     */
    public HttpAdapterBuilder streamThinking(boolean streamed) {
        streamThinking = streamed;
        return this;
    }

    /**
     * Sets whether sessions are saved as snapshots when the server stops; {@link HttpAdapter#unsavedSessions} could not be.
     *
     * @param saved by default not
     * @return this builder
     */
    public HttpAdapterBuilder saveOnStop(boolean saved) {
        saveOnStop = saved;
        return this;
    }

    /**
     * Sets whether prompts and answers are written to the log.
     *
     * @param logged by default not
     * @return this builder
     */
    public HttpAdapterBuilder logContent(boolean logged) {
        logContent = logged;
        return this;
    }

    /**
     * Sets whether there is a page at {@code /} to chat with.
     *
     * @param offered by default there is
     * @return this builder
     */
    public HttpAdapterBuilder page(boolean offered) {
        page = offered;
        return this;
    }

    Settings settings() {
        if (keys.isEmpty() && !unprotected) {
            Ranges.requireLoopback("host", host);
        }
        return new Settings(
                host,
                port,
                Set.copyOf(keys),
                statusOpen,
                tls,
                List.copyOf(origins),
                Set.copyOf(allowedHosts),
                unknownFieldsIgnored,
                strictOpenAi,
                new Settings.Limits(
                        maxBodyBytes,
                        maxHeaderBytes,
                        maxMessages,
                        maxTools,
                        maxConcurrent,
                        maxConcurrentPerKey,
                        maxTokens,
                        maxTemperature,
                        formLimits.settings()),
                new Settings.Times(requestTimeout, bodyTimeout, writeTimeout, idleTimeout, stopTimeout),
                onCancel,
                keepThinking,
                streamThinking,
                saveOnStop,
                logContent,
                page);
    }

    /**
     * Starts the server.
     *
     * @return the server, to be closed by the caller
     * @throws InvalidRequestException if there is no engine, or the address is open to others without a key
     * @throws HttpAdapterException if it cannot listen there
     */
    public HttpAdapter start() {
        return new HttpAdapter(this, settings());
    }
}
