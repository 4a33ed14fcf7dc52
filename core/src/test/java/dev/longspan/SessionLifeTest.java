package dev.longspan;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.UnixOperatingSystemMXBean;
import dev.longspan.tck.DigestModel;
import dev.longspan.tck.DigestOptions;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Sessions that live long, and are many. */
@Timeout(600)
class SessionLifeTest extends OnDigestBackend {
    private static final int FORKS = 100;
    private static final long TOLERANCE = 2_000_000;

    @Override
    DigestOptions options() {
        return DigestOptions.defaults().withBatch(16, 2048);
    }

    private record Usage(long heap, long direct, int threads, long files) {
        static Usage now() {
            long heap = Long.MAX_VALUE;
            for (int i = 0; i < 3; i++) {
                System.gc();
                Runtime runtime = Runtime.getRuntime();
                heap = Math.min(heap, runtime.totalMemory() - runtime.freeMemory());
            }
            long direct = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                    .mapToLong(BufferPoolMXBean::getMemoryUsed)
                    .sum();
            long files = ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
                    ? unix.getOpenFileDescriptorCount()
                    : 0;
            return new Usage(heap, direct, Thread.activeCount(), files);
        }
    }

    private void turns(int count) {
        try (ChatEngine engine = builder().maxContextTokens(4000).build()) {
            Session session = engine.openSession();
            for (int i = 0; i < count; i++) {
                session.send("!say " + i + "\n!end");
                if (i % 20 == 19) {
                    session.rollback(4);
                }
                if (i % 500 == 499) {
                    String id = session.save("turn " + i).id();
                    session.close();
                    session = engine.loadSession(id, SessionOptions.DEFAULT);
                    engine.snapshots().delete(id);
                }
            }
        }
    }

    private void returnsToTheStart(int count) {
        turns(600); // with a save, for which the process opens what it keeps open
        Usage before = Usage.now();
        turns(count);
        Usage after = Usage.now();
        assertThat(after.heap() - before.heap()).as("heap").isLessThan(Math.max(TOLERANCE, before.heap() / 50));
        assertThat(after.direct() - before.direct()).as("outside of the heap").isLessThan(TOLERANCE);
        assertThat(after.threads()).as("threads").isLessThanOrEqualTo(before.threads());
        assertThat(after.files()).as("open files").isLessThanOrEqualTo(before.files());
    }

    @Test
    void afterTenThousandTurnsEverythingIsAsAtTheStart() {
        returnsToTheStart(10_000);
    }

    @Tag("soak")
    @Test
    void afterAHundredThousandTurnsEverythingIsAsAtTheStart() {
        returnsToTheStart(100_000);
    }

    @Test
    void aHundredForksOfALongConversationCostNoCopyAndGoTheirOwnWays() {
        ChatEngine engine = keep(builder().maxContextTokens(40_000).build());
        try (Session session = engine.openSession()) {
            session.append(List.of(ChatMessage.user("x".repeat(32_000))));
            long one = backend.memory().used().totalBytes();
            List<Session> forks = new ArrayList<>();
            for (int i = 0; i < FORKS; i++) {
                forks.add(session.fork());
            }
            assertThat(backend.memory().used().totalBytes()).as("no copy").isEqualTo(one);
            for (int i = 0; i < FORKS; i++) {
                assertThat(forks.get(i).send("!say fork " + i + "\n!end").text())
                        .isEqualTo("fork " + i);
            }
            long all = backend.memory().used().totalBytes();
            assertThat(all - one).as("only what is new").isLessThan(one / 2);
            int[] ids = session.tokenIds();
            for (int i = 0; i < FORKS; i += 9) {
                int[] own = forks.get(i).tokenIds();
                assertThat(own).startsWith(ids);
                assertThat(DigestModel.decode(own)).endsWith("fork " + i + "<|im_end|>\n");
            }
            forks.forEach(Session::close);
            assertThat(backend.memory().used().totalBytes()).isEqualTo(one);
        }
    }

    @Test
    void withThePublishedNemotronTemplateALoadedSessionComputesTheLastTurnAtMost() throws IOException {
        Path template =
                Path.of(System.getProperty("longspan.templates", ""), "NVIDIA-Nemotron-3-Nano-30B-A3B-BF16.jinja");
        Assumptions.assumeTrue(Files.exists(template), "the property longspan.templates names no published templates");
        Files.copy(template, folder.resolve("chat_template.jinja"), StandardCopyOption.REPLACE_EXISTING);
        ChatEngine engine = engine();
        String id;
        int beforeLast;
        try (Session session = engine.openSession()) {
            session.send("y".repeat(300) + "\n!think 5\n!say one\n!end");
            beforeLast = session.tokenIds().length;
            session.send(user("!think 20\n!say two\n!end").thinkingKept(true).build());
            id = session.save("nemotron").id();
        }
        try (Session session = engine.loadSession(id, SessionOptions.DEFAULT)) {
            int held = session.tokenIds().length;
            session.send(user("!say three\n!end").thinkingKept(true).build());
            TurnInfo turn = session.info().lastTurn().orElseThrow();
            assertThat(turn.reusedTokens()).isBetween(beforeLast - 20, held);
        }
        assertThat(backend.verify()).isEmpty();
    }
}
