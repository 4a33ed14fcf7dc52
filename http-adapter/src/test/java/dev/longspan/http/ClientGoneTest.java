package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that disappear: computing stops, everything is given back, and a session's turn is taken back. */
class ClientGoneTest extends OnServer {
    private static final String ENDLESS = "\"repetition_detection\": {\"enabled\": false}";

    private Socket begin(String body) throws IOException {
        return begin(body, "");
    }

    private Socket begin(String body, String more) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        socket.setSoTimeout(20_000);
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        String head = "POST " + CHAT + " HTTP/1.1\r\nHost: localhost\r\n" + more
                + "Content-Type: application/json\r\nContent-Length: " + bytes.length + "\r\n\r\n";
        socket.getOutputStream().write(head.getBytes(StandardCharsets.UTF_8));
        socket.getOutputStream().write(bytes);
        socket.getOutputStream().flush();
        return socket;
    }

    private void everythingIsGivenBack() {
        awaitIdle();
        while (!metric("longspan_http_working").equals("0.0")) {
            Thread.onSpinWait();
        }
        assertThat(engine.load().running()).isZero();
    }

    private String loop(boolean stream, String... members) {
        String[] all = java.util.Arrays.copyOf(members, members.length + 2);
        all[members.length] = ENDLESS;
        all[members.length + 1] = "\"stream\": " + stream;
        return chat("!loop", all);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void beforeTheFirstToken(boolean stream) throws Exception {
        backend.gate().hold();
        Socket socket = begin(loop(stream));
        backend.gate().awaitWaiting(LIMIT);
        socket.close();
        backend.gate().release();
        everythingIsGivenBack();
        assertThat(metric("longspan_requests_total{outcome=\"cancelled\"}")).isEqualTo("1.0");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void duringAnAnswer(boolean stream) throws Exception {
        Socket socket = begin(loop(stream));
        while (backend.gate().arrivals() < 10 && engine.load().running() == 0) {
            Thread.onSpinWait();
        }
        socket.close();
        everythingIsGivenBack();
    }

    @Test
    void oneStepIsComputedAtMost() throws Exception {
        backend.gate().hold();
        Socket socket = begin(loop(false));
        backend.gate().awaitWaiting(LIMIT);
        socket.close();
        awaitCancelled();
        double before = Double.parseDouble(metric("longspan_steps_total"));
        backend.gate().release();
        everythingIsGivenBack();
        assertThat(Double.parseDouble(metric("longspan_steps_total"))).isLessThanOrEqualTo(before + 1);
    }

    /** A client that has gone is seen by a thread of its own; the answer is then cancelled at its next step. */
    private static void awaitCancelled() throws InterruptedException {
        Thread.sleep(500);
    }

    @Test
    void atAnyMomentOfASessionsTurn() throws Exception {
        post("/v1/sessions", "{\"session_id\": \"s\"}");
        Random random = new Random(7);
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < 1000; i++) {
            String script = "!think " + random.nextInt(30) + "\n!say " + i + " w".repeat(random.nextInt(40)) + "\n!end";
            boolean stream = random.nextInt(4) > 0;
            String body = chat(script, "\"session_id\": \"s\"", "\"stream\": " + stream);
            try (Socket socket = begin(body, "Connection: close\r\n")) {
                cut(socket, random);
            }
            while (busy()) {
                Thread.onSpinWait();
            }
            if (i % 20 == 19) {
                settled();
                wholeTurns(seen);
                post("/v1/sessions/s/rollback", "{\"keep_messages\": 0}");
            }
        }
        assertThat(seen).as("turns that were committed").hasSizeGreaterThan(50);
        assertThat(post(CHAT, chat("!say fine\n!end", "\"session_id\": \"s\""))
                        .json()
                        .at("/choices/0/message/content")
                        .asText())
                .isEqualTo("fine");
        everythingIsGivenBack();
    }

    private static void cut(Socket socket, Random random) throws IOException {
        int read = random.nextInt(3) == 0 ? 0 : random.nextInt(4000);
        byte[] buffer = new byte[512];
        while (read > 0) {
            int count = socket.getInputStream().read(buffer, 0, Math.min(read, buffer.length));
            if (count < 0 || new String(buffer, 0, count, StandardCharsets.UTF_8).contains("[DONE]")) {
                return;
            }
            read -= count;
        }
        if (random.nextBoolean()) {
            socket.setSoLinger(true, 0); // a reset instead of an end
        }
    }

    /** What was sent may not have been read yet. */
    private void settled() throws InterruptedException {
        Thread.sleep(20);
        awaitIdle();
        while (!metric("longspan_http_working").equals("0.0")) {
            Thread.onSpinWait();
        }
    }

    /** Each turn is there whole, or not at all, and never twice. */
    private void wholeTurns(Set<String> seen) {
        JsonNode messages = get("/v1/sessions/s/history").json().get("messages");
        assertThat(messages.size() % 2).isZero();
        for (int m = 0; m < messages.size(); m += 2) {
            String script = messages.get(m).get("content").asText();
            String said = script.substring(script.indexOf("!say ") + 5, script.indexOf("\n!end"));
            assertThat(messages.get(m + 1).get("content").asText()).isEqualTo(said);
            assertThat(seen.add(said)).as("'%s' for the first time", said).isTrue();
        }
    }

    private boolean busy() {
        return get("/v1/sessions/s").json().get("busy").asBoolean();
    }

    @Test
    void aClientMaySendItsNextRequestEarly() throws Exception {
        backend.gate().hold();
        try (Socket socket = begin(chat("!say a\n!end"))) {
            backend.gate().awaitWaiting(LIMIT);
            socket.getOutputStream()
                    .write("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.UTF_8));
            socket.getOutputStream().flush();
            Thread.sleep(300);
            backend.gate().release();
            String all = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(all).startsWith("HTTP/1.1 200").contains("Connection: close");
        }
        assertThat(List.of(get("/livez").status())).containsExactly(200);
    }

    @Test
    void aTurnIsTakenBackBeforeAnythingIsSent() throws Exception {
        post("/v1/sessions", "{\"session_id\": \"s\"}");
        for (boolean stream : new boolean[] {true, false}) {
            for (String version : List.of("1.1", "1.0")) {
                backend.gate().hold();
                String body = chat("!say a\n!end", "\"session_id\": \"s\"", "\"stream\": " + stream);
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
                socket.getOutputStream()
                        .write(("POST " + CHAT + " HTTP/" + version
                                        + "\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                        + "Content-Length: " + body.length() + "\r\n\r\n" + body)
                                .getBytes(StandardCharsets.UTF_8));
                backend.gate().awaitWaiting(LIMIT);
                socket.close();
                awaitCancelled();
                backend.gate().release();
                everythingIsGivenBack();
                assertThat(get("/v1/sessions/s").json().get("message_count").asInt())
                        .as("HTTP/" + version + (stream ? " streamed" : ""))
                        .isZero();
            }
        }
    }
}
