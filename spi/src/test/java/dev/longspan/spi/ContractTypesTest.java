package dev.longspan.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ContractTypesTest {
    private static final AttentionHeads HEADS = new AttentionHeads(4, 2, 8);

    @Test
    void aModelListsEveryTensorItNeeds() {
        ModelSpec spec = new ModelSpec(
                "test",
                10,
                16,
                1e-5,
                false,
                List.of(
                        new LayerSpec.Mamba(4, 8, 2, 3, 4, 0, Double.POSITIVE_INFINITY),
                        new LayerSpec.Attention(HEADS, new SpanAttention(1, 2, 3, 1, 0.5, 0.5, 1)),
                        new LayerSpec.Attention(HEADS, null),
                        new LayerSpec.Mlp(5),
                        new LayerSpec.Experts(2, 1, 6, 7, 1, 1, true, 1)));
        List<ModelSpec.Tensor> tensors = spec.tensors();
        assertThat(tensors)
                .contains(
                        new ModelSpec.Tensor("backbone.embeddings.weight", List.of(10L, 16L)),
                        new ModelSpec.Tensor("backbone.layers.0.mixer.in_proj.weight", List.of(32 + 44 + 4L, 16L)),
                        new ModelSpec.Tensor("backbone.layers.0.mixer.conv1d.weight", List.of(44L, 1L, 4L)),
                        new ModelSpec.Tensor("backbone.layers.1.mixer.search_q_proj.weight", List.of(32L, 16L)),
                        new ModelSpec.Tensor("backbone.layers.1.mixer.k_proj.weight", List.of(16L, 16L)),
                        new ModelSpec.Tensor("backbone.layers.3.mixer.down_proj.weight", List.of(16L, 5L)),
                        new ModelSpec.Tensor("backbone.layers.4.mixer.experts.1.up_proj.weight", List.of(6L, 16L)),
                        new ModelSpec.Tensor(
                                "backbone.layers.4.mixer.shared_experts.down_proj.weight", List.of(16L, 7L)),
                        new ModelSpec.Tensor("lm_head.weight", List.of(10L, 16L)));
        assertThat(tensors).noneMatch(t -> t.name().equals("backbone.layers.2.mixer.search_q_proj.weight"));
        assertThat(tensors).extracting(ModelSpec.Tensor::name).doesNotHaveDuplicates();
    }

    @Test
    void tiedEmbeddingsNeedNoHead() {
        ModelSpec spec = new ModelSpec("test", 10, 16, 1e-5, true, List.of());
        assertThat(spec.tensors()).noneMatch(t -> t.name().equals("lm_head.weight"));
    }

    @Test
    void sizesOutOfRangeAreRefusedByName() {
        assertThatThrownBy(() -> new AttentionHeads(3, 2, 8)).hasMessageContaining("multiple of keyValueHeads");
        assertThatThrownBy(() -> new LayerSpec.Mamba(3, 8, 2, 3, 4, 0, 1)).hasMessageContaining("heads");
        assertThatThrownBy(() -> new LayerSpec.Mamba(2, 8, 2, 3, 1, 0, 1)).hasMessageContaining("convolutionWidth");
        assertThatThrownBy(() -> new LayerSpec.Mamba(2, 8, 2, 3, 4, 2, 1)).hasMessageContaining("TimeStep");
        assertThatThrownBy(() -> new LayerSpec.Experts(4, 3, 8, 8, 2, 1, true, 1))
                .hasMessageContaining("perToken");
        assertThatThrownBy(() -> new LayerSpec.Experts(5, 1, 8, 8, 2, 1, true, 1))
                .hasMessageContaining("experts");
        assertThatThrownBy(() -> new LayerSpec.Experts(4, 1, 8, 8, 2, 3, true, 1))
                .hasMessageContaining("topGroups");
        assertThatThrownBy(() -> new LayerSpec.Experts(4, 1, 8, 8, 2, 2, true, Double.NaN))
                .hasMessageContaining("scaling");
        assertThatThrownBy(() -> new ModelSpec("x", 0, 1, 1e-5, true, List.of()))
                .hasMessageContaining("vocabularySize");
        assertThatThrownBy(() -> new ModelSpec("x", 1, 1, 0, true, List.of())).hasMessageContaining("normEpsilon");
        assertThatThrownBy(() -> new BackendOptions(0, "cpu", Map.of())).hasMessageContaining("threads");
        assertThatThrownBy(() -> new BackendOptions(1, " ", Map.of())).hasMessageContaining("device");
        assertThatThrownBy(() -> new Capabilities(NumericMode.F32, 4, 3, java.util.Set.of()))
                .hasMessageContaining("maxRuns");
        assertThatThrownBy(() -> new TensorInfo("t", DType.F32, List.of(-1L))).hasMessageContaining("t: negative");
    }

    @Test
    void aPlanAddsUpAndNeverOverflowsInSilence() {
        MemoryPlan plan =
                new MemoryPlan(MemorySize.ZERO, new MemorySize(100, 10), new MemorySize(3, 1), MemorySize.ZERO);
        assertThat(plan.sequence(1000)).isEqualTo(new MemorySize(3100, 1010));
        assertThat(plan.sequence(1000).totalBytes()).isEqualTo(4110);
        assertThatThrownBy(() -> plan.sequence(Long.MAX_VALUE)).isInstanceOf(ArithmeticException.class);
    }

    @Test
    void runsLookAtTheirPartOfTheArray() {
        SequenceState none = new ClosedState();
        int[] ids = {9, 8, 7, 6};
        Run run = new Run(none, ids, 1, 4, 3);
        assertThat(run.size()).isEqualTo(3);
        assertThat(run.id(0)).isEqualTo(8);
        assertThat(run.id(2)).isEqualTo(6);
        assertThat(run.logitsFrom()).isEqualTo(2);
        assertThat(run.logitsRows()).isEqualTo(1);
        assertThatThrownBy(() -> run.id(3)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> new Run(none, ids, 2, 2, 2)).hasMessageContaining("at least one id");
        assertThatThrownBy(() -> new Run(none, ids, 2, 5, 2)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Run(none, ids, 2, 4, 1)).hasMessageContaining("logitsFrom");
        assertThat(Batch.of(run, Run.last(none, 1, 2)).tokens()).isEqualTo(5);
        assertThatThrownBy(() -> new Batch(List.of())).hasMessageContaining("runs");
    }

    @Test
    void exceptionsNameTheCulprit() {
        assertThat(new ModelLoadException("config.json", "hidden_size", "expected a number, found 'x'"))
                .hasMessage("config.json: hidden_size: expected a number, found 'x'");
        assertThat(new BackendUnavailableException(
                        "gpu", new Availability.Unavailable("no driver", "v1", "install it")))
                .hasMessage("backend 'gpu' is unavailable: no driver (v1); remedy: install it");
        assertThat(new UnsupportedFeatureException("x", Feature.ATTENTION_KERNELS))
                .hasMessageContaining("'x'")
                .hasMessageContaining("ATTENTION_KERNELS");
        assertThat(new BackendMemoryException("weights", 5, null)).hasMessageContaining("5 bytes for weights");
    }

    /** A state that nothing is done with. */
    private static final class ClosedState implements SequenceState {
        @Override
        public int length() {
            return 0;
        }

        @Override
        public long bytes() {
            return 0;
        }

        @Override
        public long exclusiveBytes() {
            return 0;
        }

        @Override
        public Checkpoint checkpoint() {
            throw new IllegalStateException("closed");
        }

        @Override
        public void close() {}
    }
}
