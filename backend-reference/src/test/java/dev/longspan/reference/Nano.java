package dev.longspan.reference;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.SpanAttention;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** The nano model from the class path. */
final class Nano {
    private static final String FOLDER = "/META-INF/longspan/nano/";

    private Nano() {}

    /** The golden logits, which are not in the jar. */
    static JsonNode goldenLogits() {
        String root = Objects.requireNonNull(System.getProperty("longspan.root"), "longspan.root");
        try {
            return new ObjectMapper()
                    .readTree(Path.of(root, "nano-model", "model", "golden", "logits.json")
                            .toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static byte[] file(String name) {
        try (InputStream in = Nano.class.getResourceAsStream(FOLDER + name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Safetensors weights() {
        try {
            return new Safetensors(file("model.safetensors"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static JsonNode json(String name) {
        try {
            return new ObjectMapper().readTree(file(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static ModelSpec spec() {
        JsonNode c = json("config.json");
        LayerSpec mamba = new LayerSpec.Mamba(
                i(c, "mamba_num_heads"),
                i(c, "mamba_head_dim"),
                i(c, "n_groups"),
                i(c, "ssm_state_size"),
                i(c, "conv_kernel"),
                c.get("time_step_limit").get(0).asDouble(),
                c.get("time_step_limit").get(1).asDouble());
        LayerSpec attention = new LayerSpec.Attention(
                new AttentionHeads(i(c, "num_attention_heads"), i(c, "num_key_value_heads"), i(c, "head_dim")),
                new SpanAttention(
                        i(c, "span_attention_sw_index"),
                        i(c, "span_attention_num_spans"),
                        c.get("span_attention_backward_factor").asDouble(),
                        c.get("span_attention_forward_factor").asDouble(),
                        c.get("span_attention_search_power").asDouble(),
                        c.get("span_attention_span_power").asDouble(),
                        c.get("span_attention_search_scale").asDouble()));
        LayerSpec experts = new LayerSpec.Experts(
                i(c, "n_routed_experts"),
                i(c, "num_experts_per_tok"),
                i(c, "moe_intermediate_size"),
                i(c, "moe_shared_expert_intermediate_size"),
                i(c, "n_group"),
                i(c, "topk_group"),
                c.get("norm_topk_prob").asBoolean(),
                c.get("routed_scaling_factor").asDouble());
        LayerSpec mlp = new LayerSpec.Mlp(i(c, "intermediate_size"));
        List<LayerSpec> layers = new ArrayList<>();
        for (char letter : c.get("hybrid_override_pattern").asText().toCharArray()) {
            layers.add(
                    switch (letter) {
                        case 'M' -> mamba;
                        case '*' -> attention;
                        case 'E' -> experts;
                        default -> mlp;
                    });
        }
        return new ModelSpec(
                c.get("model_type").asText(),
                i(c, "vocab_size"),
                i(c, "hidden_size"),
                c.get("layer_norm_epsilon").asDouble(),
                c.get("tie_word_embeddings").asBoolean(),
                layers);
    }

    private static int i(JsonNode config, String key) {
        return config.get(key).asInt();
    }
}
