package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.ChatEngineBuilder;
import dev.longspan.SnapshotStore;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A server that stops while its storage takes longer than it has time. */
class SlowStorageTest extends OnServer {
    private static final String IN_S = "\"session_id\": \"s\"";

    private final CountDownLatch held = new CountDownLatch(1);
    private final CountDownLatch reached = new CountDownLatch(1);
    private volatile String slow = "";

    /** The store as ever, but for one call that waits. */
    private SnapshotStore slowed(SnapshotStore store) {
        Class<?>[] types = {SnapshotStore.class};
        return (SnapshotStore) Proxy.newProxyInstance(
                getClass().getClassLoader(), types, (proxy, method, arguments) -> {
                    if (method.getName().equals(slow)) {
                        reached.countDown();
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

    private Answer stoppedDuring(String call, String path) throws Exception {
        slow = call;
        CompletableFuture<Answer> answer = CompletableFuture.supplyAsync(() -> post(path, "{}"));
        reached.await();
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
        isTold(stoppedDuring("save", "/v1/sessions/s/save"), "is saved is not known yet");
    }

    @Test
    void aLoadIsAnswered() throws Exception {
        String id = post("/v1/sessions/s/save", "{}").json().get("snapshot_id").asText();
        isTold(stoppedDuring("read", "/v1/snapshots/" + id + "/load"), "may be loaded or not");
    }
}
