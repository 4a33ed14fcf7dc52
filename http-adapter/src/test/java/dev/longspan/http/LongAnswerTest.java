package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Answers that are no streams, and take long to compute or to read. */
class LongAnswerTest extends OnServer {
    /** More than what the system keeps for a client. */
    private static final int LETTERS = 4 << 20;

    private static final String APPENDED =
            "{\"messages\": [{\"role\": \"user\", \"content\": \"" + "w".repeat(1500) + "\"}, "
                    + "{\"role\": \"assistant\", \"content\": \"two\"}, {\"role\": \"user\", \"content\": \"three\"}]}";
    private static final String BACK = "{\"keep_messages\": 1}";

    @Override
    HttpAdapterBuilder configure(HttpAdapterBuilder builder) {
        return builder.writeTimeout(Duration.ofSeconds(2));
    }

    private Socket begin(String path, String body) throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(4096);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
        socket.getOutputStream()
                .write(("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                + "Content-Length: " + body.length() + "\r\n\r\n" + body)
                        .getBytes(StandardCharsets.UTF_8));
        return socket;
    }

    private static String letters() {
        return "{\"text\": \"" + "x".repeat(LETTERS) + "\"}";
    }

    @Test
    void whoDoesNotReadLosesTheConnection() throws IOException {
        try (Socket unread = begin("/v1/tokenize", letters())) {
            while (!metric("longspan_http_answers_cut_total").equals("1.0")) {
                Thread.onSpinWait();
            }
            assertThat(unread.isClosed()).as("by the client").isFalse();
        }
        assertThat(post("/v1/tokenize", letters()).status()).isEqualTo(200);
    }

    @Test
    void aStopWaitsForWhoReads() throws Exception {
        try (Socket socket = begin("/v1/tokenize", letters())) {
            assertThat(socket.getInputStream().read())
                    .as("the answer has begun")
                    .isEqualTo('H');
            CompletableFuture<Void> stopping = CompletableFuture.runAsync(() -> server.stop(LIMIT));
            while (!server.isStopping()) {
                Thread.onSpinWait();
            }
            Thread.sleep(1000); // longer than a stop waits for what is small
            String answer = "H" + new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int begin = answer.indexOf("\r\n\r\n") + 4;
            assertThat(answer)
                    .contains("Content-Length: " + (answer.length() - begin) + "\r\n")
                    .endsWith("}");
            stopping.join();
        }
    }

    @Test
    void aStopEndsARollbackThatComputes() throws Exception {
        post("/v1/sessions", "{\"session_id\": \"s\"}");
        post("/v1/sessions/s/append", APPENDED);
        backend.gate().hold();
        CompletableFuture<Answer> back = CompletableFuture.supplyAsync(() -> post("/v1/sessions/s/rollback", BACK));
        backend.gate().awaitWaiting(LIMIT);
        CompletableFuture<Void> stopping = CompletableFuture.runAsync(() -> server.stop(Duration.ZERO));
        while (!server.isStopping()) {
            Thread.onSpinWait();
        }
        Thread.sleep(300); // until it is told to end
        backend.gate().release();
        assertThat(back.get().code()).isEqualTo("shutting_down");
        stopping.get();
        assertThat(engine.session("s").history()).hasSize(3);
    }

    @Test
    void aRollbackEndsWithItsClient() throws Exception {
        post("/v1/sessions", "{\"session_id\": \"s\"}");
        post("/v1/sessions/s/append", APPENDED);
        backend.gate().hold();
        Socket socket = begin("/v1/sessions/s/rollback", BACK);
        backend.gate().awaitWaiting(LIMIT);
        socket.close();
        Thread.sleep(500); // until that is seen
        backend.gate().release();
        awaitIdle();
        assertThat(engine.session("s").history()).hasSize(3);
        assertThat(engine.session("s").info().sequence()).isEqualTo(1);
        assertThat(post("/v1/sessions/s/rollback", BACK).status()).isEqualTo(200);
        assertThat(engine.session("s").history()).hasSize(1);
    }
}
