package dev.longspan.http.status;

import dev.longspan.http.server.Exchange;
import dev.longspan.http.server.Route;
import dev.longspan.http.server.Route.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;

/** The page at {@code /}, and the description of the interface: files in the jar. */
public final class Pages {
    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
            + "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private Pages() {}

    /** {@return the route of the description} */
    public static Route description() {
        return file("GET /openapi.yaml", "/dev/longspan/http/openapi.yaml", "application/yaml; charset=utf-8");
    }

    /** {@return the routes of the page} */
    public static List<Route> routes() {
        return List.of(
                file("GET /", "/dev/longspan/http/web/index.html", "text/html; charset=utf-8"),
                file("GET /server.js", "/dev/longspan/http/web/server.js", "text/javascript; charset=utf-8"),
                file("GET /app.js", "/dev/longspan/http/web/app.js", "text/javascript; charset=utf-8"),
                file("GET /begin.js", "/dev/longspan/http/web/begin.js", "text/javascript; charset=utf-8"),
                file("GET /style.css", "/dev/longspan/http/web/style.css", "text/css; charset=utf-8"),
                file("GET /icon.svg", "/dev/longspan/http/web/icon.svg", "image/svg+xml"));
    }

    private static Route file(String route, String name, String type) {
        byte[] content = read(name);
        return Route.of(Kind.OPEN, route, exchange -> send(exchange, type, content));
    }

    private static void send(Exchange exchange, String type, byte[] content) {
        exchange.setHeader("Content-Security-Policy", POLICY);
        exchange.setHeader("X-Content-Type-Options", "nosniff");
        exchange.setHeader("Referrer-Policy", "no-referrer");
        exchange.setHeader("Cache-Control", "no-cache");
        exchange.send(200, type, content);
    }

    private static byte[] read(String name) {
        try (InputStream in = Pages.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("the jar lacks " + name);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
