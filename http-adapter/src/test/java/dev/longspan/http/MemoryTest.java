package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.http.server.Faults;
import dev.longspan.http.wire.ApiError;
import dev.longspan.tck.DigestOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What there is no memory for is refused, and everything else goes on. */
class MemoryTest extends OnServer {
    private static final int LARGE = 48 << 20;

    @Override
    DigestOptions options() {
        return super.options().withMemoryLimit(60_000);
    }

    @Test
    void whatWillNeverFitIsNotToBeRepeated() {
        String prompt = "x".repeat(3000);
        Answer large = post(CHAT, chat(prompt + "\n!say a\n!end"));
        assertThat(large.status()).as(large.response().body()).isEqualTo(400);
        assertThat(large.code()).isEqualTo("context_length_exceeded");
        assertThat(large.json().at("/error/param").asText()).isEqualTo("max_tokens");
        assertThat(large.json().at("/error/message").asText())
                .startsWith("max_tokens: expected ")
                .contains("48488 bytes", "3031 tokens");
        assertThat(large.response().headers().firstValue("Retry-After")).isEmpty();
        Answer plain = post("/v1/generate/digest", "{\"prompt\": \"" + prompt + "\", \"max_new_tokens\": 500}");
        assertThat(plain.code()).as(plain.response().body()).isEqualTo("context_length_exceeded");
        assertThat(plain.json().at("/error/param").asText()).isEqualTo("max_new_tokens");
    }

    @Test
    void whatTheBackendHasNoMemoryForBesideOthers() {
        post("/v1/sessions", "{\"session_id\": \"s\"}");
        String words = "{\"messages\": [{\"role\": \"user\", \"content\": \"" + "x".repeat(400) + "\"}]}";
        assertThat(post("/v1/sessions/s/append", words).status()).isEqualTo(200);
        Answer large = post(CHAT, chat("x".repeat(400) + "\n!say a\n!end", "\"max_tokens\": 20"));
        assertThat(large.status()).as(large.response().body()).isEqualTo(503);
        assertThat(large.code()).isEqualTo("overloaded");
        assertThat(large.json().at("/error/type").asText()).isEqualTo("overloaded_error");
        assertThat(large.header("Retry-After")).matches("[1-9][0-9]*");
        assertThat(post(CHAT, chat("!say a\n!end", "\"max_tokens\": 20")).status())
                .isEqualTo(200);
    }

    @Test
    void whatTheHeapHasNoMemoryFor() {
        ApiError error = Faults.of(new OutOfMemoryError("Java heap space"));
        assertThat(error.status()).isEqualTo(503);
        assertThat(error.code()).isEqualTo("overloaded");
        assertThat(error.headers()).containsKey("Retry-After");
        assertThat(error.getMessage()).doesNotContain("Java");
    }

    @Test
    void bodiesThatAreTooManyTogether() throws IOException {
        List<Socket> halfSent = new ArrayList<>();
        try {
            String refusal = "";
            while (refusal.isEmpty()) {
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
                halfSent.add(socket);
                refusal = sendAllButTheLast(socket);
            }
            assertThat(refusal)
                    .startsWith("HTTP/1.1 503 ")
                    .contains("Retry-After: 1")
                    .contains("\"overloaded\"");
            assertThat(halfSent.size()).as("bodies until one was refused").isGreaterThan(1);
            Answer small = post(CHAT, chat("!say a\n!end", "\"max_tokens\": 20"));
            assertThat(small.status()).isEqualTo(200);
        } finally {
            for (Socket each : halfSent) {
                each.close();
            }
        }
        String large = "{\"text\": \"x\"}" + " ".repeat(LARGE);
        while (post("/v1/tokenize", large).status() != 200) {
            Thread.onSpinWait(); // until the server has seen that they are gone
        }
    }

    /** Sends a body but for its last byte; answers what the server says meanwhile, if it says anything. */
    private static String sendAllButTheLast(Socket socket) throws IOException {
        socket.getOutputStream()
                .write(("POST /v1/tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                + "Content-Length: " + LARGE + "\r\n\r\n")
                        .getBytes(StandardCharsets.UTF_8));
        byte[] piece = " ".repeat(1 << 20).getBytes(StandardCharsets.UTF_8);
        try {
            for (int sent = 0; sent < LARGE - piece.length; sent += piece.length) {
                socket.getOutputStream().write(piece);
            }
            socket.getOutputStream().write(piece, 0, piece.length - 1);
        } catch (IOException e) {
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
        socket.setSoTimeout(500);
        try {
            byte[] answer = new byte[4096];
            int count = socket.getInputStream().read(answer);
            return new String(answer, 0, count, StandardCharsets.UTF_8);
        } catch (java.net.SocketTimeoutException e) {
            return ""; // it waits for the last byte
        }
    }
}
