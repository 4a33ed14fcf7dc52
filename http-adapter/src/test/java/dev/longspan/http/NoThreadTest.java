package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.http.server.ModelSlot;
import dev.longspan.http.server.Route;
import dev.longspan.http.server.Router;
import dev.longspan.http.server.ServerMetrics;
import dev.longspan.http.server.WebServer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.junit.jupiter.api.Test;

/** Requests for which the system gives no thread. */
class NoThreadTest {
    @Test
    void theyAreToComeAgainAndHoldNoPlace() throws Exception {
        WebServer unstarted = new WebServer(
                HttpAdapter.builder().maxConcurrent(2).settings(), new ModelSlot("m"), new ServerMetrics());
        Route route = Route.working("POST /v1/chat/completions", (exchange, place) -> {});
        Server server = new Server();
        ServerConnector connector = new ServerConnector(server);
        server.addConnector(connector);
        server.setHandler(new Router(unstarted.surroundings(), List.of(route), Runnable::run, task -> {
            throw new OutOfMemoryError("unable to create native thread"); // as Thread.start does
        }));
        server.start();
        try {
            URI uri = URI.create("http://localhost:" + connector.getLocalPort() + "/v1/chat/completions");
            for (int i = 0; i < 3; i++) {
                HttpResponse<String> answer = HttpClient.newHttpClient()
                        .send(OnServer.post(uri, "{}").build(), HttpResponse.BodyHandlers.ofString());
                assertThat(answer.statusCode()).isEqualTo(503);
                assertThat(answer.headers().firstValue("Retry-After")).isPresent();
                assertThat(unstarted.surroundings().work().size()).isZero();
            }
        } finally {
            server.stop();
            unstarted.stop(Duration.ZERO, () -> {});
        }
    }
}
