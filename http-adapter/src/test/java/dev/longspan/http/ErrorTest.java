package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is no request, or one for nothing, is answered in the one form that all errors have. */
class ErrorTest extends OnServer {
    @Override
    HttpAdapterBuilder configure(HttpAdapterBuilder builder) {
        return builder.maxBodyBytes(100_000).bodyTimeout(Duration.ofSeconds(2));
    }

    private static void isAnError(JsonNode json, String code) {
        assertThat(json.at("/error/code").asText()).isEqualTo(code);
        assertThat(json.at("/error/message").asText()).isNotEmpty();
        assertThat(json.at("/error/type").asText()).endsWith("_error");
        assertThat(json.get("error").has("param")).isTrue();
        assertThat(json.get("detail")).isEqualTo(json.at("/error/message"));
    }

    private static void isAnError(Answer answer, int status, String code) {
        assertThat(answer.status()).as(answer.response().body()).isEqualTo(status);
        isAnError(answer.json(), code);
    }

    @Test
    void unknownPathsAndMethods() {
        isAnError(get("/v1/nothing"), 404, "unknown_path");
        isAnError(get("/v1/sessions/"), 404, "session_not_found");
        Answer wrong = call("PUT", CHAT, "{}");
        isAnError(wrong, 405, "method_not_allowed");
        assertThat(wrong.header("Allow")).isEqualTo("POST");
    }

    @Test
    void bodiesThatAreNone() {
        isAnError(post(CHAT, "{bad"), 400, "invalid_json");
        isAnError(post(CHAT, "[1]"), 400, "invalid_json");
        isAnError(post(CHAT, "{} {}"), 400, "invalid_json");
        isAnError(post(CHAT, "{\"stream\": true, \"stream\": false}"), 400, "invalid_json");
        isAnError(post(CHAT, "{\"a\": ".repeat(65) + "1" + "}".repeat(65)), 400, "invalid_json");
        isAnError(post(CHAT, "{\"seed\": " + "9".repeat(2000) + "}"), 400, "invalid_json");
        isAnError(post(CHAT, "{\"a\": NaN}"), 400, "invalid_json");
        isAnError(post(CHAT, "{\"\\ud800\": 1}"), 400, "invalid_json");
        isAnError(post(CHAT, "{\"\\ud800a\": 1}"), 400, "invalid_json");
        for (String number :
                List.of("1e2147483648", "-1.5E-2147483650", "0e99999999999", "[1, {\"b\": 1e99999999999}]")) {
            isAnError(post(CHAT, chat("hi", "\"temperature\": " + number)), 400, "invalid_json");
            isAnError(post(CHAT, chat("hi", "\"chat_template_kwargs\": {\"a\": " + number + "}")), 400, "invalid_json");
        }
        assertThat(post(CHAT, "{bad").json().at("/error/message").asText()).doesNotContain("fasterxml", "Source");
        HttpRequest.Builder latin = HttpRequest.newBuilder(uri(CHAT))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(
                        "{\"user\": \"ä\"}".getBytes(StandardCharsets.ISO_8859_1)));
        isAnError(send(latin), 400, "invalid_json");
    }

    @Test
    void typesAndSizes() {
        HttpRequest.Builder form = HttpRequest.newBuilder(uri(CHAT))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString("a=b"));
        isAnError(send(form), 415, "unsupported_media_type");
        HttpRequest.Builder none = HttpRequest.newBuilder(uri(CHAT)).POST(HttpRequest.BodyPublishers.ofString("{}"));
        isAnError(send(none), 415, "unsupported_media_type");
        isAnError(post(CHAT, "{}", "Content-Encoding", "gzip"), 415, "unsupported_media_type");
        isAnError(post(CHAT, chat("x".repeat(100_001))), 413, "body_too_large");
        HttpRequest.Builder chunked = HttpRequest.newBuilder(uri(CHAT))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofInputStream(() -> new java.io.ByteArrayInputStream(
                        chat("x".repeat(200_000)).getBytes(StandardCharsets.UTF_8))));
        isAnError(send(chunked), 413, "body_too_large");
    }

    /** What a server says to bytes that are sent slowly, or not to the end. */
    private String raw(String... pieces) throws IOException, InterruptedException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.setSoTimeout(20_000);
            for (int i = 0; i < pieces.length && socket.getInputStream().available() == 0; i++) {
                socket.getOutputStream().write(pieces[i].getBytes(StandardCharsets.UTF_8));
                socket.getOutputStream().flush();
                Thread.sleep(pieces.length > 1 ? 300 : 0);
            }
            byte[] buffer = new byte[8192];
            StringBuilder answer = new StringBuilder();
            int count = 0;
            while (count >= 0 && !answer.toString().matches("(?s).*\r\n\r\n\\{.*}.*")) {
                count = socket.getInputStream().read(buffer);
                answer.append(new String(buffer, 0, Math.max(0, count), StandardCharsets.UTF_8));
            }
            return answer.toString();
        }
    }

    private static JsonNode body(String answer) {
        return parse(answer.substring(answer.indexOf("\r\n\r\n{") + 4));
    }

    @Test
    void headsThatAreNone() throws Exception {
        String twice = raw("POST " + CHAT + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}");
        assertThat(twice).startsWith("HTTP/1.1 400");
        isAnError(body(twice), "http_400");
        assertThat(raw("nonsense\r\n\r\n")).startsWith("HTTP/1.1 400");
        String large = raw("GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Large: " + "x".repeat(20_000) + "\r\n\r\n");
        assertThat(large).startsWith("HTTP/1.1 431");
        isAnError(body(large), "http_431");
    }

    @Test
    void bodiesThatStop() throws Exception {
        String head = "POST " + CHAT + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
        String stopped = raw(head + "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"mod");
        assertThat(stopped).startsWith("HTTP/1.1 408");
        isAnError(body(stopped), "body_timeout");
        String slow = raw(head + "Content-Length: 100\r\n\r\n", "{", " ", " ", " ", " ", " ", " ", " ", " ");
        assertThat(slow).startsWith("HTTP/1.1 408");
        assertThat(get("/livez").status()).isEqualTo(200);
    }

    @Test
    void aHeadThatComesByteByByteIsAnsweredOnceHoweverFast() throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.setSoTimeout(20_000);
            byte[] head = "GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX-Slow: ".getBytes(StandardCharsets.UTF_8);
            try {
                for (int i = 0; i < 2000 && socket.getInputStream().available() == 0; i++) {
                    socket.getOutputStream().write(i < head.length ? head[i] : 'a');
                    Thread.sleep(20);
                }
                socket.getOutputStream().write('a');
            } catch (IOException e) {
                // the server has closed it: what it said before is still to be read
            }
            StringBuilder answer = new StringBuilder();
            byte[] buffer = new byte[8192];
            try {
                for (int count; (count = socket.getInputStream().read(buffer)) >= 0; ) {
                    answer.append(new String(buffer, 0, count, StandardCharsets.UTF_8));
                }
            } catch (SocketException e) {
                // as it may end for who still sends
            }
            assertThat(answer.toString()).startsWith("HTTP/1.1 408").containsOnlyOnce("HTTP/1.1 ");
            isAnError(body(answer.toString()), "head_timeout");
        }
    }

    @Test
    void headsThatDoNotArrive() throws Exception {
        String[] bytes = new String[12];
        java.util.Arrays.fill(bytes, "x");
        bytes[0] = "GET /livez HTTP/1.1\r\nX-Slow: ";
        String slow = raw(bytes);
        assertThat(slow)
                .startsWith("HTTP/1.1 408")
                .contains("Connection: close")
                .containsPattern("X-Request-Id: [0-9a-f]{32}\r\n")
                .containsPattern("traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-00\r\n");
        isAnError(body(slow), "head_timeout");
        String metrics = get("/metrics").response().body();
        assertThat(metrics)
                .contains("longspan_http_requests_total{method=\"other\",status=\"408\"} 1.0")
                .doesNotContain("status=\"500\"");
        assertThat(raw("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")).startsWith("HTTP/1.1 200");
    }

    private void refusesArguments(String arguments) {
        Answer answer = post(
                CHAT,
                "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}, {\"role\": \"assistant\", \"tool_calls\": "
                        + "[{\"id\": \"c\", \"function\": {\"name\": \"f\", \"arguments\": " + arguments + "}}]}]}");
        isAnError(answer, 400, "invalid_value");
        assertThat(answer.param()).isEqualTo("messages[1].tool_calls[0].function.arguments");
        assertThat(answer.response().body()).doesNotContain("java", "fasterxml", "Constraints");
    }

    @Test
    void schemasWhoseNumbersCannotBeWritten() {
        String tool = "\"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"f\", \"parameters\": "
                + "{\"type\": \"object\", \"minimum\": 10e2147483647}}}]";
        Answer answer = post(CHAT, chat("hi", tool));
        assertThat(answer.status()).as(answer.response().body()).isEqualTo(400);
        assertThat(answer.param()).isEqualTo("tools[0].function.parameters");
        assertThat(answer.response().body()).doesNotContain("java", "fasterxml");
    }

    @Test
    void argumentsThatAreNoObject() {
        for (String arguments :
                List.of("[1]", "{\\\"a\\\": ", "{\\\"a\\\": ".repeat(70), "7", "{\\\"a\\\": 1e2147483648}")) {
            refusesArguments("\"" + arguments + "\"");
        }
        refusesArguments("{\"a\": 15.5e2147483647}"); // which can be read, but not once more when it is written
    }

    @Test
    void poolsAreNotOfferedWhateverIsAsked() {
        for (Answer answer : List.of(
                get("/v1/pools"), post("/v1/pools", "{}"), get("/v1/pools/p"), call("DELETE", "/v1/pools/p", null))) {
            assertThat(answer.status()).isEqualTo(501);
            assertThat(answer.json().at("/detail/code").asText()).isEqualTo("not_offered");
        }
    }

    @Test
    void snapshotsThatCannotBe() {
        for (Answer answer : List.of(get("/v1/snapshots/a%20b"), call("DELETE", "/v1/snapshots/.hidden", null))) {
            isAnError(answer, 400, "invalid_value");
            assertThat(answer.param()).isEqualTo("snapshot_id");
        }
    }

    @Test
    void modelsThatAreNotThere() {
        isAnError(get("/v1/models/other"), 404, "model_not_found");
        isAnError(post(CHAT, chat("x", "\"model\": \"other\"")), 404, "model_not_found");
        assertThat(get("/v1/pools").status()).isEqualTo(501);
    }

    @Test
    void requestsKeepTheirNames() {
        Answer named = send(HttpRequest.newBuilder(uri("/livez"))
                .headers(
                        "X-Request-Id",
                        "mine-1",
                        "traceparent",
                        "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"));
        assertThat(named.header("X-Request-Id")).isEqualTo("mine-1");
        assertThat(named.header("traceparent"))
                .startsWith("00-0123456789abcdef0123456789abcdef-")
                .endsWith("-01");
        Answer hostile = send(HttpRequest.newBuilder(uri("/livez")).header("X-Request-Id", "a b<script>"));
        assertThat(hostile.header("X-Request-Id")).matches("[0-9a-f]{32}");
    }

    @Test
    void whatIsCutShortIsTheClientsFault() throws Exception {
        String head = "POST " + CHAT + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
        String bad = raw(head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}");
        assertThat(bad).startsWith("HTTP/1.1 400");
        Answer query = send(HttpRequest.newBuilder(
                java.net.URI.create(server.address().resolve("/v1/sessions") + "?detail=%25zz")));
        assertThat(query.status()).isEqualTo(400);
        String broken = raw("GET /v1/sessions?detail=%zz HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assertThat(broken).startsWith("HTTP/1.1 400");
        assertThat(raw("GET /v1/models/a%2Fb HTTP/1.1\r\nHost: localhost\r\n\r\n"))
                .startsWith("HTTP/1.1 404");
    }

    @Test
    void namesThatMeanOtherMachinesAreNotAnsweredTo() throws Exception {
        String other = raw("GET /v1/models HTTP/1.1\r\nHost: attacker.example:" + server.port() + "\r\n\r\n");
        assertThat(other).startsWith("HTTP/1.1 403");
        isAnError(body(other), "host_not_allowed");
        for (String name : List.of("localhost", "127.0.0.1:" + server.port(), "[::1]:80", "LOCALHOST:1")) {
            assertThat(raw("GET /livez HTTP/1.1\r\nHost: " + name + "\r\n\r\n"))
                    .as(name)
                    .startsWith("HTTP/1.1 200");
        }
    }

    @Test
    void methodsThatNobodyKnowsAreCountedTogether() {
        for (int i = 0; i < 5; i++) {
            call("M" + i, "/health", null);
        }
        assertThat(get("/metrics").response().body())
                .contains("longspan_http_requests_total{method=\"other\",status=\"405\"} 5.0")
                .doesNotContain("\"M1\"");
    }

    @Test
    void aConnectionGoesOnBehindARefusedRequestOrIsSaidToEnd() throws Exception {
        String head = "POST /v1/nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: ";
        String next = "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.getOutputStream().write((head + "5\r\n\r\n").getBytes(StandardCharsets.UTF_8));
            Thread.sleep(300); // the body comes later
            socket.getOutputStream().write(("12345" + next).getBytes(StandardCharsets.UTF_8));
            String both = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(both).startsWith("HTTP/1.1 404").contains("HTTP/1.1 200", "alive");
        }
        assertThat(raw(head + "5000000\r\n\r\n")).startsWith("HTTP/1.1 404").contains("Connection: close");
        assertThat(raw(head.replace("Content-Length: ", "Transfer-Encoding: chunked\r\n\r\n")))
                .startsWith("HTTP/1.1 404")
                .contains("Connection: close");
    }
}
