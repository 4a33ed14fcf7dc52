package dev.longspan.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.spi.Availability;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.BackendProvider;
import dev.longspan.spi.BackendUnavailableException;
import dev.longspan.spi.Batch;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.Feature;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.Logits;
import dev.longspan.spi.ModelLoadException;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import dev.longspan.spi.Support;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The rules of the contract that are about errors and lives. */
class ContractTest {
    private static final BackendProvider PROVIDER = new ReferenceBackendProvider();

    private Backend backend;
    private LanguageModel model;

    @BeforeEach
    void open() {
        backend = Networks.open(2);
        model = Networks.load(backend, Networks.mixed());
    }

    @AfterEach
    void close() {
        backend.close();
    }

    @Test
    void theServiceLoaderFindsTheProvider() {
        assertThat(ServiceLoader.load(BackendProvider.class))
                .anySatisfy(found -> assertThat(found).isInstanceOf(ReferenceBackendProvider.class));
        assertThat(PROVIDER.id()).isEqualTo("reference").isEqualTo(backend.id());
        assertThat(PROVIDER.spiVersion()).isEqualTo(BackendProvider.SPI_VERSION);
    }

    @Test
    void theProbeOffersTheCpuAtALowRank() {
        Availability answer = PROVIDER.probe(BackendOptions.defaults());
        assertThat(answer).isInstanceOfSatisfying(Availability.Available.class, available -> {
            assertThat(available.rank()).isEqualTo(10);
            assertThat(available.devices().get(0).id()).isEqualTo("cpu");
        });
        assertThat(PROVIDER.probe(BackendOptions.defaults().withDevice("cpu")))
                .isInstanceOf(Availability.Available.class);
    }

    @Test
    void unknownDevicesAndSettingsAreRefusedByProbeAndOpenAlike() {
        for (BackendOptions options : List.of(
                BackendOptions.defaults().withDevice("cuda:0"),
                new BackendOptions(1, "auto", Map.of("colour", "red")),
                new BackendOptions(1, "auto", Map.of("memoryLimitBytes", "much")),
                new BackendOptions(1, "auto", Map.of("kernels", "fast")))) {
            assertThat(PROVIDER.probe(options)).isInstanceOfSatisfying(Availability.Unavailable.class, answer -> {
                assertThat(answer.remedy()).isNotEmpty();
                assertThatThrownBy(() -> PROVIDER.open(options))
                        .isInstanceOf(BackendUnavailableException.class)
                        .hasMessageContaining(answer.cause())
                        .hasMessageContaining(answer.remedy());
            });
        }
    }

    @Test
    void itTellsWhatItIsAndCan() {
        assertThat(backend.description()).contains("float32", "2 threads");
        assertThat(backend.device().id()).isEqualTo("cpu");
        assertThat(backend.capabilities().features()).containsExactlyInAnyOrder(Feature.values());
        assertThat(backend.supports(Networks.mixed())).isInstanceOf(Support.Supported.class);
        assertThat(model.spec()).isEqualTo(Networks.mixed());
    }

    @Test
    void aMissingTensorIsNamedAndNothingStaysInMemory() {
        long before = backend.memory().used().hostBytes();
        RandomWeights weights = new RandomWeights(Networks.mixed(), 1);
        weights.remove("backbone.layers.2.mixer.experts.3.down_proj.weight");
        assertThatThrownBy(() -> backend.load(Networks.mixed(), weights, LoadProgress.NONE))
                .isInstanceOf(ModelLoadException.class)
                .hasMessageContaining("backbone.layers.2.mixer.experts.3.down_proj.weight");
        assertThat(backend.memory().used().hostBytes()).isEqualTo(before);
    }

    @Test
    void aMisshapenTensorIsNamedWithBothShapes() {
        RandomWeights weights = new RandomWeights(Networks.mixed(), 1);
        weights.reshape("backbone.layers.4.mixer.up_proj.weight", 38L, 21L);
        assertThatThrownBy(() -> backend.load(Networks.mixed(), weights, LoadProgress.NONE))
                .isInstanceOf(ModelLoadException.class)
                .hasMessageContaining("backbone.layers.4.mixer.up_proj.weight")
                .hasMessageContaining("[21, 38]")
                .hasMessageContaining("[38, 21]");
    }

    @Test
    void progressEndsWithAllBytes() {
        List<Long> seen = new ArrayList<>();
        List<Long> totals = new ArrayList<>();
        backend.load(Networks.dense(), new RandomWeights(Networks.dense(), 1), (done, total) -> {
                    seen.add(done);
                    totals.add(total);
                })
                .close();
        assertThat(seen).isSorted().last().isEqualTo(totals.get(0));
        assertThat(totals).containsOnly(totals.get(0));
    }

    @Test
    void aMalformedBatchChangesNothing() {
        SequenceState state = model.newState();
        SequenceState closed = model.newState();
        closed.close();
        SequenceState foreign = Networks.load(backend, Networks.dense()).newState();
        float[] expected = Networks.last(model, model.newState(), 1, 2, 3);
        Run good = Run.last(state, 1, 2, 3);
        refused(IllegalStateException.class, good, Run.last(closed, 1));
        refused(IllegalArgumentException.class, good, Run.last(foreign, 1));
        refused(IllegalArgumentException.class, good, Run.last(state, 1));
        refused(IllegalArgumentException.class, good, Run.last(model.newState(), 1, Networks.VOCABULARY));
        refused(IllegalArgumentException.class, good, Run.last(model.newState(), -1));
        int tooMany = backend.capabilities().maxBatchTokens();
        refused(IllegalArgumentException.class, good, Run.last(model.newState(), new int[tooMany]));
        List<Run> runs = new ArrayList<>(List.of(good));
        for (int i = 0; i < backend.capabilities().maxRuns(); i++) {
            runs.add(Run.last(model.newState(), 1));
        }
        refused(IllegalArgumentException.class, runs.toArray(Run[]::new));
        assertThat(state.length()).isZero();
        assertThat(Networks.last(model, state, 1, 2, 3)).isEqualTo(expected);
    }

    private void refused(Class<? extends RuntimeException> type, Run... runs) {
        assertThatThrownBy(() -> model.forward(Batch.of(runs))).isInstanceOf(type);
    }

    @Test
    void logitsEndWithTheNextForwardAndCheckTheirArguments() {
        SequenceState state = model.newState();
        RunResult result = model.forward(Batch.of(Run.last(state, 1, 2))).get(0);
        Logits logits = ((RunResult.Success) result).logits();
        assertThat(logits.rows()).isEqualTo(1);
        assertThat(logits.vocabularySize()).isEqualTo(Networks.VOCABULARY);
        assertThatThrownBy(() -> logits.argMax(1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> logits.copyTo(-1, new float[100])).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> logits.copyTo(0, new float[3])).isInstanceOf(IndexOutOfBoundsException.class);
        model.forward(Batch.of(new Run(state, new int[] {3}, 0, 1, 1)));
        assertThatIllegalStateException().isThrownBy(() -> logits.argMax(0));
        assertThatIllegalStateException().isThrownBy(() -> logits.copyTo(0, new float[100]));
    }

    @Test
    void argMaxAnswersTheLowestOfEqualIds() {
        ModelSpec spec = Networks.mambaOnly();
        RandomWeights weights = new RandomWeights(spec, 1);
        float[] embeddings = weights.tensor("backbone.embeddings.weight");
        for (int i = 0; i < embeddings.length; i++) {
            embeddings[i] = 1;
        }
        LanguageModel flat = backend.load(spec, weights, LoadProgress.NONE);
        RunResult result = flat.forward(Batch.of(Run.last(flat.newState(), 5))).get(0);
        assertThat(((RunResult.Success) result).logits().argMax(0)).isZero();
    }

    @Test
    void logitsThatAreNotFiniteFailTheirRunAlone() {
        ModelSpec spec = Networks.mixed();
        RandomWeights weights = new RandomWeights(spec, 7);
        weights.tensor("backbone.embeddings.weight")[5 * spec.hiddenSize()] = Float.NaN;
        weights.tensor("backbone.embeddings.weight")[6 * spec.hiddenSize() + 1] = Float.POSITIVE_INFINITY;
        LanguageModel broken = backend.load(spec, weights, LoadProgress.NONE);
        SequenceState good = broken.newState();
        SequenceState bad = broken.newState();
        SequenceState infinite = broken.newState();
        float[] expected = Networks.last(model, model.newState(), 1, 2, 3);
        List<RunResult> results =
                broken.forward(Batch.of(Run.last(bad, 4, 5, 2), Run.last(good, 1, 2, 3), Run.last(infinite, 6)));
        assertThat(results.get(0)).isInstanceOf(RunResult.Failure.class);
        assertThat(results.get(2)).isInstanceOf(RunResult.Failure.class);
        assertThat(Networks.rows(results.get(1))[0]).isEqualTo(expected);
        assertThatIllegalStateException().isThrownBy(bad::length);
        assertThatIllegalStateException().isThrownBy(bad::checkpoint);
        assertThatIllegalStateException().isThrownBy(() -> broken.forward(Batch.of(Run.last(bad, 1))));
        bad.close();
        bad.close();
    }

    @Test
    void everyUseAfterCloseIsRefused() {
        SequenceState state = model.newState();
        Checkpoint checkpoint = state.checkpoint();
        checkpoint.close();
        checkpoint.close();
        assertThatIllegalStateException().isThrownBy(checkpoint::length);
        assertThatIllegalStateException().isThrownBy(checkpoint::tensors);
        assertThatIllegalStateException().isThrownBy(() -> model.newState(checkpoint));
        Checkpoint other = state.checkpoint();
        state.close();
        assertThatIllegalStateException().isThrownBy(state::bytes);
        SequenceState left = model.newState();
        model.close();
        model.close();
        assertThatIllegalStateException().isThrownBy(model::newState);
        assertThatIllegalStateException().isThrownBy(model::spec);
        assertThatIllegalStateException().isThrownBy(left::length);
        assertThatIllegalStateException().isThrownBy(other::length);
        backend.close();
        backend.close();
        left.close();
        other.close();
        assertThatIllegalStateException().isThrownBy(backend::memory);
        assertThatIllegalStateException().isThrownBy(backend::attention);
        assertThatIllegalStateException().isThrownBy(() -> backend.supports(Networks.dense()));
    }

    @Test
    void aForeignCheckpointIsRefused() {
        LanguageModel other = Networks.load(backend, Networks.mixed());
        Checkpoint checkpoint = other.newState().checkpoint();
        assertThatIllegalArgumentException().isThrownBy(() -> model.newState(checkpoint));
    }

    @Test
    void backendsLeaveNoThreadBehind() {
        for (int i = 0; i < 64; i++) {
            try (Backend one = Networks.open(3)) {
                LanguageModel tiny = Networks.load(one, Networks.dense());
                Networks.last(tiny, tiny.newState(), 1, 2, 3);
            }
        }
        backend.close();
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().startsWith("longspan-reference"));
    }
}
