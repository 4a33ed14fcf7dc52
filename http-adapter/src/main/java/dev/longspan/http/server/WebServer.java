package dev.longspan.http.server;

import dev.longspan.http.chat.ChatEndpoint;
import dev.longspan.http.chat.GenerateEndpoint;
import dev.longspan.http.chat.TurnLedger;
import dev.longspan.http.session.SessionEndpoints;
import dev.longspan.http.status.Pages;
import dev.longspan.http.status.StatusEndpoints;
import dev.longspan.http.wire.StrictJson;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/** The server itself: its connector, its threads, and its end. */
public final class WebServer {
    private static final int QUICK_THREADS = 8;
    private static final int QUICK_QUEUE = 4_096;
    private static final int IO_THREADS = 16;
    private static final int SPARE = 32;
    private static final int HEAP_SHARE = 16;
    /** Ids of models may have a slash, which clients encode. */
    private static final UriCompliance URIS =
            UriCompliance.DEFAULT.with("LONGSPAN", UriCompliance.Violation.AMBIGUOUS_PATH_SEPARATOR);

    private static final int SEND_BUFFER = 128 << 10;
    private static final Duration LAST = Duration.ofSeconds(1);
    private static final Duration FLUSH = Duration.ofMillis(500);

    private final Surroundings surroundings;
    private final Server server;
    private final ServerConnector connector;
    private final SlowHeads heads;
    private final Router router;
    private final ThreadPoolExecutor quick;
    private final ExecutorService working;
    private final ScheduledThreadPoolExecutor timer;
    private volatile int port;

    /**
     * Makes a server, which is not started.
     *
     * @param settings how it is run
     * @param slot the engine
     * @param metrics counts
     */
    public WebServer(Settings settings, ModelSlot slot, ServerMetrics metrics) {
        this.timer = new ScheduledThreadPoolExecutor(2, threads("longspan-http-timer"));
        timer.setRemoveOnCancelPolicy(true);
        timer.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy()); // after the end
        Work work = new Work(settings.limits().answers(), settings.limits().perKey());
        Heart heart = new Heart(timer);
        metrics.watch(work, heart);
        UnreadAnswers unread = new UnreadAnswers(settings.times().write(), heapShare(settings), timer);
        this.surroundings = new Surroundings(
                settings,
                slot,
                work,
                heart,
                timer,
                unread,
                metrics,
                new StrictJson(settings.limits().forms().jsonDepth()));
        this.quick = new ThreadPoolExecutor(
                QUICK_THREADS,
                QUICK_THREADS,
                1,
                TimeUnit.MINUTES,
                new LinkedBlockingQueue<>(QUICK_QUEUE),
                threads("longspan-http-quick"));
        this.working = new ThreadPoolExecutor(
                0,
                settings.limits().answers() + SPARE, // a thread is free a moment after its place
                1,
                TimeUnit.MINUTES,
                new SynchronousQueue<>(),
                threads("longspan-http-work"));
        QueuedThreadPool io = new QueuedThreadPool(IO_THREADS, IO_THREADS);
        io.setName("longspan-http-io");
        io.setDaemon(true);
        this.server = new Server(io);
        this.connector = connector(settings);
        AccessLog log = new AccessLog(metrics);
        this.heads = new SlowHeads(settings.times().body(), timer, log);
        connector.addBean(heads);
        server.addConnector(connector);
        this.router = new Router(surroundings, routes(), quick, working);
        server.setHandler(router);
        server.setErrorHandler(new ErrorForm());
        server.setRequestLog(log);
        server.setStopAtShutdown(false);
    }

    /** {@return how many bytes all bodies together may take, and all answers} They take several times their size in other forms. */
    static long heapShare(Settings settings) {
        return Math.max(settings.limits().bodyBytes(), Runtime.getRuntime().maxMemory() / HEAP_SHARE);
    }

    private static ThreadFactory threads(String name) {
        AtomicInteger count = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, name + "-" + count.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    private List<Route> routes() {
        TurnLedger turns = new TurnLedger();
        List<Route> routes = new ArrayList<>();
        routes.add(Route.working("POST /v1/chat/completions", new ChatEndpoint(surroundings, turns)));
        routes.add(Route.working("POST /v1/generate/**", new GenerateEndpoint(surroundings)));
        routes.addAll(SessionEndpoints.routes(surroundings, turns));
        routes.addAll(new StatusEndpoints(surroundings).routes());
        routes.add(Pages.description());
        if (surroundings.settings().page()) {
            routes.addAll(Pages.routes());
        }
        return routes;
    }

    private ServerConnector connector(Settings settings) {
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        http.setSendDateHeader(true);
        http.setRequestHeaderSize(settings.limits().headerBytes());
        http.setUriCompliance(URIS);
        HttpConnectionFactory plain = new HttpConnectionFactory(http);
        ServerConnector made;
        if (settings.tls().isPresent()) {
            SslContextFactory.Server tls = new SslContextFactory.Server();
            tls.setKeyStorePath(settings.tls().get().keyStore().toUri().toString());
            tls.setKeyStoreType("PKCS12");
            tls.setKeyStorePassword(settings.tls().get().password());
            http.addCustomizer(new SecureRequestCustomizer(false));
            made = new ServerConnector(server, new SslConnectionFactory(tls, "http/1.1"), plain);
        } else {
            made = new ServerConnector(server, plain);
        }
        made.setHost(settings.host());
        made.setPort(settings.port());
        made.setIdleTimeout(settings.times().idle().toMillis());
        made.setAcceptQueueSize(1024);
        made.setAcceptedSendBufferSize(SEND_BUFFER); // else a client that does not read costs the system megabytes
        return made;
    }

    /** Begins to listen. */
    public void start() throws Exception {
        timer.prestartAllCoreThreads(); // they are there when the system gives no more
        quick.prestartAllCoreThreads();
        server.start();
        port = connector.getLocalPort(); // which is forgotten when it ends
    }

    /** {@return the port it listens at, or has listened} */
    public int port() {
        return port;
    }

    /** {@return what it answers} */
    public List<Route> offered() {
        return router.routes();
    }

    /** {@return what all requests have in common} */
    public Surroundings surroundings() {
        return surroundings;
    }

    /** Takes no more requests that compute; those that run go on. */
    public void drain() {
        surroundings.work().drain();
    }

    /** One step of the engine may take longer than what is left of the time: who waits for it is told all the same. */
    private void giveUpWaiting() throws InterruptedException {
        if (!surroundings.work().await(LAST)) {
            surroundings.heart().shutDown();
            if (!surroundings.work().await(LAST)) {
                surroundings.heart().abort();
                surroundings.work().await(LAST);
            }
        }
    }

    /**
     * Ends in order: what runs may end by itself for a time, and is then ended with an error.
     *
     * @param beforeEnd is run once nothing computes any more, and before connections are closed
     */
    public void stop(Duration time, Runnable beforeEnd) throws Exception {
        long end = System.nanoTime() + TimeUnit.NANOSECONDS.convert(time);
        try {
            drain();
            if (!surroundings.work().await(time)) {
                surroundings.work().stop();
                giveUpWaiting();
            }
            beforeEnd.run();
        } finally {
            close(end);
        }
    }

    private void close(long end) throws Exception {
        connector.close(); // whoever is accepted is answered, and nobody else is let in
        Duration left = Duration.ofNanos(end - System.nanoTime());
        router.awaitAnswers(left.compareTo(FLUSH) > 0 ? left : FLUSH, surroundings.heart()::shutDown, FLUSH);
        server.setStopTimeout(0); // what is left are connections without a request
        try {
            server.stop();
        } finally {
            quick.shutdownNow();
            working.shutdownNow();
            surroundings.heart().close();
            surroundings.unread().close();
            heads.close();
            timer.shutdownNow();
            surroundings.metrics().close();
        }
    }
}
