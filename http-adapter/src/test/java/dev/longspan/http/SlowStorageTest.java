package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.ChatEngineBuilder;
import dev.longspan.SnapshotStore;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A server that stops while its storage takes longer than it has time. */
class SlowStorageTest extends OnServer {
    private static final String IN_S = "\"session_id\": \"s\"";

    private volatile CountDownLatch held = new CountDownLatch(1);
    private final AtomicInteger reached = new AtomicInteger();
    private volatile String slow = "";

    /** The store as ever, but for one call that waits. */
    private SnapshotStore slowed(SnapshotStore store) {
        Class<?>[] types = {SnapshotStore.class};
        return (SnapshotStore) Proxy.newProxyInstance(
                getClass().getClassLoader(), types, (proxy, method, arguments) -> {
                    if (method.getName().equals(slow)) {
                        reached.incrementAndGet();
                        held.await();
                    }
                    try {
                        return method.invoke(store, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    @Override
    ChatEngineBuilder engineBuilder() {
        return super.engineBuilder().snapshots(slowed(snapshots()));
    }

    @BeforeEach
    void talk() {
        post("/v1/sessions", "{" + IN_S + "}");
        post(CHAT, chat("!say hi\n!end", IN_S));
    }

    @AfterEach
    void letGo() {
        held.countDown();
    }

    private String saved() {
        return post("/v1/sessions/s/save", "{}").json().get("snapshot_id").asText();
    }

    private Answer stoppedDuring(String slowed, String method, String path, String body) throws Exception {
        slow = slowed;
        CompletableFuture<Answer> answer = CompletableFuture.supplyAsync(() -> call(method, path, body));
        while (reached.get() == 0) {
            Thread.onSpinWait();
        }
        server.stop(Duration.ZERO);
        return answer.get();
    }

    private static void isTold(Answer answer, String what) {
        assertThat(answer.status()).as(answer.response().body()).isEqualTo(503);
        assertThat(answer.code()).isEqualTo("shutting_down");
        assertThat(answer.json().at("/error/message").asText()).contains(what);
    }

    @Test
    void aSaveIsAnswered() throws Exception {
        Answer answer = stoppedDuring("save", "POST", "/v1/sessions/s/save", "{}");
        isTold(answer, "is saved is not known yet");
        assertThat(answer.header("x-should-retry")).isEqualTo("false");
    }

    @Test
    void aLoadIsAnswered() throws Exception {
        isTold(stoppedDuring("read", "POST", "/v1/snapshots/" + saved() + "/load", "{}"), "may be loaded or not");
    }

    @Test
    void aChangeIsAnswered() throws Exception {
        isTold(stoppedDuring("update", "PATCH", "/v1/snapshots/" + saved(), "{}"), "may be changed or not");
    }

    @Test
    void aDeletionIsAnswered() throws Exception {
        isTold(stoppedDuring("delete", "DELETE", "/v1/snapshots/" + saved(), null), "may be deleted or not");
    }

    @Test
    void aLookIsAnswered() throws Exception {
        isTold(stoppedDuring("list", "GET", "/v1/snapshots", null), "shutting down");
    }

    @Test
    void aSessionOfWhichNobodyWouldKnowIsClosed() throws Exception {
        String load = "POST /v1/snapshots/" + saved() + "/load HTTP/1.1\r\nHost: localhost\r\n\r\n";
        slow = "read";
        do { // until the server has seen in time that the client has gone
            engine.sessions().stream()
                    .filter(each -> !each.id().equals("s"))
                    .forEach(each -> engine.session(each.id()).close());
            held = new CountDownLatch(1);
            reached.set(0);
            try (Socket client = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
                client.getOutputStream().write(load.getBytes(StandardCharsets.US_ASCII));
                while (reached.get() == 0) {
                    Thread.onSpinWait();
                }
            }
            held.countDown();
            while (!metric("longspan_http_working").equals("0.0")) {
                Thread.onSpinWait();
            }
        } while (engine.sessions().size() > 1);
    }

    @ParameterizedTest
    @CsvSource({"list, GET, ''", "info, GET, /ID", "update, PATCH, /ID", "delete, DELETE, /ID"})
    void whatDoesNotNeedTheStorageIsAnswered(String slowed, String method, String path) throws Exception {
        String snapshots = "/v1/snapshots" + path.replace("ID", saved());
        String body = method.equals("PATCH") ? "{}" : null;
        slow = slowed;
        List<CompletableFuture<Answer>> waiting = Stream.generate(() -> CompletableFuture.supplyAsync(
                        () -> call(method, snapshots, body), task -> new Thread(task).start()))
                .limit(20)
                .toList();
        while (reached.get() < 20) {
            Thread.onSpinWait();
        }
        for (String other : List.of("/readyz", "/metrics", "/v1/models", "/v1/sessions", "/v1/sessions/s")) {
            assertThat(get(other).status()).as(other).isEqualTo(200);
        }
        assertThat(post(CHAT, chat("!say hi\n!end", IN_S)).status()).isEqualTo(200);
        held.countDown();
        for (CompletableFuture<Answer> each : waiting) {
            assertThat(each.get().status()).isIn(200, 404); // one of those that delete it was first
        }
    }
}
