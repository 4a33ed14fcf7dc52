package dev.longspan.cli;

import dev.longspan.ChatEngine;
import dev.longspan.TurnOptions;
import dev.longspan.http.HttpAdapter;
import dev.longspan.http.HttpAdapterBuilder;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.LongspanException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Serves a model over HTTP until the process is asked to end. */
@Command(
        name = "serve",
        description = "Serves a model over HTTP, as OpenAI's clients expect it, with sessions and snapshots.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        showDefaultValues = false,
        footer = {
            "",
            "Every option may also be given by an environment variable, such as LONGSPAN_MAX_CONTEXT for --max-context, or"
                    + " by a line of a properties file, such as max-context=8192, which --config or LONGSPAN_CONFIG"
                    + " names. The command line wins over the environment, and that over the file.",
            "",
            "SIGTERM and Ctrl-C end it in order: nothing new is taken, what runs may end within --stop-timeout.",
            "",
            "Exit codes: 0 it was ended in order; 2 the options, the model or the backend are at fault; 1 anything else failed."
        })
final class ServeCommand implements Callable<Integer> {
    private final Surroundings surroundings;

    @SuppressWarnings("UnusedVariable") // is read before the other options are
    @Option(names = "--config", paramLabel = "FILE", description = "A properties file with options.")
    private @Nullable Path config;

    @Mixin
    private EngineOptions engineOptions = new EngineOptions();

    @Mixin
    private FormOptions formOptions = new FormOptions();

    @Mixin
    private CapacityOptions capacityOptions = new CapacityOptions();

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--model-id",
            paramLabel = "ID",
            description = "What clients call the model. Without it the name of its folder.")
    private @Nullable String modelId;

    @Option(
            names = "--host",
            paramLabel = "NAME",
            defaultValue = "127.0.0.1",
            description = "The address to listen at (${DEFAULT-VALUE}). Any but this machine's own needs keys.")
    private String host = "";

    @Option(
            names = "--port",
            paramLabel = "N",
            defaultValue = "8787",
            description = "The port; 0 for any that is free (${DEFAULT-VALUE}).")
    private int port;

    @Option(
            names = "--api-key-file",
            paramLabel = "FILE",
            description =
                    "The keys that open the server, one a line, of at least 8 characters; lines that begin with # are"
                            + " none. Without it no key is needed.")
    private @Nullable Path apiKeyFile;

    @Option(
            names = "--unprotected",
            arity = "0..1",
            fallbackValue = "true",
            defaultValue = "false",
            description = "Allows an address that others reach without keys.")
    private boolean unprotected;

    @Option(
            names = "--status-open",
            arity = "0..1",
            fallbackValue = "true",
            defaultValue = "false",
            description = "Lets health and metrics be asked without a key.")
    private boolean statusOpen;

    @Option(names = "--tls-key-store", paramLabel = "FILE", description = "Speaks HTTPS with this PKCS #12 file.")
    private @Nullable Path tlsKeyStore;

    @Option(
            names = "--tls-password",
            paramLabel = "WORD",
            description = "The password of that file; better given by LONGSPAN_TLS_PASSWORD.")
    private @Nullable String tlsPassword;

    @Option(
            names = "--cors-origin",
            paramLabel = "ORIGIN",
            split = ",",
            description = "Web pages of this origin may use the server; may be given several times. Without it none.")
    private List<String> corsOrigins = List.of();

    @Option(
            names = "--allowed-host",
            paramLabel = "NAME",
            split = ",",
            description =
                    "Also answers to this name, such as a proxy's, and lets its pages use the server. Without keys, "
                            + "at this machine's own address, it otherwise answers to localhost only.")
    private List<String> allowedHosts = List.of();

    @Option(
            names = "--unknown-fields",
            paramLabel = "refuse|ignore",
            defaultValue = "refuse",
            description = "What becomes of unknown fields of a request (${DEFAULT-VALUE}).")
    private String unknownFields = "";

    @Option(
            names = "--strict-openai",
            arity = "0..1",
            fallbackValue = "true",
            defaultValue = "false",
            description = "Sends no finish reasons but OpenAI's.")
    private boolean strictOpenAi;

    @Option(
            names = "--on-cancel",
            paramLabel = "discard|keep",
            defaultValue = "discard",
            description = "What becomes of a session's turn whose client has gone (${DEFAULT-VALUE}).")
    private String onCancel = "";

    @Option(
            names = "--keep-thinking",
            arity = "0..1",
            fallbackValue = "true",
            defaultValue = "false",
            description = "Shows the model its earlier thinking again where a request does not say.")
    private boolean keepThinking;

    @Option(
            names = "--hide-thinking",
            arity = "0..1",
            fallbackValue = "true",
            defaultValue = "false",
            description = "Hands no thinking out where a request does not say.")
    private boolean hideThinking;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            defaultValue = "0",
            description = "The most tokens of an answer; 0 for no limit of its own (${DEFAULT-VALUE}).")
    private int maxTokens;

    @Option(
            names = "--max-temperature",
            paramLabel = "X",
            defaultValue = "10",
            description = "The highest temperature (${DEFAULT-VALUE}).")
    private double maxTemperature;

    @Option(
            names = "--max-body",
            paramLabel = "BYTES",
            defaultValue = "67108864",
            description = "The largest body of a request (${DEFAULT-VALUE}).")
    private int maxBody;

    @Option(
            names = "--max-header",
            paramLabel = "BYTES",
            defaultValue = "16384",
            description = "The largest head of a request (${DEFAULT-VALUE}).")
    private int maxHeader;

    @Option(
            names = "--max-messages",
            paramLabel = "N",
            defaultValue = "100000",
            description = "The most messages of a request (${DEFAULT-VALUE}).")
    private int maxMessages;

    @Option(
            names = "--max-tools",
            paramLabel = "N",
            defaultValue = "64",
            description = "The most tools of a request (${DEFAULT-VALUE}).")
    private int maxTools;

    @Option(
            names = "--max-concurrent",
            paramLabel = "N",
            defaultValue = "512",
            description =
                    "How many requests compute or wait at once, each with a thread of its own; the process must be allowed"
                            + " some 100 threads more (${DEFAULT-VALUE}).")
    private int maxConcurrent;

    @Option(
            names = "--max-concurrent-per-key",
            paramLabel = "N",
            defaultValue = "0",
            description = "The same for each key; 0 for no such limit (${DEFAULT-VALUE}).")
    private int maxConcurrentPerKey;

    @Option(
            names = "--request-timeout",
            paramLabel = "SECONDS",
            defaultValue = "0",
            description = "How long an answer may take; 0 for no limit (${DEFAULT-VALUE}).")
    private int requestTimeout;

    @Option(
            names = "--body-timeout",
            paramLabel = "SECONDS",
            defaultValue = "60",
            description = "How long the head of a request may take to arrive, and then its body (${DEFAULT-VALUE}).")
    private int bodyTimeout;

    @Option(
            names = "--write-timeout",
            paramLabel = "SECONDS",
            defaultValue = "60",
            description = "How long a client may leave its answer unread (${DEFAULT-VALUE}).")
    private int writeTimeout;

    @Option(
            names = "--idle-timeout",
            paramLabel = "SECONDS",
            defaultValue = "75",
            description = "How long a connection may be open without a request; longer than a proxy keeps it"
                    + " (${DEFAULT-VALUE}).")
    private int idleTimeout;

    @Option(
            names = "--stop-timeout",
            paramLabel = "SECONDS",
            defaultValue = "30",
            description = "How long running answers may go on when the server is ended (${DEFAULT-VALUE}).")
    private int stopTimeout;

    @Option(
            names = "--save-on-stop",
            arity = "0..1",
            fallbackValue = "true",
            defaultValue = "false",
            description = "Saves the sessions as snapshots when the server is ended.")
    private boolean saveOnStop;

    @Option(
            names = "--no-page",
            arity = "0..1",
            fallbackValue = "true",
            defaultValue = "false",
            description = "Offers no page at /.")
    private boolean noPage;

    @Option(
            names = "--log-content",
            arity = "0..1",
            fallbackValue = "true",
            defaultValue = "false",
            description = "Writes prompts and answers to the log.")
    private boolean logContent;

    @Option(
            names = "--verbose",
            arity = "0..1",
            fallbackValue = "true",
            defaultValue = "false",
            description = "Writes a line for each request, and says where a failure came from.")
    private boolean verbose;

    ServeCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        if (verbose || logContent) {
            // before the first logger is made
            System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "info");
        }
        try {
            return serve();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return 1;
        } catch (RuntimeException | OutOfMemoryError e) {
            Fault fault = Fault.of(e);
            surroundings.say(fault.line());
            if (verbose) {
                e.printStackTrace(surroundings.err());
            }
            return fault.exitCode();
        }
    }

    private int serve() throws InterruptedException {
        Path folder = engineOptions.folder(surroundings);
        String id = modelId == null ? engineOptions.modelName(folder) : modelId;
        HttpAdapterBuilder builder = configured().engine(id, () -> engineOptions.open(folder, LoadProgress.NONE));
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch loadedOrAsked = new CountDownLatch(1);
        EndSignals.whenAsked(() -> {
            asked.countDown();
            loadedOrAsked.countDown();
        });
        HttpAdapter server = started(builder);
        try (server) {
            surroundings.say("listening at " + server.address() + ", loading " + id);
            whenLoaded(server, loadedOrAsked::countDown);
            loadedOrAsked.await();
            if (asked.getCount() > 0) {
                Throwable failure = server.loadFailure().orElse(null);
                if (failure != null) {
                    throw failure instanceof RuntimeException known ? known : new IllegalStateException(failure);
                }
                surroundings.say(
                        server.engine().map(engine -> ready(server, engine, id)).orElse("loaded"));
                asked.await();
            }
            surroundings.say("ending: nothing new is taken, what runs may end within " + stopTimeout + " s");
        }
        return ended(server.unsavedSessions());
    }

    private int ended(List<String> unsaved) {
        if (!unsaved.isEmpty()) {
            surroundings.say("ended, but these sessions could not be saved: " + String.join(", ", unsaved));
            return 1;
        }
        surroundings.say("ended");
        return 0;
    }

    private static void whenLoaded(HttpAdapter server, Runnable action) {
        Thread waiting = new Thread(
                () -> {
                    try {
                        server.awaitLoaded();
                        action.run();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                "longspan-loading");
        waiting.setDaemon(true);
        waiting.start();
    }

    private HttpAdapter started(HttpAdapterBuilder builder) {
        try {
            return builder.start();
        } catch (LongspanException e) {
            throw refusal(e);
        }
    }

    private static String ready(HttpAdapter server, ChatEngine engine, String id) {
        return "ready: model " + id + " (" + engine.model().architecture() + ", "
                + engine.model().parameters() + " parameters), backend "
                + engine.backend().id() + " on " + engine.backend().device().name() + ", at " + server.address()
                + ", memory plan: "
                + MemoryLine.of(engine.memoryPlan(), engine.model().maxContextTokens());
    }

    private HttpAdapterBuilder configured() {
        try {
            HttpAdapterBuilder builder = HttpAdapter.builder()
                    .host(host)
                    .port(port)
                    .unprotected(unprotected)
                    .statusOpen(statusOpen)
                    .ignoreUnknownFields(word("--unknown-fields", unknownFields, "ignore", "refuse"))
                    .strictOpenAi(strictOpenAi)
                    .onCancel(
                            word("--on-cancel", onCancel, "keep", "discard")
                                    ? TurnOptions.Cancelled.KEEP
                                    : TurnOptions.Cancelled.DISCARD)
                    .keepThinking(keepThinking)
                    .streamThinking(!hideThinking)
                    .maxTokens(maxTokens)
                    .maxTemperature(maxTemperature)
                    .maxBodyBytes(maxBody)
                    .maxHeaderBytes(maxHeader)
                    .maxMessages(maxMessages)
                    .maxTools(maxTools)
                    .maxConcurrent(maxConcurrent)
                    .maxConcurrentPerKey(maxConcurrentPerKey)
                    .requestTimeout(Seconds.atLeast(0, "--request-timeout", requestTimeout))
                    .bodyTimeout(Seconds.atLeast(1, "--body-timeout", bodyTimeout))
                    .writeTimeout(Seconds.atLeast(1, "--write-timeout", writeTimeout))
                    .idleTimeout(Seconds.atLeast(1, "--idle-timeout", idleTimeout))
                    .stopTimeout(Seconds.atLeast(0, "--stop-timeout", stopTimeout))
                    .saveOnStop(saveOnStop)
                    .page(!noPage)
                    .logContent(logContent);
            formOptions.applyTo(builder);
            corsOrigins.forEach(origin -> builder.corsOrigin(origin.strip()));
            allowedHosts.forEach(name -> builder.allowedHost(name.strip()));
            if (apiKeyFile != null) {
                builder.apiKeyFile(apiKeyFile);
            }
            if (modelId != null) {
                builder.modelId(modelId);
            }
            if (tlsKeyStore != null) {
                builder.tls(tlsKeyStore, tlsPassword == null ? "" : tlsPassword);
            } else if (tlsPassword != null) {
                throw new StartException("--tls-password: expected --tls-key-store, too, whose password it is");
            }
            engineOptions.serve(capacityOptions);
            return builder;
        } catch (LongspanException e) {
            throw refusal(e);
        }
    }

    private StartException refusal(LongspanException fault) {
        return OptionNames.refusal(Objects.requireNonNull(spec, "set by picocli"), fault);
    }

    private static boolean word(String option, String given, String yes, String no) {
        if (!given.equals(yes) && !given.equals(no)) {
            throw new StartException(option + ": expected " + no + " or " + yes + ", found '" + given + "'");
        }
        return given.equals(yes);
    }
}
