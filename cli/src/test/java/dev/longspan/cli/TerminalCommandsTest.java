package dev.longspan.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.ChatEngine;
import dev.longspan.ChatEvent;
import dev.longspan.ChatMessage;
import dev.longspan.FileSnapshotStore;
import dev.longspan.SnapshotInfo;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The commands at a terminal. */
@Timeout(60)
class TerminalCommandsTest {
    private static final String CTRL_D = TypingScreen.CTRL_D;

    @TempDir
    static Path cache;

    @TempDir
    Path folder;

    private FileSnapshotStore store;
    private ChatEngine engine;

    @BeforeEach
    void openEngine() {
        Surroundings surroundings =
                InProcess.surroundings(cache, "", new ByteArrayOutputStream(), new ByteArrayOutputStream());
        store = FileSnapshotStore.open(folder.resolve("snapshots"));
        engine = ChatEngine.builder()
                .model(NanoModel.unpack(surroundings))
                .snapshots(store)
                .build();
    }

    @AfterEach
    void closeEngine() {
        engine.close();
    }

    @Test
    void theConversationIsSavedOnLeavingAndResumed() throws IOException {
        assertThat(talk("My name is Alice.\r", CTRL_D)).contains("saved as last-");
        TypingScreen second = new TypingScreen("What's my name?\r", "/quit\r");
        second.talk(engine, options(), "--resume");
        String shown = second.text();
        assertThat(shown).contains("goes on with last-", "My name is Alice., 2 messages");
        assertThat(shown.substring(shown.lastIndexOf("What's my name?"))).contains("Alice");
        assertThat(store.list())
                .singleElement()
                .extracting(SnapshotInfo::tokens)
                .isNotEqualTo(0);
        assertThat(engine.sessions()).isEmpty();
    }

    @Test
    void nothingIsSavedOfAnEmptyConversation() throws IOException {
        assertThat(talk(CTRL_D)).doesNotContain("saved");
        assertThat(store.list()).isEmpty();
    }

    @Test
    void aFolderThatCannotBeUsedIsSaidAndChattingGoesOn() throws IOException {
        Files.writeString(folder.resolve("snapshots"), "a file");
        String shown = talk("/save\r", "/ls\r", "Hello\r", "/save\r", "What is the capital of France?\r", CTRL_D);
        assertThat(shown).contains("error: ", "expected a folder", "is something else", "Paris");
        assertThat(shown.substring(shown.indexOf("Paris"))).contains("error: ");
    }

    @Test
    void aSavedConversationIsListedLoadedAndRemoved() throws IOException {
        assertThat(talk("My name is Alice.\r", "/save names\r", "/ls\r", "/quit\r"))
                .contains("saved as ", ": names, ");
        String id = store.list().stream()
                .filter(each -> "names".equals(each.label().title()))
                .findFirst()
                .orElseThrow()
                .id();
        String begin = id.substring(0, 10);
        String shown = talk(
                "/load " + begin + "\r",
                "What's my name?\r",
                "/rm " + begin + "\r",
                "/load " + begin + "\r",
                "/quit\r");
        assertThat(shown).contains("goes on with " + id + ": names, 2 messages", "removed " + id, "no id begins with");
        assertThat(shown.substring(shown.indexOf("What's my name?"))).contains("Alice");
    }

    @Test
    void messagesAreShownTakenBackAddedAndAnsweredAgain() throws IOException {
        Path file = Files.writeString(folder.resolve("text.txt"), "My name is Alice.");
        String shown = talk(
                "Hello\r",
                "/retry\r",
                "/rollback 5\r",
                "/rollback 0\r",
                "/add " + file + "\r",
                "/add " + file + ".none\r",
                "/history\r",
                "/info\r",
                "/fork\r",
                "//slash\r",
                "/quit\r");
        assertThat(shown)
                .contains("error: expected how many messages to keep behind /rollback, 0 to 2, found 5")
                .contains("back to 0 of 2 messages", "added " + file, "there is no such file")
                .contains("1 user: My name is Alice.", "1 messages, ", "last turn: ", "goes on in ");
    }

    @Test
    void aForkIsLeftAndGoneBackTo() {
        try (Conversation conversation = new Conversation(engine, options())) {
            Recorder view = new Recorder();
            conversation.ask("Hello", view);
            String first = conversation.info().id();
            conversation.fork();
            conversation.ask("Hello", view);
            String fork = conversation.info().id();
            Dialog dialog = new Dialog(engine, conversation, view);
            dialog.hear("/load " + first.substring(0, 12));
            assertThat(conversation.info().id()).isEqualTo(first);
            assertThat(conversation.messages()).hasSize(2);
            dialog.hear("/rm " + fork);
            assertThat(conversation.leftBehind()).isEmpty();
            assertThat(dialog.exitCode()).isZero();
        }
        assertThat(engine.sessions()).isEmpty();
    }

    @Test
    void whatWasShownOfAStoppedAnswerIsKept() {
        AnswerOptions endless = options("--temperature", "100", "--seed", "3", "--max-tokens", "100000", "--no-think");
        try (Conversation conversation = new Conversation(engine, endless)) {
            Recorder view = new Recorder();
            view.afterText = conversation::stop;
            conversation.ask("Hello", view);
            assertThat(conversation.messages()).hasSize(2);
            assertThat(conversation.messages().get(1).text()).isEqualTo(view.text.toString());
        }
    }

    @Test
    void aRetryStoppedBeforeItSaysAnythingKeepsTheAnswerThereWas() {
        try (Conversation conversation = new Conversation(engine, options())) {
            conversation.ask("Hello", new Recorder());
            String id = conversation.info().id();
            boolean said = true;
            while (said) { // a fast engine may say something before it is stopped: that counts
                List<ChatMessage> before = conversation.messages();
                Recorder view = new Recorder();
                view.beforeText = conversation::stop;
                conversation.retry(view);
                said = view.text.length() > 0;
                ChatMessage kept = said ? ChatMessage.assistant(view.text.toString()) : before.get(1);
                assertThat(conversation.messages()).containsExactly(before.get(0), kept);
                assertThat(conversation.info().id()).isEqualTo(id);
                assertThat(engine.sessions()).hasSize(1);
            }
        }
    }

    @Test
    void readingAFileIsStoppedAndLeavesNoTrace() throws InterruptedException {
        try (Conversation conversation = new Conversation(engine, options())) {
            Thread person = new Thread(() -> {
                while (!engine.sessions().get(0).busy()) {
                    Thread.onSpinWait();
                }
                conversation.stop();
            });
            person.start();
            assertThatThrownBy(() -> conversation.add("word ".repeat(50_000)))
                    .isInstanceOf(CommandException.class)
                    .hasMessageContaining("stopped");
            person.join();
            assertThat(Thread.currentThread().isInterrupted()).isFalse();
            assertThat(conversation.messages()).isEmpty();
            conversation.ask("Hello", new Recorder());
            assertThat(conversation.messages()).hasSize(2);
        }
    }

    private String talk(String... typed) throws IOException {
        TypingScreen screen = new TypingScreen(typed);
        screen.talk(engine, options());
        return screen.text();
    }

    private static AnswerOptions options(String... args) {
        return CommandLine.populateCommand(new AnswerOptions(), args);
    }

    /** Does something when an answer begins, or when its first word is shown. */
    private static final class Recorder implements AnswerView {
        private final StringBuilder text = new StringBuilder();
        private Runnable beforeText = () -> {};
        private Runnable afterText = () -> {};

        @Override
        public void show(ChatEvent event) {
            if (event instanceof ChatEvent.PromptProgress) {
                beforeText.run();
            } else if (event instanceof ChatEvent.TextDelta delta) {
                text.append(delta.text());
                afterText.run();
            }
        }

        @Override
        public void failed(Throwable error) {
            throw new AssertionError(error);
        }

        @Override
        public void report(Report report) {}
    }
}
