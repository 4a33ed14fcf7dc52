package dev.longspan.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.spi.BackendException;
import dev.longspan.spi.BackendMemoryException;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.Batch;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.Logits;
import dev.longspan.spi.ModelLoadException;
import dev.longspan.spi.PlanOptions;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import dev.longspan.spi.UnsupportedFeatureException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class DigestBackendTest {
    private static LanguageModel load(DigestBackend backend) {
        return backend.load(DigestModel.spec(), DigestModel.weights(), LoadProgress.NONE);
    }

    private static int[] chat(String user) {
        return DigestModel.encode("<|im_start|>user\n" + user + "<|im_end|>\n<|im_start|>assistant\n");
    }

    private static String answer(String user) {
        return DigestModel.decode(DigestModel.greedy(chat(user), 400));
    }

    /** Random conversations, so that scripts, roles and pages all occur. */
    private static int[] conversation(Random random) {
        String[] pieces = {
            "<|im_start|>user\n",
            "<|im_end|>\n",
            "<|im_start|>assistant\n",
            "!say hello\n",
            "!think 4\n",
            "!call f a=1\n",
            "!loop\n",
            "<think>\n",
            "</think>\n",
            "some words",
            "é",
            "!end\n",
            "<|im_start|>tool\n",
            "x"
        };
        StringBuilder text = new StringBuilder();
        for (int i = 1 + random.nextInt(30); i > 0; i--) {
            text.append(pieces[random.nextInt(pieces.length)]);
        }
        return DigestModel.encode(text.toString());
    }

    @Property(tries = 200)
    void splitsBatchesCheckpointsAndTransfersKeepTheDigest(@ForAll long seed) {
        Random random = new Random(seed);
        try (DigestBackend backend = new DigestBackend();
                LanguageModel model = load(backend)) {
            int[] one = conversation(random);
            int[] two = conversation(random);
            SequenceState first = model.newState();
            SequenceState second = model.newState();
            int i = 0;
            int j = 0;
            while (i < one.length || j < two.length) {
                int to = Math.min(one.length, i + 1 + random.nextInt(40));
                int until = Math.min(two.length, j + 1 + random.nextInt(40));
                List<Run> runs = new ArrayList<>();
                if (i < to) {
                    runs.add(new Run(first, one, i, to, to));
                }
                if (j < until) {
                    runs.add(new Run(second, two, j, until, until));
                }
                Collections.shuffle(runs, random);
                model.forward(new Batch(runs));
                i = to;
                j = until;
                if (random.nextInt(4) == 0) {
                    first = moved(model, first, random);
                }
            }
            assertThat(DigestModel.digest(first)).isEqualTo(DigestModel.digest(one));
            assertThat(DigestModel.digest(second)).isEqualTo(DigestModel.digest(two));
            assertThat(backend.verify()).isEmpty();
        }
        assertThat(DigestModel.digest(1, 2)).isNotEqualTo(DigestModel.digest(2, 1));
    }

    private static SequenceState moved(LanguageModel model, SequenceState state, Random random) {
        try (state;
                Checkpoint checkpoint = state.checkpoint();
                Checkpoint other = switch (random.nextInt(3)) {
                    case 0 -> state.checkpoint();
                    case 1 -> model.readCheckpoint(MemoryCheckpoint.of(checkpoint));
                    default -> model.readCheckpoint(MemoryCheckpoint.of(checkpoint), checkpoint);
                }) {
            return model.newState(other);
        }
    }

    static LongStream seeds() {
        return LongStream.range(0, 20);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void theRulesOfBatchesAndStatesHoldOfIt(long seed) {
        try (DigestBackend backend = new DigestBackend()) {
            Driver driver = Driver.load(backend, DigestModel.spec(), DigestModel.weights(), seed);
            ModelChecks checks = new ModelChecks(driver);
            checks.splitsDoNotMatter();
            checks.aBatchEqualsItsRuns();
            StateRules.statesGrow(driver);
            StateRules.checkpointsDoNotChange(driver);
            StateRules.goingBackIsExact(driver);
            StateRules.forksAreIndependent(driver);
            StateRules.eachLivesOnAlone(driver);
            StateRules.twinsLiveOnAlone(driver);
            TogetherRules.mixedBatchesAreRight(driver);
            TogetherRules.forksGoOnTogether(driver);
            TransferRules.readCheckpointsContinue(driver);
            TransferRules.readOnABase(driver);
        }
    }

    @Test
    void aChangedCacheChangesTheDigest() {
        try (DigestBackend backend = new DigestBackend();
                LanguageModel model = load(backend)) {
            SequenceState state = model.newState();
            model.forward(Batch.of(Run.last(state, DigestModel.encode("some words and some more"))));
            DigestCheckpoint checkpoint = (DigestCheckpoint) state.checkpoint();
            assertThat(backend.verify()).isEmpty();
            checkpoint.holding.keys(0)[3] += 1;
            assertThat(backend.verify()).hasSize(1);
            assertThat(DigestModel.ids(checkpoint)).isEqualTo(DigestModel.encode("some words and some more"));
        }
    }

    @Test
    void scriptsAreEmittedExactly() {
        assertThat(answer("!say hello\n!end")).isEqualTo("hello<|im_end|>");
        assertThat(answer("words\n!say two\\nlines é\nmore words\n!end")).isEqualTo("two\nlines é<|im_end|>");
        assertThat(answer("!think 3\n!say ok\n!end")).matches("<think>\n[0-9a-f]{3}\n</think>\nok<\\|im_end\\|>");
        assertThat(answer("!call weather city=Paris days=2\n!end")).isEqualTo("""
                        <tool_call>
                        <function=weather>
                        <parameter=city>
                        Paris
                        </parameter>
                        <parameter=days>
                        2
                        </parameter>
                        </function>
                        </tool_call><|im_end|>""");
        assertThat(answer("!call f\n!call g\n!end")).isEqualTo("""
                        <tool_call>
                        <function=f>
                        </function>
                        </tool_call><tool_call>
                        <function=g>
                        </function>
                        </tool_call><|im_end|>""");
        assertThat(answer("!loop")).startsWith("abcdefg abcdefg ").hasSize(400);
        assertThat(answer("hello")).matches("[0-9a-f]*(<\\|im_end\\|>)?");
        assertThat(answer("say !say no\n!unknown x\n!think many")).matches("[0-9a-f]*(<\\|im_end\\|>)?");
    }

    @Test
    void aBlockThatTheTemplateOpenedCountsAsThought() {
        String prompt = "<|im_start|>user\n%s<|im_end|>\n<|im_start|>assistant\n<think>\n";
        assertThat(DigestModel.decode(
                        DigestModel.greedy(DigestModel.encode(prompt.formatted("!think 4\n!say a\n!end")), 99)))
                .matches("[0-9a-f]{4}\n</think>\na<\\|im_end\\|>");
        assertThat(DigestModel.decode(DigestModel.greedy(DigestModel.encode(prompt.formatted("!say a\n!end")), 99)))
                .isEqualTo("</think>\na<|im_end|>");
        String closed = prompt.replace("<think>\n", "<think></think>\n");
        assertThat(DigestModel.decode(
                        DigestModel.greedy(DigestModel.encode(closed.formatted("!think 4\n!say a\n!end")), 99)))
                .isEqualTo("a<|im_end|>");
        assertThat(DigestModel.decode(DigestModel.greedy(DigestModel.encode(closed.formatted("!loop")), 8)))
                .isEqualTo("abcdefg ");
        String forced = prompt.formatted("!loop\n!say b\n!end") + "abcdefg abc\n</think>\n";
        assertThat(DigestModel.decode(DigestModel.greedy(DigestModel.encode(forced), 9)))
                .isEqualTo("b<|im_end|>");
    }

    @Test
    void aScriptIsEmittedOnceAfterItsUserMessage() {
        String history = """
                <|im_start|>user
                !call f
                !end<|im_end|>
                <|im_start|>assistant
                <tool_call>
                <function=f>
                </function>
                </tool_call><|im_end|>
                <|im_start|>tool
                42<|im_end|>
                <|im_start|>assistant
                """;
        assertThat(DigestModel.decode(DigestModel.greedy(DigestModel.encode(history), 200)))
                .matches("[0-9a-f]*(<\\|im_end\\|>)?");
    }

    @Test
    void failFailsItsRunAndNoOther() {
        try (DigestBackend backend = new DigestBackend();
                LanguageModel model = load(backend);
                SequenceState bad = model.newState();
                SequenceState good = model.newState()) {
            List<RunResult> results =
                    model.forward(Batch.of(Run.last(bad, chat("!fail")), Run.last(good, chat("!say a\n!fail"))));
            assertThat(results.get(0)).isInstanceOf(RunResult.Failure.class);
            assertThat(results.get(1)).isInstanceOf(RunResult.Success.class);
            assertThatThrownBy(bad::checkpoint).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> model.forward(Batch.of(Run.last(bad, 1))))
                    .isInstanceOf(IllegalStateException.class);
            assertThat(model.forward(Batch.of(Run.last(good, 'a'))).get(0)).isInstanceOf(RunResult.Failure.class);
        }
    }

    @Test
    void failuresCanBeInjected() {
        try (DigestBackend backend = new DigestBackend();
                LanguageModel model = load(backend);
                SequenceState a = model.newState();
                SequenceState b = model.newState()) {
            backend.failNextRun(run -> run.state() == b, "broken");
            List<RunResult> results = model.forward(Batch.of(Run.last(a, 1), Run.last(b, 1)));
            assertThat(results.get(0)).isInstanceOf(RunResult.Success.class);
            assertThat(((RunResult.Failure) results.get(1)).cause()).hasMessage("broken");
            backend.failNextForward(new BackendException("gone"));
            assertThatThrownBy(() -> model.forward(Batch.of(Run.last(a, 1)))).hasMessage("gone");
            assertThat(model.forward(Batch.of(Run.last(a, 1))).get(0)).isInstanceOf(RunResult.Success.class);
            assertThat(a.length()).isEqualTo(2);
        }
    }

    @Test
    void theGateHoldsForwardUntilItIsLetGo() throws Exception {
        Duration limit = Duration.ofSeconds(20);
        try (DigestBackend backend = new DigestBackend();
                LanguageModel model = load(backend);
                SequenceState held = model.newState();
                SequenceState free = model.newState()) {
            Gate gate = backend.gate();
            gate.hold(run -> run.state() == held);
            model.forward(Batch.of(Run.last(free, 1)));
            CompletableFuture<List<RunResult>> first =
                    CompletableFuture.supplyAsync(() -> model.forward(Batch.of(Run.last(held, 1))));
            gate.awaitWaiting(limit);
            assertThat(first).isNotDone();
            assertThat(held.length()).isZero();
            gate.step();
            assertThat(first.get(20, TimeUnit.SECONDS)).hasSize(1);
            CompletableFuture<List<RunResult>> second =
                    CompletableFuture.supplyAsync(() -> model.forward(Batch.of(Run.last(held, 1))));
            gate.awaitWaiting(limit);
            gate.release();
            assertThat(second.get(20, TimeUnit.SECONDS)).hasSize(1);
            assertThat(gate.waiting()).isZero();
            assertThat(gate.arrivals()).isEqualTo(3);
            assertThatThrownBy(() -> gate.awaitWaiting(Duration.ofMillis(1))).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void closingTheBackendLetsAHeldForwardEnd() {
        DigestBackend backend = new DigestBackend();
        LanguageModel model = load(backend);
        SequenceState state = model.newState();
        backend.gate().hold();
        CompletableFuture<List<RunResult>> waiting =
                CompletableFuture.supplyAsync(() -> model.forward(Batch.of(Run.last(state, 1))));
        backend.gate().awaitWaiting(Duration.ofSeconds(20));
        backend.close();
        backend.close();
        // it may have computed before the model was closed, or found it closed
        assertThat(waiting.handle((result, error) -> error == null || error.getCause() instanceof IllegalStateException)
                        .join())
                .isTrue();
        assertThatThrownBy(model::newState).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(state::length).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void fullPagesAreSharedAndEverythingIsGivenBack() {
        try (DigestBackend backend = new DigestBackend()) {
            try (LanguageModel model = load(backend)) {
                long weights = backend.memory().used().totalBytes();
                SequenceState state = model.newState();
                model.forward(Batch.of(Run.last(state, new int[40])));
                long one = backend.memory().used().totalBytes() - weights;
                assertThat(state.bytes()).isEqualTo(one);
                Checkpoint checkpoint = state.checkpoint();
                assertThat(backend.memory().used().totalBytes() - weights)
                        .isEqualTo(one + DigestMemory.RECURRENT_BYTES + DigestMemory.PAGE_BYTES);
                assertThat(checkpoint.exclusiveBytes())
                        .isEqualTo(DigestMemory.RECURRENT_BYTES + DigestMemory.PAGE_BYTES);
                state.close();
                assertThat(checkpoint.exclusiveBytes()).isEqualTo(checkpoint.bytes());
                assertThat(checkpoint.bytes())
                        .isLessThanOrEqualTo(backend.plan(model.spec(), new PlanOptions(1, 1, 40))
                                .sequence(40)
                                .totalBytes());
                checkpoint.close();
                assertThat(backend.memory().used().totalBytes()).isEqualTo(weights);
            }
            assertThat(backend.memory().used().totalBytes()).isZero();
        }
    }

    @Test
    @SuppressWarnings("try") // one state is closed early
    void theMemoryLimitFailsTheRunThatDoesNotFitAndSparesTheOthers() {
        try (DigestBackend roomy = new DigestBackend()) {
            long weights = roomy.plan(DigestModel.spec(), new PlanOptions(1, 1, 1))
                    .weights()
                    .totalBytes();
            long limit = weights + 3 * DigestMemory.RECURRENT_BYTES + 3 * DigestMemory.PAGE_BYTES;
            try (DigestBackend backend =
                            new DigestBackend(DigestOptions.defaults().withMemoryLimit(limit));
                    LanguageModel model = load(backend);
                    SequenceState a = model.newState();
                    SequenceState b = model.newState()) {
                List<RunResult> results = model.forward(Batch.of(Run.last(a, new int[32]), Run.last(b, new int[32])));
                assertThat(results.get(0)).isInstanceOf(RunResult.Success.class);
                assertThat(((RunResult.Failure) results.get(1)).cause()).isInstanceOf(BackendMemoryException.class);
                b.close();
                try (Checkpoint kept = a.checkpoint()) {
                    assertThat(DigestModel.digest(kept)).isEqualTo(DigestModel.digest(new int[32]));
                    assertThatThrownBy(() -> {
                                for (int i = 0; i < 9; i++) {
                                    model.newState(kept);
                                }
                            })
                            .isInstanceOf(BackendMemoryException.class);
                }
            }
        }
    }

    @Test
    void logitsAreFiniteFavourTheNextTokenAndExpireWithTheNextForward() {
        try (DigestBackend backend = new DigestBackend();
                LanguageModel model = load(backend);
                SequenceState state = model.newState()) {
            int[] ids = chat("!say hi");
            Logits logits = ((RunResult.Success) model.forward(Batch.of(new Run(state, ids, 0, ids.length, 0)))
                            .get(0))
                    .logits();
            assertThat(logits.rows()).isEqualTo(ids.length);
            float[] row = new float[logits.vocabularySize()];
            for (int r = 0; r < ids.length; r++) {
                logits.copyTo(r, row);
                int next = DigestModel.next(Arrays.copyOf(ids, r + 1));
                assertThat(logits.argMax(r)).isEqualTo(next);
                for (int id = 0; id < row.length; id++) {
                    assertThat(row[id]).isFinite().isLessThanOrEqualTo(id == next ? 10 : 9);
                }
            }
            model.forward(Batch.of(Run.last(state, 1)));
            assertThatThrownBy(() -> logits.argMax(0)).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void malformedBatchesAreRefusedAndChangeNothing() {
        try (DigestBackend backend = new DigestBackend(DigestOptions.defaults().withBatch(2, 8));
                LanguageModel model = load(backend);
                LanguageModel other = load(backend);
                SequenceState a = model.newState();
                SequenceState b = model.newState();
                SequenceState c = model.newState();
                SequenceState foreign = other.newState()) {
            for (Batch batch : List.of(
                    Batch.of(Run.last(a, 1), Run.last(a, 1)),
                    Batch.of(Run.last(a, 1), Run.last(b, 263)),
                    Batch.of(Run.last(a, 1), Run.last(foreign, 1)),
                    Batch.of(Run.last(a, 1), Run.last(b, 1), Run.last(c, 1)),
                    Batch.of(Run.last(a, new int[9])))) {
                assertThatThrownBy(() -> model.forward(batch)).isInstanceOf(IllegalArgumentException.class);
            }
            assertThat(a.length()).isZero();
            assertThat(backend.tokensComputed()).isZero();
        }
    }

    @Test
    void theProviderOpensItAndRefusesWhatItDoesNotKnow() {
        DigestBackendProvider provider = new DigestBackendProvider();
        try (var backend = provider.open(BackendOptions.defaults())) {
            assertThat(backend.id()).isEqualTo(provider.id()).isEqualTo("digest");
            assertThatThrownBy(backend::attention).isInstanceOf(UnsupportedFeatureException.class);
            assertThatThrownBy(() -> backend.load(
                            DigestModel.spec(),
                            DigestModel.weights().without("backbone.norm_f.weight"),
                            LoadProgress.NONE))
                    .isInstanceOf(ModelLoadException.class)
                    .hasMessageContaining("backbone.norm_f.weight");
        }
        assertThatThrownBy(() -> provider.open(BackendOptions.defaults().withDevice("cuda:0")))
                .isInstanceOf(BackendException.class);
    }

    @ParameterizedTest
    @EnumSource(TemplateKind.class)
    void theFolderHoldsWhatTheModelIs(TemplateKind kind, @TempDir Path folder) throws Exception {
        DigestModel.writeTo(folder, kind);
        for (String file : List.of(
                "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "generation_config.json")) {
            assertThat(Json.object(Json.parse(Files.readString(folder.resolve(file)))))
                    .as(file)
                    .isNotEmpty();
        }
        var tokenizer = Json.object(Json.parse(Files.readString(folder.resolve("tokenizer.json"))));
        var vocabulary = Json.object(Json.object(tokenizer.get("model")).get("vocab"));
        assertThat(vocabulary)
                .hasSize(256)
                .containsEntry("A", new Json.Num("65"))
                .containsEntry("Ġ", new Json.Num("32"));
        assertThat(vocabulary).containsEntry("Ċ", new Json.Num("10")).containsEntry("\\", new Json.Num("92"));
        assertThat(Json.array(tokenizer.get("added_tokens"))).hasSize(7);
        assertThat(Files.readString(folder.resolve("config.json"))).contains("\"hybrid_override_pattern\": \"M*\"");
        MemoryWeights weights = Safetensors.read(Files.readAllBytes(folder.resolve("model.safetensors")));
        double[] logits =
                new Oracle(DigestModel.spec(), weights).compute(1, 2, 3).logits(2);
        assertThat(logits)
                .isEqualTo(new Oracle(DigestModel.spec(), DigestModel.weights())
                        .compute(1, 2, 3)
                        .logits(2));
        assertThat(Files.readString(folder.resolve("chat_template.jinja")).contains("<think>\\n"))
                .isEqualTo(kind == TemplateKind.THINK_OPENING);
    }
}
