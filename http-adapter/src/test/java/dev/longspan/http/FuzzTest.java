package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Requests that are nearly right, and bytes that are nearly requests: no fault of the server's, and nothing changes. */
class FuzzTest extends OnServer {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final List<String> NUMBERS = List.of(
            "1e2147483648", "-0e99999999999", "1e400", "1e-400", "-1.5e2147483647", "0.1e-2147483648", "00", "1.");
    private static final List<String> STRINGS = List.of(
            "",
            "s",
            "keep",
            "auto",
            "text",
            "function",
            "user",
            "\u0000",
            "\ud83d\ude00",
            "a/b",
            "..",
            "x".repeat(300));

    /** A request that is right. */
    private record Sample(String method, String path, String body) {}

    private static final List<Sample> SAMPLES = List.of(
            new Sample(
                    "POST",
                    CHAT,
                    "{\"model\": \"digest\", \"messages\": [{\"role\": \"system\", \"content\": \"be\"}, {\"role\": \"user\", "
                            + "\"content\": [{\"type\": \"text\", \"text\": \"!say a\\n!end\"}]}], \"max_tokens\": 9, \"temperature\": 0.5, "
                            + "\"top_p\": 0.9, \"stop\": [\"z\"], \"seed\": 4, \"logit_bias\": {\"5\": 1}, \"stream\": false, "
                            + "\"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"look\", \"parameters\": {\"type\": \"object\"}}}], "
                            + "\"tool_choice\": \"auto\", \"repetition_detection\": {\"min_repeats\": 4}, \"chat_template_kwargs\": {\"a\": 1}}"),
            new Sample(
                    "POST",
                    CHAT,
                    "{\"session_id\": \"s\", \"stream\": true, \"stream_options\": {\"include_usage\": true}, \"max_tokens\": 5, "
                            + "\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}]}"),
            new Sample("POST", "/v1/generate/digest", "{\"prompt\": \"a\", \"max_new_tokens\": 3, \"temperature\": 1}"),
            new Sample("POST", "/v1/sessions", "{\"session_id\": \"t\", \"max_seq_len\": 500}"),
            new Sample("POST", "/v1/sessions/s/rollback", "{\"keep_messages\": 0}"),
            new Sample("POST", "/v1/sessions/s/rollback", "{\"keep_messages\": 0, \"expected_seq\": 1}"),
            new Sample("POST", "/v1/sessions/s/resize", "{\"max_seq_len\": 3000, \"strategy\": \"auto\"}"),
            new Sample("POST", "/v1/sessions/s/resize/next_pow2", "{\"strategy\": \"auto\"}"),
            new Sample("POST", "/v1/sessions/s/append", "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}]}"),
            new Sample("POST", "/v1/sessions/s/fork", "{\"session_id\": \"u\"}"),
            new Sample("POST", "/v1/sessions/keep/save", "{\"title\": \"T\", \"tags\": [\"a\"]}"),
            new Sample("PATCH", "/v1/snapshots/nothing", "{\"title\": \"T\", \"tags\": [\"a\"]}"),
            new Sample("POST", "/v1/snapshots/nothing/load", "{\"session_id\": \"v\", \"force\": true}"),
            new Sample("POST", "/v1/tokenize", "{\"text\": \"hello\"}"),
            new Sample("POST", "/v1/detokenize", "{\"tokens\": [1, 2, 3]}"),
            new Sample("DELETE", "/v1/sessions/t", ""),
            new Sample("GET", "/v1/sessions/s/history", ""),
            new Sample("GET", "/v1/sessions?detail=true", ""));

    private JsonNode kept;

    @BeforeEach
    void open() {
        for (String id : List.of("s", "keep")) {
            post("/v1/sessions", "{\"session_id\": \"" + id + "\"}");
        }
        post(CHAT, chat("!say kept\n!end", "\"session_id\": \"keep\""));
        kept = get("/v1/sessions/keep/history").json();
    }

    private void isAsBefore() {
        assertThat(get("/v1/sessions/keep/history").json()).isEqualTo(kept);
    }

    @Test
    void requestsThatAreNearlyRight() {
        nearlyRight(10_000, 1);
    }

    @Tag("soak")
    @Test
    @Timeout(3600)
    void manyRequestsThatAreNearlyRight() {
        nearlyRight(100_000, 2);
    }

    private void nearlyRight(int count, long seed) {
        Random random = new Random(seed);
        List<String> last = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Sample sample = SAMPLES.get(random.nextInt(SAMPLES.size()));
            String body = sample.body.isEmpty() ? "" : mutated(sample.body, random);
            String path = random.nextInt(20) == 0 ? mutatedPath(sample.path, random) : sample.path;
            String what = "request " + i + " of seed " + seed + ": " + sample.method + " " + path + " " + body;
            Answer answer;
            try {
                answer = call(sample.method, path, sample.body.isEmpty() ? null : body);
            } catch (IllegalArgumentException e) {
                continue; // no address
            } catch (UncheckedIOException e) {
                throw new AssertionError(what + " after " + last, e);
            }
            assertThat(answer.status())
                    .as(what + " answered " + answer.response().body())
                    .isLessThan(500);
            if (answer.status() >= 400 && !answer.response().body().isEmpty()) {
                assertThat(answer.json().at("/error/message").asText()).as(what).isNotEmpty();
                assertThat(answer.response().body()).as(what).doesNotContain("dev.longspan", "Exception", "/tmp");
            }
            last.add(what + " " + answer.status() + " "
                    + answer.response().headers().map());
            if (last.size() > 3) {
                last.remove(0);
            }
            if (i % 50 == 0) {
                isAsBefore();
                tidy();
            }
        }
        isAsBefore();
        assertThat(post(CHAT, chat("!say fine\n!end"))
                        .json()
                        .at("/choices/0/message/content")
                        .asText())
                .isEqualTo("fine");
    }

    /** Sessions that a mutation has opened, and what it has said in others. */
    private void tidy() {
        for (JsonNode id : get("/v1/sessions").json().get("sessions")) {
            if (!id.asText().equals("keep") && !id.asText().equals("s")) {
                call("DELETE", "/v1/sessions/" + id.asText(), null);
            }
        }
        if (get("/v1/sessions/s").status() == 404) {
            post("/v1/sessions", "{\"session_id\": \"s\"}");
        }
        post("/v1/sessions/s/rollback", "{\"keep_messages\": 0}");
        for (JsonNode each : get("/v1/snapshots").json().get("snapshots")) {
            call("DELETE", "/v1/snapshots/" + each.get("snapshot_id").asText(), null);
        }
    }

    private static String mutatedPath(String path, Random random) {
        String[] pieces = {"%2f", "%00", "..", "//", "%zz", "a", "\u00e4", "?", "#", ";x=1"};
        int at = random.nextInt(path.length());
        return path.substring(0, at) + pieces[random.nextInt(pieces.length)] + path.substring(at);
    }

    private static String mutated(String body, Random random) {
        if (random.nextInt(4) == 0) {
            return mutatedText(body, random);
        }
        JsonNode root = parse(body);
        for (int i = random.nextInt(3); i >= 0; i--) {
            mutate(root, random);
        }
        // numbers that no tree of JSON holds
        String number = NUMBERS.get(random.nextInt(NUMBERS.size()));
        return random.nextInt(8) == 0 ? root.toString().replaceFirst("(?<=[:,\\[])-?[0-9]+", number) : root.toString();
    }

    private static String mutatedText(String body, Random random) {
        StringBuilder text = new StringBuilder(body);
        for (int i = random.nextInt(3); i >= 0 && text.length() > 1; i--) {
            int at = random.nextInt(text.length());
            switch (random.nextInt(4)) {
                case 0 -> text.deleteCharAt(at);
                case 1 -> text.insert(at, (char) random.nextInt(0x250));
                case 2 -> text.insert(at, text.substring(at, Math.min(text.length(), at + 9)));
                default -> text.setLength(at + 1);
            }
        }
        return text.toString();
    }

    /** Changes one member or entry somewhere inside. */
    private static void mutate(JsonNode root, Random random) {
        List<JsonNode> containers = new ArrayList<>();
        collect(root, containers);
        JsonNode container = containers.get(random.nextInt(containers.size()));
        if (container instanceof ObjectNode object) {
            List<String> names = new ArrayList<>();
            object.fieldNames().forEachRemaining(names::add);
            String name = names.isEmpty() || random.nextInt(8) == 0
                    ? STRINGS.get(random.nextInt(STRINGS.size()))
                    : names.get(random.nextInt(names.size()));
            if (random.nextInt(5) == 0) {
                object.remove(name);
            } else {
                object.set(name, value(random, 2));
            }
        } else if (container instanceof ArrayNode array) {
            array.insert(array.isEmpty() ? 0 : random.nextInt(array.size()), value(random, 2));
        }
    }

    private static void collect(JsonNode node, List<JsonNode> containers) {
        if (node.isContainerNode()) {
            containers.add(node);
            node.forEach(child -> collect(child, containers));
        }
    }

    private static JsonNode value(Random random, int depth) {
        return switch (random.nextInt(depth > 0 ? 9 : 7)) {
            case 0 -> NODES.nullNode();
            case 1 -> NODES.booleanNode(random.nextBoolean());
            case 2 -> NODES.numberNode(random.nextInt(5) - 2);
            case 3 -> NODES.numberNode(random.nextLong());
            case 4 -> NODES.numberNode(random.nextGaussian() * 3);
            case 5 -> NODES.numberNode(java.math.BigInteger.TEN.pow(random.nextInt(40)));
            case 6 -> NODES.textNode(STRINGS.get(random.nextInt(STRINGS.size())));
            case 7 -> NODES.arrayNode().add(value(random, depth - 1));
            default -> NODES.objectNode().set(STRINGS.get(random.nextInt(STRINGS.size())), value(random, depth - 1));
        };
    }

    @Test
    void bytesThatAreNearlyRequests() throws IOException {
        Random random = new Random(3);
        for (int i = 0; i < 1000; i++) {
            Sample sample = SAMPLES.get(random.nextInt(SAMPLES.size()));
            byte[] bytes = (sample.method + " " + sample.path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                            + "Content-Type: application/json\r\nContent-Length: " + sample.body.length() + "\r\n\r\n"
                            + sample.body)
                    .getBytes(StandardCharsets.UTF_8);
            for (int change = random.nextInt(4); change >= 0; change--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            String answer = answerTo(bytes);
            assertThat(answer)
                    .as(new String(bytes, StandardCharsets.ISO_8859_1))
                    .doesNotStartWith("HTTP/1.1 500");
            if (i % 100 == 0) {
                tidy();
            }
        }
        isAsBefore();
    }

    private String answerTo(byte[] bytes) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(bytes);
            socket.shutdownOutput();
            try (InputStream in = socket.getInputStream()) {
                return new String(in.readAllBytes(), StandardCharsets.UTF_8);
            }
        } catch (SocketException e) {
            return ""; // it was closed before all of it was sent
        }
    }

    @Test
    void everyMethodOnEveryPath() {
        for (Sample sample : SAMPLES) {
            for (String method : List.of("GET", "HEAD", "PUT", "OPTIONS", "TRACE", "BREW")) {
                Answer answer = send(
                        HttpRequest.newBuilder(uri(sample.path)).method(method, HttpRequest.BodyPublishers.noBody()));
                assertThat(answer.status()).as(method + " " + sample.path).isIn(200, 401, 404, 405);
            }
        }
    }
}
