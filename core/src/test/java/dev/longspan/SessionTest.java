package dev.longspan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.TurnInfo.ReuseEnd;
import dev.longspan.spi.BackendException;
import dev.longspan.spi.BackendMemoryException;
import dev.longspan.tck.DigestModel;
import dev.longspan.tck.TemplateKind;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Sessions on the digest backend, whose state says which tokens it holds. */
@Tag("fast")
class SessionTest extends OnDigestBackend {
    private static TurnInfo lastTurn(Session session) {
        return session.info().lastTurn().orElseThrow();
    }

    /** The session holds what reading its history afresh would give. */
    private void assertTrue(ChatEngine engine, Session session) {
        try (Session fresh = engine.openSession()) {
            if (!session.history().isEmpty()) {
                fresh.append(session.history());
            }
            assertThat(session.tokenIds()).isEqualTo(fresh.tokenIds());
        }
        assertThat(backend.verify()).isEmpty();
    }

    @Test
    void aTurnComputesOnlyWhatIsNew() {
        ChatEngine engine = engine();
        try (Session session = engine.openSession()) {
            assertThat(session.send("!say one\n!end").text()).isEqualTo("one");
            assertThat(lastTurn(session).reuseEnd()).isEqualTo(ReuseEnd.EMPTY);
            int held = session.tokenIds().length;
            ChatResponse second = session.send("!say two\n!end");
            assertThat(second.text()).isEqualTo("two");
            assertThat(second.usage().reusedTokens()).isEqualTo(held);
            assertThat(lastTurn(session).reusedTokens()).isEqualTo(held);
            assertThat(lastTurn(session).reuseEnd()).isEqualTo(ReuseEnd.ALL_HELD);
            assertThat(lastTurn(session).commitTokens())
                    .as("the end of the message")
                    .isEqualTo(2);
            assertThat(session.info().sequence()).isEqualTo(2);
            assertThat(session.history())
                    .extracting(ChatMessage::text)
                    .containsExactly("!say one\n!end", "one", "!say two\n!end", "two");
            assertTrue(engine, session);
        }
    }

    @Test
    void thinkingIsDiscardedAndOnlyTheAnswerComputedAgain() {
        ChatEngine engine = engine();
        try (Session session = engine.openSession()) {
            ChatResponse response = session.send("!think 30\n!say done\n!end");
            assertThat(response.message().thinking()).isNotEmpty();
            assertThat(session.history().get(1)).isEqualTo(ChatMessage.assistant("done"));
            assertThat(lastTurn(session).commitTokens())
                    .isEqualTo(DigestModel.encode("<|im_start|>assistant\ndone<|im_end|>\n").length);
            assertTrue(engine, session);
            session.send("!say more\n!end");
            assertThat(lastTurn(session).reuseEnd()).isEqualTo(ReuseEnd.ALL_HELD);
        }
    }

    @Test
    void thinkingThatIsKeptStaysInTheState() throws IOException {
        for (TemplateKind kind : List.of(TemplateKind.STABLE, TemplateKind.THINK_OPENING)) {
            write(kind);
            ChatEngine engine = engine();
            try (Session session = engine.openSession()) {
                session.send(
                        user("!think 30\n!say done\n!end").thinkingKept(true).build());
                ChatMessage.AssistantMessage kept =
                        (ChatMessage.AssistantMessage) session.history().get(1);
                assertThat(kept.thinking()).hasSizeGreaterThan(30);
                assertThat(lastTurn(session).commitTokens()).as(kind.name()).isEqualTo(2);
                assertThat(DigestModel.decode(session.tokenIds()))
                        .contains("<think>\n")
                        .contains("</think>\ndone");
                session.send(user("!say more\n!end").thinkingKept(true).build());
                assertThat(lastTurn(session).reuseEnd()).isEqualTo(ReuseEnd.ALL_HELD);
            }
        }
    }

    @Test
    void aTemplateThatRewritesHistoryCostsTheLastTurnAtMost() throws IOException {
        write(TemplateKind.HISTORY_REWRITING);
        ChatEngine engine = engine();
        try (Session session = engine.openSession()) {
            session.send("!say first\n!end");
            int before = session.tokenIds().length;
            session.send(user("!think 20\n!say second\n!end").thinkingKept(true).build());
            int after = session.tokenIds().length;
            session.send(user("!say third\n!end").thinkingKept(true).build());
            TurnInfo turn = lastTurn(session);
            assertThat(turn.reuseEnd()).isEqualTo(ReuseEnd.TOKENS_DIFFER);
            assertThat(turn.reusedTokens()).isGreaterThanOrEqualTo(before).isLessThan(after);
            assertThat(DigestModel.decode(session.tokenIds())).doesNotContain("<think>");
        }
    }

    @Test
    void toolLoopsGoOverSeveralTurns() {
        ChatEngine engine = engine();
        try (Session session = engine.openSession()) {
            ChatRequestBuilder question =
                    user("!think 3\n!call weather days=2\n!end").tools(List.of(WEATHER));
            ChatResponse asked = session.send(question.build());
            ToolCall call = asked.message().toolCalls().get(0);
            int held = session.tokenIds().length;
            ChatResponse answer = session.send(ChatRequest.builder()
                    .messages(List.of(ChatMessage.tool(call.id(), "sunny"), ChatMessage.user("!say nice\n!end")))
                    .tools(List.of(WEATHER))
                    .build());
            assertThat(answer.text()).isEqualTo("nice");
            assertThat(lastTurn(session).reusedTokens()).isEqualTo(held);
            assertThat(session.history()).hasSize(5);
        }
    }

    @Test
    void changedToolsAreComputedAgainAndNothingIsSpliced() {
        ChatEngine engine = engine();
        try (Session session = engine.openSession()) {
            session.send("!say one\n!end");
            session.send(user("!say two\n!end").tools(List.of(WEATHER)).build());
            assertThat(lastTurn(session).reuseEnd()).isEqualTo(ReuseEnd.TOKENS_DIFFER);
            assertThat(DigestModel.decode(session.tokenIds())).startsWith("<|im_start|>tools\n");
            session.send("!say three\n!end");
            assertTrue(engine, session);
            session.rollback(4);
            assertThat(DigestModel.decode(session.tokenIds()))
                    .as("rendered with the tools of the turn it goes back to")
                    .startsWith("<|im_start|>tools\n");
        }
    }

    @Test
    void aFailedTurnLeavesTheSessionAsItWas() {
        ChatEngine engine = engine();
        try (Session session = engine.openSession()) {
            session.send("!say one\n!end");
            SessionInfo before = session.info();
            int[] ids = session.tokenIds();
            assertThatThrownBy(() -> session.send("!say half\n!fail")).isInstanceOf(BackendException.class);
            assertThatThrownBy(() -> session.send(user("!say <tool_call>x</tool_call>\n!end")
                            .tools(List.of(WEATHER))
                            .build()))
                    .isInstanceOf(ToolCallException.class);
            assertThatThrownBy(() -> session.send("x".repeat(5000))).isInstanceOf(ContextLengthException.class);
            assertThat(session.info()).isEqualTo(before);
            assertThat(session.tokenIds()).isEqualTo(ids);
            assertThat(session.send("!say two\n!end").usage().reusedTokens()).isEqualTo(ids.length);
        }
    }

    @Test
    void whatWasHandedOutOfACancelledTurnIsKeptOrTheTurnTakenBack() {
        ChatEngine engine = engine();
        try (Session session = engine.openSession()) {
            session.send("!say one\n!end");
            ChatRequest loop = endless().flushPolicy(FlushPolicy.EVERY_TOKEN).build();
            StringBuilder given = new StringBuilder();
            try (ChatStream stream = session.stream(loop, TurnOptions.DEFAULT)) {
                while (given.length() < 5) {
                    given.append(stream.next() instanceof ChatEvent.TextDelta delta ? delta.text() : "");
                }
            }
            assertThat(session.history()).hasSize(4);
            assertThat(session.history().get(3)).isEqualTo(ChatMessage.assistant(given.toString()));
            assertTrue(engine, session);

            SessionInfo before = session.info();
            TurnOptions discard = TurnOptions.DEFAULT.withCancelled(TurnOptions.Cancelled.DISCARD);
            try (ChatStream stream = session.stream(loop, discard)) {
                stream.next();
            }
            assertThat(session.info()).isEqualTo(before);
            backend.gate().hold();
            ChatStream nothing = session.stream(loop, TurnOptions.DEFAULT);
            backend.gate().awaitWaiting(LIMIT);
            nothing.cancel();
            backend.gate().release();
            nothing.close();
            assertThat(session.info()).as("nothing was handed out").isEqualTo(before);
            assertThat(session.send("!say on\n!end").text()).isEqualTo("on");
        }
    }

    @Test
    void aSecondTurnIsRefusedAtOnceOrWaitsIfAskedTo() throws Exception {
        ChatEngine engine = engine();
        try (Session session = engine.openSession()) {
            backend.gate().hold();
            ChatStream first = session.stream("!say one\n!end");
            backend.gate().awaitWaiting(LIMIT);
            assertThatThrownBy(() -> session.send("x")).isInstanceOf(SessionBusyException.class);
            assertThatThrownBy(() -> session.rollback(0)).isInstanceOf(SessionBusyException.class);
            assertThatThrownBy(() -> session.resize(100)).isInstanceOf(SessionBusyException.class);
            assertThat(session.info().busy()).isTrue();
            assertThat(session.history()).isEmpty();
            CompletableFuture<String> second = CompletableFuture.supplyAsync(() -> session.send(
                            ChatRequest.of("!say two\n!end"), TurnOptions.DEFAULT.withPatience(Duration.ofSeconds(20)))
                    .text());
            backend.gate().release();
            assertThat(first.await().text()).isEqualTo("one");
            assertThat(second.get(20, TimeUnit.SECONDS)).isEqualTo("two");
            assertThat(session.info().sequence()).isEqualTo(2);
        }
    }

    @Test
    void aTurnMayNameTheSequenceItExpects() {
        ChatEngine engine = engine();
        try (Session session = engine.openSession()) {
            session.send(ChatRequest.of("!say one\n!end"), TurnOptions.DEFAULT.withExpectedSequence(0));
            assertThatThrownBy(() ->
                            session.send(ChatRequest.of("!say two\n!end"), TurnOptions.DEFAULT.withExpectedSequence(0)))
                    .isInstanceOfSatisfying(SequenceConflictException.class, e -> {
                        assertThat(e.expected()).isZero();
                        assertThat(e.actual()).isEqualTo(1);
                    });
            assertThat(session.history()).hasSize(2);
        }
    }

    @Test
    void rollbackToAKeptTurnEndComputesNothing() {
        ChatEngine engine = engine();
        try (Session session = engine.openSession()) {
            for (int i = 0; i < 4; i++) {
                session.send("!say answer " + i + "\n!end");
            }
            long computed = backend.tokensComputed();
            session.rollback(4);
            assertThat(backend.tokensComputed()).isEqualTo(computed);
            assertThat(session.history()).hasSize(4);
            assertThat(lastTurn(session).reuseEnd()).isEqualTo(ReuseEnd.PROMPT_ENDED);
            assertTrue(engine, session);
            session.rollback(3);
            assertThat(session.history()).hasSize(3);
            assertTrue(engine, session);
            ChatResponse again = session.send(ChatRequest.again().build());
            assertThat(again.text()).isEqualTo("answer 1");
            session.rollback(0);
            assertThat(session.tokenIds()).isEmpty();
            assertThat(session.send("!say fresh\n!end").text()).isEqualTo("fresh");
            assertThatThrownBy(() -> session.rollback(3)).hasMessageContaining("keepMessages");
            assertThatThrownBy(() -> session.rollback(-1)).hasMessageContaining("keepMessages");
        }
    }

    @Test
    void whatIsCancelledDuringItsOnlyStepIsNotInTheHistory() {
        ChatEngine engine = engine();
        try (Session session = engine.openSession()) {
            backend.gate().hold();
            try (ChatStream reading = session.beginAppend(ChatRequest.of("short"), TurnOptions.DEFAULT)
                    .orElseThrow()) {
                backend.gate().awaitWaiting(LIMIT);
                reading.cancel();
                backend.gate().release();
                reading.forEachRemaining(event -> {});
            }
            assertThat(session.history()).isEmpty();
            assertThat(session.info().sequence()).isZero();
        }
    }

    @Test
    void documentsAreAppendedBeforeTheFirstQuestion() {
        ChatEngine engine = engine();
        try (Session session = engine.openSession()) {
            session.append(List.of(ChatMessage.user("A long document.")));
            assertThat(session.info().sequence()).isEqualTo(1);
            int held = session.tokenIds().length;
            ChatResponse answer = session.send("!say read\n!end");
            assertThat(answer.usage().reusedTokens()).isEqualTo(held);
            assertThatThrownBy(() -> session.append(List.of())).hasMessageContaining("messages");
        }
    }

    @Test
    void forksShareWhatTheyHaveInCommonAndGoTheirOwnWay() {
        ChatEngine engine = engine();
        try (Session session = engine.openSession()) {
            session.append(List.of(ChatMessage.user("x".repeat(2000))));
            long used = backend.memory().used().totalBytes();
            try (Session fork = session.fork("twin")) {
                assertThat(backend.memory().used().totalBytes())
                        .as("nothing is copied")
                        .isEqualTo(used);
                assertThat(fork.send("!say left\n!end").text()).isEqualTo("left");
                assertThat(session.send("!say right\n!end").text()).isEqualTo("right");
                assertThat(fork.history().get(2).text()).isEqualTo("left");
                assertThat(session.info().exclusiveBytes())
                        .isLessThan(session.info().bytes() / 2);
                assertTrue(engine, fork);
                assertTrue(engine, session);
                assertThatThrownBy(() -> session.fork("twin")).isInstanceOf(SessionExistsException.class);
            }
            SessionInfo alone = session.info();
            assertThat(alone.exclusiveBytes()).isEqualTo(alone.bytes());
        }
    }

    @Test
    void aForkOfABusySessionTakesWhatIsCommitted() {
        ChatEngine engine = engine();
        try (Session session = engine.openSession()) {
            session.send("!say one\n!end");
            backend.gate().hold();
            ChatStream running = session.stream("!say two\n!end");
            backend.gate().awaitWaiting(LIMIT);
            Session fork = session.fork();
            assertThat(fork.history()).hasSize(2);
            backend.gate().release();
            assertThat(running.await().text()).isEqualTo("two");
            assertThat(fork.history()).hasSize(2);
            assertThat(fork.send("!say other\n!end").text()).isEqualTo("other");
        }
    }

    @Test
    void sizesOfASessionAreThoseOfTheBackend() {
        ChatEngine engine = engine();
        long before = backend.memory().used().totalBytes();
        try (Session session = engine.openSession()) {
            for (int i = 0; i < 6; i++) {
                session.send("y".repeat(200) + "\n!say " + i + "\n!end");
            }
            long real = backend.memory().used().totalBytes() - before;
            assertThat(session.info().bytes()).isBetween(real * 95 / 100, real * 105 / 100);
            assertThat(session.info().exclusiveBytes()).isBetween(real * 95 / 100, real * 105 / 100);
            assertThat(session.info().checkpoints()).isLessThanOrEqualTo(12);
        }
        assertThat(backend.memory().used().totalBytes()).isEqualTo(before);
    }

    @Test
    void systemMessagesFollowTheRules() {
        ChatEngine engine = engine();
        try (Session session = engine.openSession()) {
            session.send(
                    ChatRequest.builder().system("be kind").user("!say a\n!end").build());
            session.send(
                    ChatRequest.builder().system("be kind").user("!say b\n!end").build());
            assertThat(session.history()).hasSize(5);
            SessionInfo before = session.info();
            assertThatThrownBy(() -> session.send(ChatRequest.builder()
                            .system("be rude")
                            .user("!say c\n!end")
                            .build()))
                    .isInstanceOf(InvalidRequestException.class)
                    .hasMessageContaining("messages[0]");
            assertThat(session.info()).isEqualTo(before);
        }
    }

    @Test
    void resizingIsBookkeepingAndNeverBelowWhatIsHeld() {
        ChatEngine engine = engine();
        try (Session session = engine.openSession(SessionOptions.DEFAULT.withMaxTokens(100))) {
            session.send("!say one\n!end");
            int held = session.tokenIds().length;
            assertThatThrownBy(() -> session.resize(held - 1)).hasMessageContaining(String.valueOf(held));
            session.resize(held);
            assertThatThrownBy(() -> session.send("!say two\n!end")).isInstanceOf(ContextLengthException.class);
            session.resize(4000);
            assertThat(session.send("!say two\n!end").text()).isEqualTo("two");
            assertThatThrownBy(() -> session.resize(4001)).hasMessageContaining("4000");
        }
    }

    @Test
    void answersCutByTheLimitOrALoopAreCommitted() {
        ChatEngine engine = engine();
        try (Session session = engine.openSession()) {
            ChatResponse cut =
                    session.send(user("!say abcdef\n!end").maxTokens(3).build());
            assertThat(cut.finishReason()).isEqualTo(FinishReason.LENGTH);
            assertThat(session.history().get(1).text()).isEqualTo("abc");
            ChatResponse thought =
                    session.send(user("!think 9\n!say x\n!end").maxTokens(4).build());
            assertThat(thought.finishReason()).isEqualTo(FinishReason.LENGTH);
            assertThat(session.history().get(3).text()).isEmpty();
            ChatResponse loop = session.send(user("!loop")
                    .repetition(RepetitionSettings.DEFAULT.with(Map.of("min_generated_tokens", 32)))
                    .build());
            assertThat(loop.finishReason()).isEqualTo(FinishReason.REPETITION);
            assertThat(session.history()).hasSize(6);
            assertTrue(engine, session);
        }
    }

    @Test
    void closingASessionTakesARunningTurnBackAndFreesEverything() {
        ChatEngine engine = engine();
        long before = backend.memory().used().totalBytes();
        Session session = engine.openSession(SessionOptions.DEFAULT.withId("a.b-c_1"));
        assertThat(engine.session("a.b-c_1").id()).isEqualTo("a.b-c_1");
        assertThatThrownBy(() -> engine.openSession(SessionOptions.DEFAULT.withId("a.b-c_1")))
                .isInstanceOf(SessionExistsException.class);
        assertThatThrownBy(() -> SessionOptions.DEFAULT.withId("../x")).hasMessageContaining("id");
        ChatStream running = session.stream(endless().build(), TurnOptions.DEFAULT);
        session.close();
        session.close();
        assertThat(running.await().finishReason()).isEqualTo(FinishReason.CANCELLED);
        assertThat(backend.memory().used().totalBytes()).isEqualTo(before);
        assertThatThrownBy(() -> session.send("x")).isInstanceOf(SessionClosedException.class);
        assertThatThrownBy(() -> engine.session("a.b-c_1")).isInstanceOf(SessionNotFoundException.class);
        assertThat(engine.sessions()).isEmpty();
    }

    @Test
    void aSessionOpensFromAHistory() {
        ChatEngine engine = engine();
        ChatRequest history = ChatRequest.builder()
                .messages(List.of(ChatMessage.user("hello"), ChatMessage.assistant("hi")))
                .build();
        try (Session session = engine.openSession(SessionOptions.DEFAULT, history)) {
            assertThat(session.history()).hasSize(2);
            assertThat(session.send("!say on\n!end").usage().reusedTokens()).isPositive();
        }
        assertThatThrownBy(() ->
                        engine.openSession(SessionOptions.DEFAULT.withId("long"), ChatRequest.of("x".repeat(5000))))
                .isInstanceOf(ContextLengthException.class);
        assertThat(engine.sessions()).isEmpty();
    }

    @Test
    void greedyAnswersAreThoseOfAStatelessRequestWithTheSameHistory() {
        ChatEngine engine = engine();
        try (Session session = engine.openSession()) {
            for (int i = 0; i < 10; i++) {
                String question = "free " + i;
                List<ChatMessage> history = new ArrayList<>(session.history());
                history.add(ChatMessage.user(question));
                ChatResponse stateless =
                        engine.chat(ChatRequest.builder().messages(history).build());
                assertThat(session.send(question).message()).isEqualTo(stateless.message());
            }
        }
    }

    @Test
    void sizesAreToldBefore() {
        ChatEngine engine = engine();
        try (Session session = engine.openSession()) {
            session.send("!say one\n!end");
            ChatRequest request = user("!say two\n!end").build();
            SessionInfo before = session.info();
            int tokens = session.countTokens(request);
            assertThat(session.info()).isEqualTo(before);
            assertThat(session.send(request).usage().promptTokens()).isEqualTo(tokens);
        }
    }

    @Test
    void beyondTheLimitOfMemoryATurnIsRefusedWithTheNumbersAndWorksOnceThereIsRoom() {
        ChatEngine measured = engine();
        long one;
        try (Session session = measured.openSession()) {
            session.append(List.of(ChatMessage.user("m".repeat(1000))));
            one = session.info().bytes();
        }
        ChatEngine engine = keep(builder().maxStateBytes(5 * one / 2).build());
        Session first = engine.openSession();
        first.append(List.of(ChatMessage.user("m".repeat(1000))));
        Session second = engine.openSession();
        second.append(List.of(ChatMessage.user("n".repeat(1000))));
        Session third = engine.openSession();
        assertThatThrownBy(() -> third.append(List.of(ChatMessage.user("o".repeat(1000)))))
                .isInstanceOf(BackendMemoryException.class)
                .hasMessageContaining("maxStateBytes");
        assertThat(third.tokenIds()).isEmpty();
        first.close();
        third.append(List.of(ChatMessage.user("o".repeat(1000))));
        assertThat(third.tokenIds()).isNotEmpty();
    }
}
