package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A request that is refused before its body has come: the client has its answer, however much it still sends. */
class RefusalTest extends OnServer {
    private static final String KEY = "a-very-secret-key";
    private static final int LARGEST = 9 << 20;
    private static final int MANY = 8 << 20;
    private static final int TIMES = 20;

    @Override
    HttpAdapterBuilder configure(HttpAdapterBuilder builder) {
        return builder.apiKey(KEY).maxBodyBytes(LARGEST);
    }

    /**
     * A request that is refused.
     *
     * @param chunked whether its length is not told
     */
    private record Refused(
            int status, String method, String path, String key, String type, int bytes, boolean chunked) {
        String head() {
            return method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + type + "\r\nX-Api-Key: "
                    + key + (chunked ? "\r\nTransfer-Encoding: chunked\r\n" : "\r\nContent-Length: " + bytes + "\r\n");
        }

        HttpRequest request(java.net.URI uri) {
            byte[] body = body();
            return HttpRequest.newBuilder(uri)
                    .header("Content-Type", type)
                    .header("X-Api-Key", key)
                    .method(
                            method,
                            chunked
                                    ? HttpRequest.BodyPublishers.ofInputStream(
                                            () -> new java.io.ByteArrayInputStream(body))
                                    : HttpRequest.BodyPublishers.ofByteArray(body))
                    .timeout(Duration.ofSeconds(60))
                    .build();
        }

        byte[] body() {
            byte[] body = new byte[bytes];
            Arrays.fill(body, (byte) ' ');
            return body;
        }
    }

    static List<Refused> refused() {
        String json = "application/json";
        return List.of(
                new Refused(401, "POST", CHAT, "wrong", json, MANY, false),
                new Refused(401, "POST", CHAT, "wrong", json, 100_000, false),
                new Refused(401, "POST", CHAT, "wrong", json, MANY, true),
                new Refused(404, "POST", "/v1/nothing", KEY, json, MANY, false),
                new Refused(405, "PUT", CHAT, KEY, json, MANY, false),
                new Refused(415, "POST", CHAT, KEY, "text/plain", MANY, false),
                new Refused(413, "POST", CHAT, KEY, json, LARGEST + 3_000_000, false),
                new Refused(413, "POST", CHAT, KEY, json, LARGEST + 3_000_000, true));
    }

    private Socket connect() throws IOException {
        return connect(server);
    }

    private static Socket connect(HttpAdapter to) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), to.port());
        socket.setSoTimeout(60_000);
        return socket;
    }

    private static void write(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static String rest(Socket socket) throws IOException {
        return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    private static void isWhole(String answer, int status) {
        assertThat(answer).startsWith("HTTP/1.1 " + status).contains("Connection: close");
        assertThat(parse(answer.substring(answer.indexOf("\r\n\r\n") + 4))
                        .at("/error/code")
                        .asText())
                .isNotEmpty();
    }

    @ParameterizedTest
    @MethodSource("refused")
    void aClientThatSendsAllBeforeItReadsHasItsAnswer(Refused refused) throws Exception {
        byte[] body = refused.body();
        for (int i = 0; i < TIMES; i++) {
            try (Socket socket = connect()) {
                OutputStream out = socket.getOutputStream();
                write(socket, refused.head() + "\r\n");
                if (refused.chunked) {
                    write(socket, Integer.toHexString(body.length) + "\r\n");
                }
                out.write(body);
                write(socket, refused.chunked ? "\r\n0\r\n\r\n" : "");
                isWhole(rest(socket), refused.status);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("refused")
    void aClientOfJavasHasItsAnswer(Refused refused) throws Exception {
        for (int i = 0; i < TIMES; i++) {
            HttpResponse<String> answer =
                    client.send(refused.request(uri(refused.path)), HttpResponse.BodyHandlers.ofString());
            assertThat(answer.statusCode()).isEqualTo(refused.status);
            assertThat(parse(answer.body()).at("/error/code").asText()).isNotEmpty();
        }
    }

    @Test
    void whoAsksBeforeSendingIsAnsweredAtOnce() throws Exception {
        for (Refused refused : refused()) {
            if (refused.status == 413 && refused.chunked) {
                continue; // only its body tells that it is too large
            }
            try (Socket socket = connect()) {
                write(socket, refused.head() + "Expect: 100-continue\r\n\r\n");
                isWhole(rest(socket), refused.status);
            }
        }
        try (Socket socket = connect()) {
            write(
                    socket,
                    new Refused(401, "POST", CHAT, "wrong", "application/json", 10, false).head()
                            + "Expect: 100-continue\r\n\r\n");
            isWhole(rest(socket), 401);
        }
    }

    @Test
    void whoAsksBeforeSendingIsToldToGoOn() throws Exception {
        try (Socket socket = connect()) {
            write(
                    socket,
                    new Refused(413, "POST", CHAT, KEY, "application/json", 0, true).head()
                            + "Expect: 100-continue\r\n\r\n");
            byte[] first = socket.getInputStream().readNBytes("HTTP/1.1 100 Continue\r\n\r\n".length());
            assertThat(new String(first, StandardCharsets.US_ASCII)).isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
            write(socket, Integer.toHexString(LARGEST + 1_000_000) + "\r\n");
            socket.getOutputStream().write(new byte[LARGEST + 1_000_000]);
            isWhole(rest(socket), 413);
        }
        HttpRequest.Builder taken = post(uri(CHAT), chat("!say a\n!end")).header("X-Api-Key", KEY);
        assertThat(send(taken.expectContinue(true)).status()).isEqualTo(200);
    }

    @Test
    void aClientThatSendsNoMoreOrTooSlowlyIsNotWaitedForWithoutEnd() throws Exception {
        try (HttpAdapter other = HttpAdapter.builder()
                        .engine(engine)
                        .port(0)
                        .apiKey(KEY)
                        .bodyTimeout(Duration.ofSeconds(2))
                        .start();
                Socket slow = connect(other);
                Socket quiet = connect()) {
            String head = refused().get(0).head() + "\r\n";
            write(slow, head);
            write(quiet, head);
            while (isTaken(slow)) {
                Thread.sleep(50);
            }
            isWhole(rest(quiet), 401);
            while (!isCounted()) {
                Thread.sleep(50);
            }
        }
    }

    /** Whether a refused request is over, with its connection. */
    private boolean isCounted() {
        HttpRequest.Builder asked = HttpRequest.newBuilder(uri("/metrics")).header("X-Api-Key", KEY);
        return send(asked)
                .response()
                .body()
                .contains("longspan_http_requests_total{method=\"POST\",status=\"401\"} 1.0");
    }

    /** Whether the other end still takes what is sent. */
    private static boolean isTaken(Socket socket) {
        try {
            write(socket, " ");
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void theServerEndsThoughItWaitsForMoreOfARefusedRequest() throws Exception {
        try (Socket quiet = connect()) {
            write(quiet, refused().get(0).head() + "\r\n");
            assertThat(quiet.getInputStream().readNBytes(12))
                    .isEqualTo("HTTP/1.1 401".getBytes(StandardCharsets.US_ASCII));
            server.stop(Duration.ofMillis(100));
        }
    }
}
