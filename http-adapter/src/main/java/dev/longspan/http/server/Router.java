package dev.longspan.http.server;

import dev.longspan.http.wire.ApiError;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Executor;
import java.util.concurrent.Phaser;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** From a request to the endpoint that answers it: path, key, origin and body are looked at here. */
public final class Router extends Handler.Abstract.NonBlocking {
    private static final Logger LOG = LoggerFactory.getLogger(Router.class);

    private final Surroundings surroundings;
    private final List<Route> routes;
    private final Keys keys;
    private final Origins origins;
    private final BodyRoom bodies;
    private final Phaser open = new Phaser(1);
    private final Executor quick;
    private final Executor working;

    /**
     * Makes a router.
     *
     * @param quick runs what computes nothing
     * @param working runs what computes; has as many threads as there are places
     */
    public Router(Surroundings surroundings, List<Route> routes, Executor quick, Executor working) {
        this.surroundings = surroundings;
        this.routes = List.copyOf(routes);
        this.keys = new Keys(surroundings.settings().keys());
        this.origins = new Origins(surroundings.settings());
        this.bodies = new BodyRoom(WebServer.heapShare(surroundings.settings()));
        this.quick = quick;
        this.working = working;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        Ids.name(request, response);
        open.register();
        Request.addCompletionListener(request, failure -> open.arriveAndDeregister());
        outlast(request);
        request.addIdleTimeoutListener(
                timeout -> false); // an answer may take its time; bodies have a limit of their own
        List<String> segments = Route.segments(Request.getPathInContext(request));
        Exchange exchange = new Exchange(request, response, callback, surroundings, List.of());
        try {
            if (origins.answer(request, response)) {
                exchange.send(204, "text/plain", new byte[0]);
                return true;
            }
            String method = request.getMethod().equals("HEAD") ? "GET" : request.getMethod();
            Set<String> others = new TreeSet<>();
            for (Route route : routes) {
                List<String> parameters = route.match(segments);
                if (parameters != null && route.method().equals(method)) {
                    begin(route, new Exchange(request, response, callback, surroundings, parameters));
                    return true;
                } else if (parameters != null) {
                    others.add(route.method());
                }
            }
            refuse(request, exchange, others.isEmpty() ? noPath() : noMethod(method, others));
        } catch (RuntimeException e) {
            refuse(request, exchange, e);
        }
        return true;
    }

    /** A connection with a request on it is not idle; and a piece of an answer that is not read would be ended with it. */
    private void outlast(Request request) {
        Settings.Times times = surroundings.settings().times();
        if (times.idle().compareTo(times.write()) < 0) {
            EndPoint end = request.getConnectionMetaData().getConnection().getEndPoint();
            end.setIdleTimeout(2 * times.write().toMillis());
            Request.addCompletionListener(
                    request, failure -> end.setIdleTimeout(times.idle().toMillis()));
        }
    }

    /**
     * Refuses a request whose body has not been read. A small one is read first, so that the connection can go on; else it ends,
     * and the client is told so: otherwise its next request would find it closed.
     */
    private void refuse(Request request, Exchange exchange, Throwable error) {
        if (!hasBody(request)) {
            exchange.fail(error);
        } else if (request.getHeaders().contains(HttpHeader.EXPECT, "100-continue")) {
            exchange.endConnection();
            exchange.fail(error); // it was not asked for its body, and will not be
        } else if (request.getLength() >= 0 && request.getLength() <= BodyReader.SMALL) {
            read(
                    request,
                    BodyReader.SMALL,
                    (body, whenRead) -> exchange.fail(error),
                    (fault, rest) -> exchange.failAndClose(error, rest));
        } else {
            Leftover all = new Leftover(request, surroundings);
            exchange.failAndClose(error, all);
            all.read();
        }
    }

    private void read(
            Request request, int most, BiConsumer<byte[], Runnable> whole, BiConsumer<Throwable, Leftover> fault) {
        BodyReader.read(request, most, surroundings, bodies, whole, fault);
    }

    /**
     * Waits until all requests that have come are answered, and the answers are written. Is called once.
     *
     * @param time how long it waits
     * @param whenLate is run after that, and makes answers
     * @param rest how long it waits for those
     */
    void awaitAnswers(Duration time, Runnable whenLate, Duration rest) throws InterruptedException {
        int all = open.arrive();
        if (!isAnswered(all, time)) {
            whenLate.run();
            if (!isAnswered(all, rest)) {
                LOG.info("{} requests are not answered in time", open.getUnarrivedParties());
            }
        }
    }

    private boolean isAnswered(int all, Duration time) throws InterruptedException {
        try {
            open.awaitAdvanceInterruptibly(all, time.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        }
    }

    private static ApiError noPath() {
        return new ApiError(404, ApiError.Type.NOT_FOUND, "unknown_path", null, "there is nothing at this path");
    }

    private static ApiError noMethod(String method, Set<String> others) {
        String shown = ApiError.shortened(method, 20);
        return new ApiError(
                        405,
                        ApiError.Type.INVALID_REQUEST,
                        "method_not_allowed",
                        null,
                        "expected one of " + others + ", found " + shown)
                .header(HttpHeader.ALLOW.asString(), String.join(", ", others));
    }

    private void begin(Route route, Exchange exchange) {
        boolean open = route.kind() == Route.Kind.OPEN
                || (route.kind().isStatus() && surroundings.settings().statusOpen());
        String key = open ? "" : keys.require(exchange.request());
        if (!hasBody(exchange.request())) {
            run(route, exchange, key);
            return;
        }
        requireJson(exchange.request());
        int most = surroundings.settings().limits().bodyBytes();
        if (exchange.request().getLength() > most) {
            throw BodyReader.tooLarge(most);
        }
        read(
                exchange.request(),
                most,
                (body, whenRead) -> {
                    exchange.setBody(body, whenRead);
                    run(route, exchange, key);
                },
                exchange::failAndClose);
    }

    private static boolean hasBody(Request request) {
        return request.getLength() > 0 || request.getHeaders().contains(HttpHeader.TRANSFER_ENCODING);
    }

    private static void requireJson(Request request) {
        String type = request.getHeaders().get(HttpHeader.CONTENT_TYPE);
        String plain = type == null ? "" : type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
        String encoding = request.getHeaders().get(HttpHeader.CONTENT_ENCODING);
        String transfer = request.getHeaders().get(HttpHeader.TRANSFER_ENCODING);
        if (!plain.equals("application/json")
                || (encoding != null && !encoding.equalsIgnoreCase("identity"))
                || (transfer != null && !transfer.equalsIgnoreCase("chunked"))) {
            throw new ApiError(
                    415,
                    ApiError.Type.INVALID_REQUEST,
                    "unsupported_media_type",
                    null,
                    "expected a body of Content-Type application/json, not compressed");
        }
    }

    private void run(Route route, Exchange exchange, String key) {
        Work.Place place;
        try {
            place = route.kind() == Route.Kind.WORK ? surroundings.work().take(key) : null;
        } catch (ApiError e) {
            exchange.fail(e);
            return;
        }
        if (place != null) {
            exchange.beforeEnd(place::close);
        }
        if (route.kind() == Route.Kind.OPEN || route.kind() == Route.Kind.STATUS) {
            answer(route, exchange, place); // needs nobody, and must not wait for a thread
            return;
        }
        try {
            (route.kind().computes() ? working : quick).execute(() -> answer(route, exchange, place));
        } catch (RejectedExecutionException e) {
            close(place);
            exchange.fail(new ApiError(
                            429, ApiError.Type.RATE_LIMIT, "too_many_requests", null, "there are too many requests")
                    .retryAfter(Duration.ofSeconds(1)));
        } catch (OutOfMemoryError e) { // the system gives no more threads; the request has not begun
            close(place);
            LOG.warn("no thread can be started for a request: {}", e.toString());
            exchange.fail(
                    ApiError.overloaded("there is no thread for this request at this moment", Duration.ofSeconds(2)));
        }
    }

    private static void answer(Route route, Exchange exchange, Work.@Nullable Place place) {
        try {
            if (route.isStrict()) {
                exchange.endQuery(route.query());
            }
            if (!route.takesBody()) {
                exchange.end(exchange.fields()); // none is known
            }
            route.endpoint().answer(exchange, place);
        } catch (Exception | LinkageError | StackOverflowError | OutOfMemoryError e) {
            exchange.fail(e);
        } finally {
            close(place);
        }
    }

    private static void close(Work.@Nullable Place place) {
        if (place != null) {
            place.close();
        }
    }

    /** {@return the routes} */
    List<Route> routes() {
        return new ArrayList<>(routes);
    }
}
