package dev.longspan.http;

import dev.longspan.ChatEngine;
import dev.longspan.InvalidRequestException;
import dev.longspan.Session;
import dev.longspan.SessionClosedException;
import dev.longspan.SessionInfo;
import dev.longspan.SessionNotFoundException;
import dev.longspan.SnapshotLabel;
import dev.longspan.http.server.ModelSlot;
import dev.longspan.http.server.Route;
import dev.longspan.http.server.ServerMetrics;
import dev.longspan.http.server.Settings;
import dev.longspan.http.server.WebServer;
import java.io.IOException;
import java.net.URI;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server that speaks OpenAI's language, and keeps sessions and snapshots.
 *
 * <pre>{@code
 * try (HttpAdapter server = HttpAdapter.builder().engine(engine).start()) {
 *     System.out.println(server.address());
 *     …
 * }
 * }</pre>
 *
 * <p>All methods may be called from any thread.
 */
public final class HttpAdapter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HttpAdapter.class);

    private final Settings settings;
    private final ModelSlot slot;
    private final ServerMetrics metrics = new ServerMetrics();
    private final WebServer server;
    private final @Nullable Thread loading;
    private final boolean owned;
    private final ReentrantLock stopping = new ReentrantLock();
    private boolean stopped;
    private volatile @Nullable Thread fingerprinting;
    private volatile List<String> unsaved = List.of();

    HttpAdapter(HttpAdapterBuilder builder, Settings settings) {
        this.settings = settings;
        ChatEngine given = builder.engine;
        Callable<ChatEngine> loader = builder.loader;
        if ((given == null) == (loader == null)) {
            throw new InvalidRequestException("engine", "expected one engine, or one way to make it");
        }
        String id = builder.modelId;
        this.slot = new ModelSlot(
                id != null ? id : given == null ? "" : given.model().name());
        this.owned = given == null;
        this.server = new WebServer(settings, slot, metrics);
        this.loading = given == null ? new Thread(() -> load(loader), "longspan-http-loading") : null;
        try {
            server.start();
            if (loading == null) {
                load(() -> given);
            } else {
                loading.setDaemon(true);
                loading.start();
            }
        } catch (Exception | OutOfMemoryError e) { // the system may give no more threads
            HttpAdapterException failure = new HttpAdapterException(
                    "cannot listen at " + settings.host() + ":" + settings.port() + ": " + words(e), e);
            try {
                server.stop(Duration.ZERO, () -> {});
            } catch (Exception also) {
                failure.addSuppressed(also);
            }
            throw failure;
        }
    }

    private static String words(Throwable e) {
        Throwable cause = e;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof UnresolvedAddressException) {
            return "no address is known of that name"; // it has no message
        }
        return String.valueOf((e instanceof IOException ? cause : e).getMessage());
    }

    private void load(@Nullable Callable<ChatEngine> loader) {
        if (loader != null) {
            slot.load(loader);
            slot.loaded().ifPresent(engine -> {
                metrics.watch(engine, server.surroundings().timer());
                beginFingerprint(engine);
            });
            if (slot.isClosed()) {
                closeEngine();
            }
        }
    }

    /** Before somebody replaces the model's files, which may be long before the first save. */
    private void beginFingerprint(ChatEngine engine) {
        Thread reading = new Thread(() -> fingerprint(engine), "longspan-http-fingerprint");
        reading.setDaemon(true);
        try {
            reading.start();
            fingerprinting = reading;
        } catch (OutOfMemoryError e) { // the first save does it then
            LOG.warn("no thread can be started for the model's fingerprint: {}", e.toString());
        }
    }

    private void fingerprint(ChatEngine engine) {
        try {
            engine.fingerprint();
        } catch (RuntimeException | OutOfMemoryError e) {
            if (!slot.isClosed()) {
                LOG.warn("sessions cannot be saved, unless that changes: {}", e.toString());
            }
        }
    }

    /** {@return a builder; only an engine must be set} */
    public static HttpAdapterBuilder builder() {
        return new HttpAdapterBuilder();
    }

    /** {@return the port it listens at, or has listened before it was stopped} */
    public int port() {
        return server.port();
    }

    /** {@return the address of its page, under which {@code /v1} is} */
    public URI address() {
        String host = settings.host().contains(":") && !settings.host().startsWith("[")
                ? "[" + settings.host() + "]"
                : settings.host();
        return URI.create((settings.tls().isPresent() ? "https://" : "http://") + host + ":" + port() + "/");
    }

    /** {@return the engine, once it is there} */
    public Optional<ChatEngine> engine() {
        return slot.loaded();
    }

    /** {@return why the engine could not be made; empty if it could, or is on its way} */
    public Optional<Throwable> loadFailure() {
        return slot.failure();
    }

    /**
     * Waits until the engine is there, or is known never to be.
     *
     * @throws InterruptedException if the thread is interrupted
     */
    public void awaitLoaded() throws InterruptedException {
        if (loading != null) {
            loading.join();
        }
    }

    /** {@return whether new requests that compute are refused, because it stops} */
    public boolean isStopping() {
        return server.surroundings().work().isDraining();
    }

    /** {@return the ids of the sessions that {@link #stop} could not save, as the log tells; empty before it is called} */
    public List<String> unsavedSessions() {
        return unsaved;
    }

    /** {@return what it answers} */
    List<Route> routes() {
        return server.offered();
    }

    /** Takes no more requests that compute, and says so to whoever asks whether it is ready. Those that run go on. */
    public void drain() {
        server.drain();
    }

    /** Stops as {@link #stop} does, with the time of the settings. */
    @Override
    public void close() {
        stop(settings.times().stop());
    }

    /**
     * Stops: takes no more requests, lets running answers end for a time, ends the others with an error, saves sessions if the
     * settings say so ({@link #unsavedSessions} tells which it could not), and closes what it made itself. An engine that is still
     * being made after that time is closed once it is there. May be called twice. An interrupt of the calling thread does not end it
     * before its time; the thread is interrupted afterwards.
     *
     * @param time how long running answers may go on
     * @throws HttpAdapterException if something did not stop in order; the rest has
     */
    public void stop(Duration time) {
        Duration bounded = Ranges.bounded(time);
        stopping.lock();
        try {
            if (!stopped) {
                stopped = true;
                try {
                    stopUninterrupted(bounded);
                } finally {
                    closeEngine();
                }
            }
        } finally {
            stopping.unlock();
        }
    }

    /** On a thread of its own: every step of it waits, writes to a socket or to a file, which an interrupt would end half done. */
    private void stopUninterrupted(Duration time) {
        FutureTask<Void> stop = new FutureTask<>(() -> {
            stopServer(time);
            return null;
        });
        Thread thread = new Thread(stop, "longspan-http-stop");
        thread.setDaemon(true);
        boolean interrupted = false;
        try {
            thread.start();
        } catch (OutOfMemoryError e) { // the system gives no more threads
            interrupted = Thread.interrupted();
            stop.run();
        }
        try {
            while (true) {
                try {
                    stop.get();
                    return;
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    throw new HttpAdapterException("the server did not stop in order: " + e.getCause(), e);
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void stopServer(Duration time) throws Exception {
        long end = System.nanoTime() + time.toNanos();
        try {
            server.stop(time, this::saveSessions);
        } finally {
            slot.close();
            awaitMaker(Duration.ofNanos(end - System.nanoTime()));
        }
    }

    /** A model may take minutes to load, and nothing stops it: what comes of it is closed when it is there. */
    private void awaitMaker(Duration time) throws InterruptedException {
        Thread maker = loading;
        if (maker != null) {
            maker.interrupt();
            maker.join(Math.max(1, time.toMillis()));
            if (maker.isAlive()) {
                LOG.warn("the server ends while its model is being loaded");
            }
        }
    }

    private void closeEngine() {
        Thread reading = fingerprinting;
        if (reading != null) {
            reading.interrupt(); // nobody needs it any more
        }
        slot.loaded().ifPresent(engine -> {
            engine.removeListener(metrics);
            if (owned) {
                engine.close();
            }
        });
    }

    private void saveSessions() {
        ChatEngine engine = slot.loaded().orElse(null);
        if (engine == null || !settings.savedOnStop()) {
            return;
        }
        List<String> failed = new ArrayList<>();
        for (SessionInfo info : engine.sessions()) {
            if (info.tokens() > 0 && !save(engine, info.id())) {
                failed.add(info.id());
            }
        }
        unsaved = List.copyOf(failed);
    }

    /** {@return whether nothing is lost} What fails for one session, whatever it is, must not lose the others. */
    private static boolean save(ChatEngine engine, String id) {
        try {
            Session session = engine.session(id);
            String saved = session.save(new SnapshotLabel("session " + id, "saved when the server stopped", List.of()))
                    .id();
            LOG.info("session '{}' is saved as snapshot '{}'", id, saved);
        } catch (SessionNotFoundException | SessionClosedException e) {
            LOG.debug("session '{}' is closed meanwhile", id, e);
        } catch (RuntimeException | OutOfMemoryError e) {
            LOG.error("session '{}' is not saved: {}", id, e.toString());
            LOG.info("it failed here", e);
            return false;
        }
        return true;
    }
}
