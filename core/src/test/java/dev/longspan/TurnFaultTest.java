package dev.longspan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.FaultyBackend.Call;
import dev.longspan.spi.LongspanException;
import dev.longspan.tck.TemplateKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A fault at any point of a turn leaves the session as it was before, or as it is after, and the next turn works. */
class TurnFaultTest extends OnDigestBackend {
    private static final int SEEDS = 20;

    private final FaultyBackend faulty = new FaultyBackend(backend);

    private record Kept(List<ChatMessage> messages, List<Integer> ids, long sequence) {
        static Kept of(Session session) {
            List<Integer> ids = new ArrayList<>();
            for (int id : session.tokenIds()) {
                ids.add(id);
            }
            return new Kept(session.history(), ids, session.info().sequence());
        }
    }

    private Session prepared(ChatEngine engine) {
        Session session = engine.openSession();
        session.send("!say one\n!end");
        session.send(user("!think 3\n!call weather days=1\n!end")
                .tools(List.of(WEATHER))
                .build());
        return session;
    }

    private static ChatRequest turn(Random random) {
        String script = List.of(
                        "!say two\n!end",
                        "!think 5\n!say two\n!end",
                        "!say two\n!call weather days=2\n!end",
                        "x".repeat(60) + "\n!say two\n!end")
                .get(random.nextInt(4));
        return user(script).tools(List.of(WEATHER)).build();
    }

    @ParameterizedTest
    @EnumSource(Call.class)
    void aFaultOfTheBackendLeavesTheSessionBeforeOrAfter(Call call) {
        ChatEngine engine = keep(faultyBuilder().build());
        int came = 0;
        for (int seed = 0; seed < SEEDS; seed++) {
            Random random = new Random(seed);
            // a session with a history has a state to begin with
            Session session = call == Call.NEW_STATE ? engine.openSession() : prepared(engine);
            Kept before = Kept.of(session);
            ChatRequest request = turn(random);
            int after = call == Call.FORWARD || call == Call.RUN ? 40 : call == Call.NEW_STATE ? 1 : 3;
            faulty.fail(call, random.nextInt(after));
            ChatMessage.AssistantMessage answer = null;
            try {
                if (call == Call.WRITE_CHECKPOINT) {
                    session.save("title");
                }
                answer = session.send(request).message();
            } catch (LongspanException e) {
                assertThat(Kept.of(session)).as("taken back after " + e).isEqualTo(before);
            }
            came += faulty.disarm() ? 1 : 0;
            if (answer != null) {
                assertThat(session.history()).hasSize(before.messages().size() + 2);
                assertThat(session.history()).last().isEqualTo(answer.withoutThinking());
            }
            assertThat(session.send("!say next\n!end").text()).isEqualTo("next");
            assertHoldsItsHistory(engine, session);
            session.close();
            awaitIdle(engine);
            assertThat(backend.openCheckpoints()).as("seed " + seed).isEmpty();
        }
        assertThat(came).as("faults that really came").isGreaterThan(3);
        assertThat(engine.snapshots().list()).allMatch(info -> !info.isBroken());
    }

    private ChatEngineBuilder faultyBuilder() {
        return ChatEngine.builder()
                .model(folder)
                .backend(faulty)
                .maxContextTokens(4000)
                .prefillChunk(16)
                .prefixCacheBytes(0)
                .snapshots(FileSnapshotStore.open(folder.resolve("snapshots")));
    }

    private void assertHoldsItsHistory(ChatEngine engine, Session session) {
        try (Session fresh = engine.openSession()) {
            fresh.append(session.history());
            assertThat(session.tokenIds()).isEqualTo(fresh.tokenIds());
        }
        assertThat(backend.verify()).isEmpty();
    }

    @Test
    void aTemplateThatRefusesTheAnswerTakesTheTurnBack() throws IOException {
        write(TemplateKind.STABLE);
        Path template = folder.resolve("chat_template.jinja");
        Files.writeString(
                template,
                "{%- for m in messages %}{% if m.role == 'assistant' and 'boom' in m.content %}"
                        + "{{ raise_exception('no boom') }}{% endif %}{% endfor -%}\n" + Files.readString(template));
        ChatEngine engine = keep(faultyBuilder().build());
        Session session = engine.openSession();
        session.send("!say one\n!end");
        Kept before = Kept.of(session);
        for (int i = 0; i < SEEDS; i++) {
            List<ChatEvent> events = new ArrayList<>();
            try (ChatStream stream = session.stream("!say boom\n!end")) {
                stream.forEachRemaining(events::add);
            }
            assertThat(events.get(events.size() - 1))
                    .isInstanceOfSatisfying(
                            ChatEvent.Failed.class,
                            failed -> assertThat(failed.error())
                                    .isInstanceOf(ChatTemplateException.class)
                                    .hasMessageContaining("no boom"));
            assertThat(Kept.of(session)).isEqualTo(before);
        }
        assertThat(session.send("!say two\n!end").text()).isEqualTo("two");
    }

    @Test
    void aSaveThatFailsLeavesTheSessionAndTheStoreAsTheyWere() throws IOException {
        ChatEngine engine = keep(faultyBuilder().build());
        Session session = prepared(engine);
        session.save("first");
        Kept before = Kept.of(session);
        Path store = folder.resolve("snapshots");
        faulty.fail(Call.WRITE_CHECKPOINT, 0);
        try {
            session.save("second");
        } catch (LongspanException e) {
            assertThat(e).hasMessageContaining("injected");
        }
        assertThat(Kept.of(session)).isEqualTo(before);
        assertThat(engine.snapshots().list()).hasSize(1);
        try (Stream<Path> left = Files.list(store)) {
            assertThat(left.filter(path -> !path.getFileName().toString().startsWith(".")))
                    .hasSize(1);
        }
    }
}
