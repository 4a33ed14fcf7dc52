package dev.longspan.model;

import static dev.longspan.model.TestFolder.assertFault;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelLoadException;
import dev.longspan.spi.SpanAttention;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelConfigTest {
    private static final String CONFIG = "config.json";

    @TempDir
    Path temp;

    private TestFolder folder;

    @BeforeEach
    void copyTheNanoModel() {
        folder = TestFolder.withoutWeights(temp);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[0.0, Infinity]",
                "[0.0, \"Infinity\"]",
                "[0, {\"__float__\": \"Infinity\"}]",
                "[0.0, {\"__float__\": Infinity}]",
                "\"Infinity\"",
                "{\"__float__\": \"Infinity\"}",
                "null"
            })
    void anOpenTimeStepLimitIsReadInEveryFormFoundInTheWild(String json) {
        folder.config("time_step_limit", json);
        LayerSpec.Mamba mamba =
                (LayerSpec.Mamba) folder.config().spec().layers().get(0);
        assertThat(mamba.minTimeStep()).isZero();
        assertThat(mamba.maxTimeStep()).isInfinite();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"[NaN, 1]", "[0, NaN]", "[1, 0.5]", "[-1, 1]", "[Infinity, Infinity]", "[0]", "7", "[0, \"x\"]"})
    void anotherTimeStepLimitIsRefused(String json) {
        folder.config("time_step_limit", json);
        assertFault(CONFIG, "time_step_limit", folder::config, "expected [min, max]", "found ");
    }

    @Test
    void withoutATimeStepLimitThereIsNone() {
        folder.edit(CONFIG, root -> root.remove("time_step_limit"));
        LayerSpec.Mamba mamba =
                (LayerSpec.Mamba) folder.config().spec().layers().get(0);
        assertThat(mamba.maxTimeStep()).isInfinite();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "layer_norm_epsilon|NaN|layer_norm_epsilon",
                "routed_scaling_factor|Infinity|routed_scaling_factor",
                "span_attention_backward_factor|1e999|span_attention_backward_factor",
                "initializer_range|-Infinity|initializer_range",
                "extra|{\"deep\": [1, NaN]}|extra.deep[1]",
                "extra|{\"__float__\": \"Infinity\"}|extra",
            })
    void nanAndInfinityAnywhereElseAreRefused(String key, String json, String item) {
        folder.config(key, json);
        assertFault(CONFIG, item, folder::config, "expected a finite number");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "hidden_size|\"128\"|a whole number",
                "hidden_size|128.0|a whole number",
                "hidden_size|true|a whole number",
                "hidden_size|[128]|a whole number",
                "hidden_size|0|a whole number",
                "hidden_size|null|found nothing",
                "hidden_size|99999999999999999999|a whole number",
                "vocab_size|-1|a whole number",
                "layer_norm_epsilon|0|above 0",
                "layer_norm_epsilon|\"1e-5\"|above 0",
                "tie_word_embeddings|\"true\"|true or false",
                "tie_word_embeddings|1|true or false",
                "use_bias|true|not supported",
                "mlp_bias|true|not supported",
                "attention_bias|true|not supported",
                "mamba_proj_bias|true|not supported",
                "use_conv_bias|false|not supported",
                "mlp_hidden_act|\"gelu\"|\"relu2\"",
                "mamba_hidden_act|\"gelu\"|\"silu\"",
                "moe_latent_size|64|latent experts",
                "model_type|\"llama\"|\"superlinear-exp\" or \"nemotron_h\"",
                "model_type|null|\"superlinear-exp\" or \"nemotron_h\"",
                "hybrid_override_pattern|\"M*EM-M*EMX\"|layer 9 is 'X'",
                "hybrid_override_pattern|\"M*E\"|10 layers as num_hidden_layers says, but there are 3",
                "hybrid_override_pattern|\"\"|1 to 10000 layers",
                "hybrid_override_pattern|7|a string",
                "layers_block_type|[\"mamba\"]|the same layers",
                "num_hidden_layers|null|a whole number",
                "num_attention_heads|3|multiple of num_key_value_heads",
                "head_dim|16777217|a whole number",
                "mamba_num_heads|7|multiple of n_groups",
                "conv_kernel|1|a whole number from 2",
                "n_routed_experts|0|a whole number",
                "n_routed_experts|16777216|tensors",
                "num_experts_per_tok|5|a whole number from 1 to 4",
                "n_group|3|a divisor of n_routed_experts",
                "topk_group|2|a whole number from 1 to 1",
                "n_shared_experts|-1|a whole number",
                "norm_topk_prob|0|true or false",
                "span_attention_sw_index|null|found nothing",
                "span_attention_sw_index|-1|a whole number",
                "span_attention_sw_index|2147483646|a window of fewer",
                "span_attention_num_spans|0|a whole number",
                "span_attention_search_power|1|between 0 and 1",
                "span_attention_span_power|0|between 0 and 1",
                "span_attention_forward_factor|-0.5|at least 0",
                "eos_token_id|1024|a whole number from 0 to 1023",
                "eos_token_id|[2, \"3\"]|or a list of them",
                "bos_token_id|[0]|a whole number",
            })
    void aValueOfTheWrongTypeOrRangeIsRefusedByKey(String key, String json, String words) {
        folder.config(key, json);
        assertFault(CONFIG, key, folder::config, "expected ", "found ", words);
    }

    @Test
    void sizesWhoseProductIsTooLargeAreRefused() {
        folder.edit(CONFIG, root -> root.put("mamba_num_heads", 1 << 24).put("mamba_head_dim", 1 << 24));
        assertFault(CONFIG, "mamba_num_heads", folder::config, "in_proj at most 2147483647 rows");
        copyTheNanoModel();
        folder.edit(CONFIG, root -> root.put("num_attention_heads", 1 << 24).put("head_dim", 1 << 10));
        assertFault(CONFIG, "num_attention_heads", folder::config, "q_proj at most 2147483647 rows");
    }

    @Test
    void groupsMustHoldTheExpertsOfAToken() {
        folder.edit(CONFIG, root -> root.put("n_group", 4).put("topk_group", 1));
        assertFault(CONFIG, "topk_group", folder::config, "num_experts_per_tok 2");
        folder.edit(CONFIG, root -> root.put("topk_group", 2));
        assertThat(folder.config().spec().layers().get(2))
                .isEqualTo(new LayerSpec.Experts(4, 2, 128, 128, 4, 2, true, 1));
    }

    @Test
    void layersMayBeAListOfNames() {
        folder.edit(CONFIG, root -> {
            root.remove(List.of("hybrid_override_pattern", "num_hidden_layers"));
            root.putArray("layers_block_type")
                    .add("mamba")
                    .add("linear_attention")
                    .add("attention")
                    .add("full_attention")
                    .add("moe")
                    .add("mlp");
        });
        assertThat(folder.config().spec().layers())
                .extracting(layer -> layer.getClass().getSimpleName())
                .containsExactly("Mamba", "Mamba", "Attention", "Attention", "Experts", "Mlp");
        folder.edit(CONFIG, root -> root.put("num_hidden_layers", 5));
        assertFault(CONFIG, "layers_block_type", folder::config, "5 layers", "there are 6");
        folder.edit(CONFIG, root -> root.withArray("layers_block_type").add("conv"));
        assertFault(CONFIG, "layers_block_type", folder::config, "layer 6 is \"conv\"");
    }

    @Test
    void otherSpellingsOfKeysAreRead() {
        folder.edit(CONFIG, root -> {
            root.remove(List.of("layer_norm_epsilon", "norm_eps", "head_dim"));
            root.put("rms_norm_eps", 1e-6).put("attention_head_dim", 64);
        });
        assertThat(folder.config().spec().normEpsilon()).isEqualTo(1e-6);
        LayerSpec.Attention attention =
                (LayerSpec.Attention) folder.config().spec().layers().get(1);
        assertThat(attention.heads().headSize()).isEqualTo(64);
        folder.edit(CONFIG, root -> root.remove("attention_head_dim"));
        assertFault(CONFIG, "head_dim", folder::config, "found nothing");
    }

    @Test
    void sharedExpertsHaveTheirOwnSizeOrThatOfTheRoutedOnes() {
        assertThat(shared(root -> root.put("moe_shared_expert_intermediate_size", 48)))
                .isEqualTo(48);
        assertThat(shared(root -> root.remove("moe_shared_expert_intermediate_size")))
                .isEqualTo(128);
        assertThat(shared(root -> root.put("n_shared_experts", 2))).isEqualTo(256);
        assertThat(shared(root -> root.put("n_shared_experts", 0))).isZero();
    }

    private int shared(Consumer<ObjectNode> change) {
        folder.edit(CONFIG, change);
        return ((LayerSpec.Experts) folder.config().spec().layers().get(2)).sharedInnerSize();
    }

    @Test
    void keysOfLayersThatAreNotThereAreNotNeeded() {
        folder.write(
                CONFIG,
                "{\"model_type\": \"nemotron_h\", \"vocab_size\": 8, \"hidden_size\": 4, \"num_hidden_layers\": 1,"
                        + " \"hybrid_override_pattern\": \"-\", \"intermediate_size\": 6, \"norm_eps\": 1e-5}");
        folder.delete("generation_config.json");
        assertThat(folder.config().spec().layers()).containsExactly(new LayerSpec.Mlp(6));
        assertThat(folder.config().bosTokenId()).isNull();
        assertThat(folder.config().eosTokenIds()).isEmpty();
    }

    @Test
    void nemotronHasDenseAttention() {
        folder.config("model_type", "\"nemotron_h\"");
        LayerSpec.Attention attention =
                (LayerSpec.Attention) folder.config().spec().layers().get(1);
        assertThat(attention.span()).isNull();
        assertFault(
                "model option",
                "span_attention_sw_index",
                () -> ModelFolder.open(temp, Map.of("span_attention_sw_index", 4)),
                "nemotron_h");
    }

    @Test
    void optionsReplaceSpanKeysAndAreKept() {
        Map<String, Object> options = Map.of("span_attention_sw_index", "9", "span_attention_search_power", 0.25);
        ModelConfig config = ModelFolder.open(temp, options).config();
        SpanAttention span = ((LayerSpec.Attention) config.spec().layers().get(1)).span();
        assertThat(span).isEqualTo(new SpanAttention(9, 3, 3, 1, 0.25, 0.5, 0.1767766952966369));
        assertThat(config.options())
                .containsExactly(
                        Map.entry("span_attention_search_power", "0.25"), Map.entry("span_attention_sw_index", "9"));
    }

    @Test
    void theSearchScaleIsOneWhereTheFileSaysNothing() {
        folder.edit(CONFIG, root -> root.remove("span_attention_search_scale"));
        LayerSpec.Attention attention =
                (LayerSpec.Attention) folder.config().spec().layers().get(1);
        assertThat(attention.span()).isEqualTo(new SpanAttention(6, 3, 3, 1, 0.5, 0.5, 1));
    }

    @ParameterizedTest
    @CsvSource({
        "span_attention_sw_index,five,found \"five\"",
        "span_attention_sw_index,5.0,found 5.0",
        "span_attention_sw_index,true,found \"true\"",
        "span_attention_search_power,1.5,found 1.5",
        "span_attention_search_power,NaN,found ",
        "hidden_size,64,found another key",
    })
    void aBadOptionIsRefusedByName(String key, String value, String words) {
        assertFault("model option", key, () -> ModelFolder.open(temp, Map.of(key, value)), words);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"hidden_size\": 1, \"hidden_size\": 2}|Duplicate",
                "{\"extra\": {\"a\": 1, \"a\": 2}}|Duplicate",
                "{\"hidden_size\": }|expected JSON",
                "{} {}|expected JSON",
                "[]|expected a JSON object, found []",
                "7|expected a JSON object, found 7",
                "''|found an empty file",
            })
    void brokenJsonIsRefused(String text, String words) {
        folder.write(CONFIG, text);
        assertThatThrownBy(folder::config)
                .isInstanceOf(ModelLoadException.class)
                .hasMessageStartingWith(CONFIG)
                .hasMessageContaining(words);
    }

    @Test
    void deepOrHugeOrForeignTextIsRefused() {
        folder.write(CONFIG, "{\"a\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}");
        assertThatThrownBy(folder::config)
                .isInstanceOf(ModelLoadException.class)
                .hasMessageContaining("depth");
        folder.write(CONFIG, new byte[] {'{', '"', (byte) 0xff, '"', ':', '1', '}'});
        assertFault(CONFIG, "", folder::config, "expected UTF-8");
        folder.write(CONFIG, new byte[FolderReader.MAX_JSON_BYTES + 1]);
        assertFault(CONFIG, "", folder::config, "expected at most 67108864 bytes, found 67108865");
    }
}
