package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.InvalidRequestException;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Keys, addresses, origins and limits. */
class ProtectionTest extends OnServer {
    private static final String KEY = "a-very-secret-key";

    @Override
    HttpAdapterBuilder configure(HttpAdapterBuilder builder) {
        return builder.apiKey(KEY)
                .apiKey("another-secret-key")
                .corsOrigin("https://friend.example")
                .maxConcurrent(4)
                .maxConcurrentPerKey(2)
                .ignoreUnknownFields(true)
                .strictOpenAi(true)
                .maxTokens(700);
    }

    private Answer with(HttpRequest.Builder request, String... headers) {
        return send(request.headers(headers));
    }

    private Answer authorized(String path, String body) {
        return with(post(uri(path), body), "Authorization", "Bearer " + KEY);
    }

    @Test
    void aKeyIsNeededEverywhereButToBeAlive() {
        for (String path : List.of("/v1/models", "/v1/sessions", "/metrics", "/health", "/readyz")) {
            Answer answer = get(path);
            assertThat(answer.status()).as(path).isEqualTo(401);
            assertThat(answer.code()).isEqualTo("missing_api_key");
            assertThat(answer.header("WWW-Authenticate")).isEqualTo("Bearer");
        }
        assertThat(get("/livez").status()).isEqualTo(200);
        assertThat(get("/").status()).isEqualTo(200);
        assertThat(post(CHAT, chat("x")).status()).isEqualTo(401);
        Answer wrong = with(HttpRequest.newBuilder(uri("/v1/models")), "Authorization", "Bearer " + KEY + "x");
        assertThat(wrong.code()).isEqualTo("invalid_api_key");
        assertThat(wrong.response().body()).doesNotContain(KEY);
        for (String[] headers : new String[][] {
            {"Authorization", "Bearer " + KEY}, {"authorization", "bearer another-secret-key"}, {"X-Api-Key", KEY}
        }) {
            assertThat(with(HttpRequest.newBuilder(uri("/v1/models")), headers).status())
                    .isEqualTo(200);
        }
    }

    @Test
    void pagesOfOthersMayNotUseIt() {
        HttpRequest.Builder foreign = post(uri("/v1/sessions"), "{}");
        Answer refused = with(foreign, "Origin", "https://evil.example", "X-Api-Key", KEY);
        assertThat(refused.status()).isEqualTo(403);
        assertThat(refused.code()).isEqualTo("origin_not_allowed");
        Answer friend =
                with(HttpRequest.newBuilder(uri("/v1/models")), "Origin", "https://friend.example", "X-Api-Key", KEY);
        assertThat(friend.header("Access-Control-Allow-Origin")).isEqualTo("https://friend.example");
        Answer asked = with(
                HttpRequest.newBuilder(uri(CHAT)).method("OPTIONS", HttpRequest.BodyPublishers.noBody()),
                "Origin",
                "https://friend.example");
        assertThat(asked.status()).isEqualTo(204);
        assertThat(asked.header("Access-Control-Allow-Methods")).contains("POST");
        Answer own = with(
                HttpRequest.newBuilder(uri("/v1/models")),
                "Origin",
                "http://127.0.0.1:" + server.port(),
                "X-Api-Key",
                KEY);
        assertThat(own.status()).isEqualTo(200);
        assertThat(own.header("Access-Control-Allow-Origin")).isEmpty();
    }

    @Test
    void thereIsSoMuchRoomAndNoMore() throws Exception {
        backend.gate().hold();
        List<CompletableFuture<Answer>> held = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            held.add(CompletableFuture.supplyAsync(
                    () -> authorized(CHAT, chat("!say a\n!end")), task -> new Thread(task).start()));
        }
        while (engine.load().running() + engine.load().queued() < 2) {
            Thread.onSpinWait();
        }
        Answer third = authorized(CHAT, chat("!say a\n!end"));
        assertThat(third.status()).isEqualTo(429);
        assertThat(third.code()).isEqualTo("too_many_requests_of_key");
        assertThat(third.header("Retry-After")).isEqualTo("1");
        for (int i = 0; i < 2; i++) {
            held.add(CompletableFuture.supplyAsync(
                    () -> with(post(uri(CHAT), chat("!say a\n!end")), "X-Api-Key", "another-secret-key"),
                    task -> new Thread(task).start()));
        }
        while (engine.load().running() + engine.load().queued() < 4) {
            Thread.onSpinWait();
        }
        Answer fifth = authorized(CHAT, chat("!say a\n!end"));
        assertThat(fifth.code()).isEqualTo("too_many_requests");
        backend.gate().release();
        for (CompletableFuture<Answer> each : held) {
            assertThat(each.get().status()).isEqualTo(200);
        }
        assertThat(authorized(CHAT, chat("!say a\n!end")).status()).isEqualTo(200);
    }

    @Test
    void settingsChangeWhatIsAnswered() {
        Answer unknown =
                authorized(CHAT, chat("!say a\n!end", "\"frobnicate\": 1", "\"stream_options\": {\"odd\": 1}"));
        assertThat(unknown.status()).isEqualTo(200);
        assertThat(unknown.header("X-Ignored-Fields")).isEqualTo("frobnicate, stream_options.odd");
        Answer loop = authorized(CHAT, chat("!loop"));
        assertThat(loop.json().at("/choices/0/finish_reason").asText()).isEqualTo("stop");
        assertThat(loop.json().at("/choices/0/x_finish_detail").asText()).isEqualTo("repetition");
        assertThat(authorized(CHAT, chat("x", "\"max_tokens\": 701")).param()).isEqualTo("max_tokens");
        String endless = "\"repetition_detection\": {\"enabled\": false}";
        assertThat(authorized(CHAT, chat("!loop", endless))
                        .json()
                        .at("/usage/completion_tokens")
                        .asInt())
                .isEqualTo(700);
    }

    @Test
    void anOpenAddressNeedsAKey() throws IOException {
        HttpAdapterBuilder open =
                HttpAdapter.builder().engine(engine).host("0.0.0.0").port(0);
        assertThatThrownBy(open::start)
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("0.0.0.0");
        open.unprotected(true).start().close();
        Path keys = Files.writeString(folder.resolve("keys"), "# mine\n\n  file-key-one  \nfile-key-two\n");
        try (HttpAdapter other = HttpAdapter.builder()
                .engine(engine)
                .host("0.0.0.0")
                .port(0)
                .apiKeyFile(keys)
                .statusOpen(true)
                .start()) {
            HttpRequest.Builder request =
                    HttpRequest.newBuilder(java.net.URI.create("http://127.0.0.1:" + other.port() + "/v1/models"));
            assertThat(send(request).status()).isEqualTo(401);
            assertThat(send(request.header("X-Api-Key", "file-key-two")).status())
                    .isEqualTo(200);
            HttpRequest.Builder health =
                    HttpRequest.newBuilder(java.net.URI.create("http://127.0.0.1:" + other.port() + "/health"));
            assertThat(send(health).status()).isEqualTo(200);
        }
        assertThatThrownBy(
                        () -> HttpAdapter.builder().apiKeyFile(Files.writeString(folder.resolve("none"), "# none\n")))
                .hasMessageContaining("found none");
        assertThatThrownBy(() ->
                        HttpAdapter.builder().engine(engine).port(server.port()).start())
                .isInstanceOf(HttpAdapterException.class)
                .hasMessageContaining("" + server.port());
    }

    @Test
    void keysThatNoClientCanSendAreRefusedByTheirLine() throws IOException {
        Path keys = folder.resolve("strange");
        for (String bad : List.of("schlüssel-eins", "key-with-\u0007-in-it", "key-with\ttab")) {
            for (java.nio.charset.Charset charset :
                    List.of(java.nio.charset.StandardCharsets.UTF_8, java.nio.charset.StandardCharsets.ISO_8859_1)) {
                Files.writeString(keys, "# Schlüssel\nplain-key-one\n" + bad + "\n", charset);
                assertThatThrownBy(() -> HttpAdapter.builder().apiKeyFile(keys))
                        .isInstanceOf(InvalidRequestException.class)
                        .hasMessageContaining("line 3")
                        .message()
                        .doesNotContain("schl", "key-with");
            }
            assertThatThrownBy(() -> HttpAdapter.builder().apiKey(bad))
                    .isInstanceOf(InvalidRequestException.class)
                    .message()
                    .doesNotContain("schl", "key-with");
        }
        HttpAdapterBuilder marked = HttpAdapter.builder().apiKeyFile(Files.writeString(keys, "\uFEFFplain-key-one\n"));
        assertThat(marked.settings().keys()).containsExactly("plain-key-one");
    }

    @Test
    void limitsOfFormsAreSettings() {
        try (HttpAdapter other = HttpAdapter.builder()
                .engine(engine)
                .port(0)
                .formLimits(new FormLimits(10, 100, 3, 8, 3, 4))
                .start()) {
            java.net.URI chat = other.address().resolve(CHAT);
            assertThat(send(post(chat, "{\"a\": " + "[".repeat(10) + "]".repeat(10) + "}"))
                            .code())
                    .isEqualTo("invalid_json");
            String tool = "\"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"f\", \"parameters\": %s}}]";
            for (String schema : List.of(
                    "{\"a\": \"" + "x".repeat(100) + "\"}",
                    "{\"a\": {\"b\": {\"c\": {}}}}",
                    "{\"a\": [1, 2, 3, 4, 5, 6, 7]}")) {
                assertThat(send(post(chat, chat("x", tool.formatted(schema)))).param())
                        .isEqualTo("tools[0].function.parameters");
            }
            String format = "\"response_format\": {\"type\": \"%s\", \"%s\": \"%s\"}";
            assertThat(send(post(chat, chat("x", format.formatted("regex", "regex", "aaaa"))))
                            .param())
                    .isEqualTo("response_format.regex");
            assertThat(send(post(chat, chat("x", format.formatted("grammar", "grammar", "aaaaa"))))
                            .param())
                    .isEqualTo("response_format.grammar");
            assertThat(send(post(chat, chat("!say a\n!end", tool.formatted("{\"a\": {\"b\": 1}}"))))
                            .status())
                    .isEqualTo(200);
        }
        assertThatThrownBy(() -> new FormLimits(5, 1, 1, 1, 1, 1)).hasMessageContaining("jsonDepth");
    }

    @Test
    void itSpeaksTls() throws Exception {
        Path store = folder.resolve("store.p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-keyalg",
                        "EC",
                        "-alias",
                        "a",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        store.toString(),
                        "-storepass",
                        "changeit",
                        "-dname",
                        "CN=localhost",
                        "-ext",
                        "san=dns:localhost")
                .redirectErrorStream(true)
                .start();
        assertThat(keytool.waitFor()).isZero();
        java.security.KeyStore trusted = java.security.KeyStore.getInstance(store.toFile(), "changeit".toCharArray());
        javax.net.ssl.TrustManagerFactory trust = javax.net.ssl.TrustManagerFactory.getInstance("PKIX");
        trust.init(trusted);
        javax.net.ssl.SSLContext context = javax.net.ssl.SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        java.net.http.HttpClient secure =
                java.net.http.HttpClient.newBuilder().sslContext(context).build();
        try (HttpAdapter other = HttpAdapter.builder()
                .engine(engine)
                .port(0)
                .tls(store, "changeit")
                .start()) {
            assertThat(other.address().getScheme()).isEqualTo("https");
            HttpRequest request = post(
                            java.net.URI.create("https://localhost:" + other.port() + CHAT), chat("!say safe\n!end"))
                    .build();
            String body = secure.send(request, java.net.http.HttpResponse.BodyHandlers.ofString())
                    .body();
            assertThat(parse(body).at("/choices/0/message/content").asText()).isEqualTo("safe");
        }
    }

    @Test
    void aKeyStoreNeedsAPrivateKey() throws Exception {
        Path file = folder.resolve("empty.p12");
        java.security.KeyStore store = java.security.KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (java.io.OutputStream target = Files.newOutputStream(file)) {
            store.store(target, "changeit".toCharArray());
        }
        assertThatThrownBy(() -> HttpAdapter.builder().tls(file, "changeit"))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessage("tls: expected a private key in the key store " + file + ", found none");
    }

    @Test
    void namesAndOriginsAreLookedAtWhenTheyAreSet() {
        HttpAdapterBuilder builder = HttpAdapter.builder();
        for (String origin : List.of(
                "not an origin",
                "",
                "null",
                "https://",
                "friend.example",
                "https://friend.example/",
                "https://friend.example/path",
                "https://a@friend.example",
                "https://*.example",
                "https://friend.example:port")) {
            assertThatThrownBy(() -> builder.corsOrigin(origin))
                    .as(origin)
                    .isInstanceOf(InvalidRequestException.class)
                    .hasMessageContaining("corsOrigin: expected scheme://host[:port]")
                    .hasMessageEndingWith("found '" + origin + "'");
        }
        for (String origin : List.of("*", "http://localhost:3000", "https://Friend.example", "http://[::1]:80")) {
            builder.corsOrigin(origin);
        }
        for (String host : List.of("a b", "", "https://friend.example", "friend.example:80", "::1", "a/b")) {
            assertThatThrownBy(() -> builder.allowedHost(host))
                    .as(host)
                    .isInstanceOf(InvalidRequestException.class)
                    .hasMessageContaining("allowedHost: expected a host's name")
                    .hasMessageEndingWith("found '" + host + "'");
        }
        for (String host : List.of("chat.example", "Chat.Example", "10.0.0.1", "[fe80::1]", "my_host")) {
            builder.allowedHost(host);
        }
        assertThat(builder.settings().allowedHosts())
                .containsExactlyInAnyOrder("chat.example", "10.0.0.1", "[fe80::1]", "my_host");
        assertThat(builder.settings().origins()).contains("https://friend.example");
        assertThatThrownBy(() -> builder.modelId("")).hasMessage("modelId: expected a name, found ''");
        assertThatThrownBy(() -> builder.engine(" ", () -> engine)).hasMessage("modelId: expected a name, found ' '");
    }

    @Test
    void anOtherNameIsAnsweredToWhereThatIsAllowed() throws IOException {
        try (HttpAdapter other = HttpAdapter.builder()
                .engine(engine)
                .port(0)
                .allowedHost("chat.example")
                .start()) {
            for (String[] host : new String[][] {{"chat.example", "200"}, {"evil.example", "403"}}) {
                try (java.net.Socket socket =
                        new java.net.Socket(java.net.InetAddress.getLoopbackAddress(), other.port())) {
                    socket.getOutputStream()
                            .write(("GET /livez HTTP/1.1\r\nHost: " + host[0] + "\r\nConnection: close\r\n\r\n")
                                    .getBytes(java.nio.charset.StandardCharsets.UTF_8));
                    assertThat(new String(
                                    socket.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8))
                            .startsWith("HTTP/1.1 " + host[1]);
                }
            }
        }
    }

    @Test
    void anAddressThatNobodyKnowsIsSaidToBe() {
        HttpAdapterBuilder builder = HttpAdapter.builder()
                .engine(engine)
                .port(0)
                .host("nowhere.invalid")
                .unprotected(true);
        assertThatThrownBy(builder::start)
                .isInstanceOf(HttpAdapterException.class)
                .hasMessage("cannot listen at nowhere.invalid:0: no address is known of that name");
    }

    @Test
    void thePageUnderAnAllowedNameMaySend() {
        try (HttpAdapter other = HttpAdapter.builder()
                .engine(engine)
                .port(0)
                .allowedHost("chat.example")
                .allowedHost("my_host")
                .start()) {
            for (String own : List.of(
                    "http://chat.example:" + other.port(),
                    "https://chat.example",
                    "https://Chat.Example:8443",
                    "http://my_host")) {
                assertThat(sent(other, own).status()).as(own).isEqualTo(200);
            }
            for (String foreign : List.of(
                    "https://evil.example",
                    "https://chat.example.evil.example",
                    "https://evil.example/chat.example",
                    "https://chat.example@evil.example",
                    "ftp://chat.example",
                    "null")) {
                Answer refused = sent(other, foreign);
                assertThat(refused.status()).as(foreign).isEqualTo(403);
                assertThat(refused.code()).isEqualTo("origin_not_allowed");
            }
        }
    }

    private Answer sent(HttpAdapter other, String origin) {
        return send(post(other.address().resolve("/v1/sessions"), "{}").header("Origin", origin));
    }
}
