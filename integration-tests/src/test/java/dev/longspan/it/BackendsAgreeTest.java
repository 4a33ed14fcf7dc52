package dev.longspan.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.ChatEngine;
import dev.longspan.ChatRequest;
import dev.longspan.FileSnapshotStore;
import dev.longspan.Session;
import dev.longspan.SessionOptions;
import dev.longspan.model.ModelFolder;
import dev.longspan.model.Weights;
import dev.longspan.spi.Backend;
import dev.longspan.spi.Batch;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.Logits;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** On the nano model all backends say the same, and one goes on where another has left off. */
@Timeout(300)
class BackendsAgreeTest {
    private static final int PROMPTS = 200;
    private static final int LONGEST_ANSWER = 40;
    /** By so much the best logit is above the next one where nothing may turn them. */
    private static final float CLEAR = 1e-3f;

    private static final List<String> NAMES =
            List.of("Berlin", "Paris", "Alice", "Constantinople", "Bob", "Rome", "river", "Madrid", "vault", "seven");

    @TempDir
    Path store;

    private static ChatEngine engine(Backend backend, FileSnapshotStore snapshots) {
        return ChatEngine.builder()
                .model(NanoFolder.path())
                .backend(backend)
                .snapshots(snapshots)
                .build();
    }

    private static String prompt(int i) {
        String name = NAMES.get(i / 5 % NAMES.size());
        return switch (i % 5) {
            case 0 -> "Spell " + name + ".";
            case 1 -> "What is the capital of " + name + "? I asked " + i + " times.";
            case 2 -> "What is " + i + " + " + (7 * i % 90) + "?";
            case 3 -> "My name is " + name + ". What's my name?";
            default -> "What's the weather in " + name + " on day " + i + "?";
        };
    }

    private static ChatRequest request(String text) {
        return ChatRequest.builder().user(text).maxTokens(LONGEST_ANSWER).build();
    }

    /** A conversation of one turn: its ids, and how many of them the model said. */
    @SuppressWarnings("ArrayRecordComponent") // never written to
    private record Said(int[] ids, int answer) {}

    private List<Said> said() {
        List<Said> all = new ArrayList<>();
        try (Backend backend = ExactBackend.REFERENCE.open();
                ChatEngine engine = engine(backend, FileSnapshotStore.open(store))) {
            for (int i = 0; i < PROMPTS; i++) {
                try (Session session = engine.openSession()) {
                    ChatRequest kept = ChatRequest.builder()
                            .user(prompt(i))
                            .maxTokens(LONGEST_ANSWER)
                            .thinkingKept(true)
                            .build();
                    int answer = session.send(kept).usage().completionTokens();
                    all.add(new Said(session.tokenIds(), answer));
                }
            }
        }
        return all;
    }

    private static LanguageModel load(Backend backend) throws IOException {
        ModelFolder folder = ModelFolder.open(NanoFolder.path());
        try (Weights weights = folder.openWeights()) {
            return backend.load(folder.config().spec(), weights, LoadProgress.NONE);
        }
    }

    private static Logits forward(LanguageModel model, Run run) {
        return ((RunResult.Success) model.forward(Batch.of(run)).get(0)).logits();
    }

    /** The best tokens behind every position of an answer: the prompt is read at once, the answer step by step. */
    private static List<Integer> best(LanguageModel model, Said said) {
        int prompt = said.ids.length - said.answer;
        List<Integer> best = new ArrayList<>();
        try (SequenceState state = model.newState()) {
            best.add(forward(model, new Run(state, said.ids, 0, prompt, prompt - 1))
                    .argMax(0));
            for (int t = prompt; t < said.ids.length; t++) {
                best.add(forward(model, new Run(state, said.ids, t, t + 1, t)).argMax(0));
            }
        }
        return best;
    }

    /** By how much one token's logit is above another's, behind some of the ids. */
    private static float gap(LanguageModel model, int[] ids, int count, int one, int other) {
        float[] row = new float[model.spec().vocabularySize()];
        try (SequenceState state = model.newState()) {
            forward(model, new Run(state, ids, 0, count, count - 1)).copyTo(0, row);
        }
        return row[one] - row[other];
    }

    @Test
    void greedyTokensAreTheSame() throws IOException {
        List<String> close = new ArrayList<>();
        int compared = 0;
        List<Said> all = said();
        try (Backend reference = ExactBackend.REFERENCE.open();
                Backend tvm = ExactBackend.TVM.open()) {
            LanguageModel right = load(reference);
            LanguageModel other = load(tvm);
            for (Said said : all) {
                List<Integer> want = best(right, said);
                List<Integer> got = best(other, said);
                compared += want.size();
                for (int i = 0; i < want.size(); i++) {
                    int count = said.ids.length - said.answer + i;
                    if (!want.get(i).equals(got.get(i))) {
                        float gap = gap(right, said.ids, count, want.get(i), got.get(i));
                        assertThat(gap)
                                .as("token " + want.get(i) + " above " + got.get(i) + " behind " + count + " ids")
                                .isLessThan(CLEAR);
                        close.add(want.get(i) + " or " + got.get(i));
                    }
                }
            }
        }
        assertThat(compared).isGreaterThan(10 * PROMPTS);
        assertThat(close).as("of %d tokens, too close to call", compared).hasSizeLessThan(compared / 1000);
    }

    @ParameterizedTest
    @EnumSource
    void oneGoesOnFromASnapshotOfAnother(ExactBackend from) throws IOException {
        ExactBackend to = from == ExactBackend.TVM ? ExactBackend.REFERENCE : ExactBackend.TVM;
        FileSnapshotStore snapshots = FileSnapshotStore.open(store);
        try (Backend writes = from.open();
                Backend reads = to.open();
                ChatEngine writer = engine(writes, snapshots);
                ChatEngine reader = engine(reads, snapshots)) {
            for (int i = 0; i < 10; i++) {
                Session session = writer.openSession();
                session.send(request(prompt(i)));
                session.send(request("My name is " + NAMES.get(i) + "."));
                String id = session.save("crossing").id();
                Session other = reader.loadSession(id, SessionOptions.DEFAULT);
                assertThat(other.tokenIds()).isEqualTo(session.tokenIds());
                for (String text : List.of("What's my name?", prompt(100 + i))) {
                    assertThat(other.send(request(text)).text())
                            .isEqualTo(session.send(request(text)).text());
                }
                assertThat(other.tokenIds()).isEqualTo(session.tokenIds());
                // and back again
                String back = other.save("back").id();
                assertThat(writer.loadSession(back, SessionOptions.DEFAULT)
                                .send(request(prompt(i)))
                                .text())
                        .isEqualTo(session.send(request(prompt(i))).text());
                snapshots.delete(id);
                snapshots.delete(back);
            }
        }
    }
}
