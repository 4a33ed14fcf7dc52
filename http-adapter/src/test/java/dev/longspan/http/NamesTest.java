package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What clients call things, and what a request may say beside its body. */
class NamesTest extends OnServer {
    @Override
    HttpAdapterBuilder configure(HttpAdapterBuilder builder) {
        return builder.modelId("org/my__model");
    }

    @Test
    void aModelsNameMayHaveBothASlashAndUnderscores() {
        for (String name : List.of("org/my__model", "org%2Fmy__model", "org__my__model")) {
            assertThat(get("/v1/models/" + name).status()).as(name).isEqualTo(200);
            String path = "/v1/generate/" + name;
            assertThat(post(path, "{\"prompt\": \"a\", \"max_new_tokens\": 3}").status())
                    .as(name)
                    .isEqualTo(200);
        }
        assertThat(get("/v1/models/org__my_model").status()).isEqualTo(404);
        assertThat(get("/v1/models/my__model").status()).isEqualTo(404);
    }

    @Test
    void unknownParametersAreRefusedByName() {
        Answer odd = get("/v1/sessions?detials=true");
        assertThat(odd.status()).isEqualTo(400);
        assertThat(odd.code()).isEqualTo("unsupported_field");
        assertThat(odd.param()).isEqualTo("detials");
        assertThat(get("/v1/sessions?detail=true&more=1").param()).isEqualTo("more");
        assertThat(get("/v1/sessions?detail=true").status()).isEqualTo(200);
        for (String path : List.of("/v1/snapshots", "/v1/models", "/v1/models/digest", "/v1/sessions/s/history")) {
            assertThat(get(path + "?limit=3").code()).as(path).isEqualTo("unsupported_field");
        }
        assertThat(post(CHAT + "?limit=3", chat("!say a\n!end")).param()).isEqualTo("limit");
        assertThat(post("/v1/sessions/s/resize?limit=3", "{}").param()).isEqualTo("limit");
        // the page and what looks after the server may be asked with more
        for (String path : List.of("/", "/livez", "/health", "/metrics")) {
            assertThat(get(path + "?limit=3").status()).as(path).isEqualTo(200);
        }
        try (HttpAdapter lenient = HttpAdapter.builder()
                .engine(engine)
                .port(0)
                .ignoreUnknownFields(true)
                .start()) {
            Answer taken =
                    send(java.net.http.HttpRequest.newBuilder(lenient.address().resolve("/v1/sessions?detials=true")));
            assertThat(taken.status()).isEqualTo(200);
            assertThat(taken.header("X-Ignored-Fields")).isEqualTo("detials");
        }
    }

    @Test
    void aBodyWhereNoneMeansAnythingHasNoFields() {
        post("/v1/sessions", "{\"session_id\": \"s\"}");
        Answer refused = call("DELETE", "/v1/sessions/s", "{\"force\": true}");
        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.param()).isEqualTo("force");
        assertThat(call("GET", "/v1/sessions", "{\"detail\": true}").param()).isEqualTo("detail");
        assertThat(call("DELETE", "/v1/sessions/s", "nonsense").code()).isEqualTo("invalid_json");
        assertThat(get("/v1/sessions/s").status()).isEqualTo(200);
        assertThat(call("DELETE", "/v1/sessions/s", "{}").status()).isEqualTo(200);
    }

    @Test
    void timesAreToTheMillisecond() {
        for (int i = 0; i < 50; i++) {
            post("/v1/sessions", "{}");
        }
        for (JsonNode session : get("/v1/sessions?detail=true").json().get("sessions")) {
            for (String name : List.of("created", "last_used")) {
                BigDecimal seconds = new BigDecimal(session.get(name).asText());
                assertThat(seconds.stripTrailingZeros().scale())
                        .as(seconds.toString())
                        .isLessThanOrEqualTo(3);
            }
        }
    }
}
