package dev.longspan.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.spi.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * Writes random hybrid networks as folders in the Hugging Face layout: weights in BF16 (small tensors in float32), the
 * configuration, and the nano model's tokenizer and template.
 *
 * <p>The same size and seed give the same bytes. As a program: {@code SyntheticHybrid SIZE FOLDER [SEED]}.
 */
public final class SyntheticHybrid {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> COPIED = List.of(
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "chat_template.jinja",
            "generation_config.json");

    private SyntheticHybrid() {}

    /**
     * Runs the program.
     *
     * @param args size, folder and perhaps a seed (1 if not given)
     * @throws IOException if the folder cannot be written
     */
    public static void main(String[] args) throws IOException {
        if (args.length < 2 || args.length > 3) {
            throw new IllegalArgumentException("usage: SyntheticHybrid SIZE FOLDER [SEED]; SIZE is one of "
                    + HybridShape.names() + ", with or without -span");
        }
        write(HybridShape.named(args[0]), Path.of(args[1]), args.length == 3 ? Long.parseLong(args[2]) : 1);
    }

    /**
     * Writes a folder, whole or not at all.
     *
     * @param shape the sizes
     * @param folder where to write; must not exist
     * @param seed which random numbers
     */
    static void write(HybridShape shape, Path folder, long seed) throws IOException {
        Path parent = folder.toAbsolutePath().getParent();
        Path unfinished = Files.createTempDirectory(
                Files.createDirectories(parent == null ? folder.toAbsolutePath() : parent), ".unfinished-");
        try {
            for (String name : COPIED) {
                NanoModel.copy(name, unfinished);
            }
            JSON.writerWithDefaultPrettyPrinter()
                    .writeValue(unfinished.resolve("config.json").toFile(), config(shape));
            writeWeights(WeightPlan.of(shape), unfinished.resolve("model.safetensors"), seed);
            Files.move(unfinished, folder, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            NanoModel.deleteFolder(unfinished);
        }
    }

    private static void writeWeights(List<WeightPlan.Tensor> tensors, Path file, long seed) throws IOException {
        WeightGenerator generator = new WeightGenerator(seed);
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer header = header(tensors);
            while (header.hasRemaining()) {
                out.write(header);
            }
            for (WeightPlan.Tensor tensor : tensors) {
                generator.write(tensor, out);
            }
        }
    }

    /** The length of the JSON text in 8 bytes, and the text, filled with spaces to a multiple of 8. */
    private static ByteBuffer header(List<WeightPlan.Tensor> tensors) throws IOException {
        ObjectNode entries = JSON.createObjectNode();
        entries.putObject("__metadata__").put("format", "pt");
        long offset = 0;
        for (WeightPlan.Tensor tensor : tensors) {
            TensorInfo info = tensor.info();
            ObjectNode entry = entries.putObject(info.name());
            entry.put("dtype", info.dtype().name());
            info.shape().forEach(entry.withArray("/shape")::add);
            entry.putArray("data_offsets").add(offset).add(offset + info.bytes());
            offset += info.bytes();
        }
        byte[] text = JSON.writeValueAsString(entries).getBytes(StandardCharsets.UTF_8);
        int length = (text.length + 7) / 8 * 8;
        ByteBuffer header = ByteBuffer.allocate(8 + length).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(length).put(text);
        while (header.hasRemaining()) {
            header.put((byte) ' ');
        }
        return header.flip();
    }

    private static ObjectNode config(HybridShape shape) {
        ObjectNode config = JSON.createObjectNode();
        boolean span = shape.attention().span();
        config.putArray("architectures").add(span ? "SuperlinearExpForCausalLM" : "NemotronHForCausalLM");
        config.put("model_type", span ? "superlinear-exp" : "nemotron_h");
        config.put("vocab_size", HybridShape.VOCABULARY).put("hidden_size", shape.hidden());
        config.put("hybrid_override_pattern", shape.layers())
                .put("num_hidden_layers", shape.layers().length());
        config.put("layer_norm_epsilon", 1e-5).put("residual_in_fp32", true).put("tie_word_embeddings", false);
        HybridShape.Attention a = shape.attention();
        config.put("num_attention_heads", a.heads()).put("num_key_value_heads", a.keyValueHeads());
        config.put("head_dim", a.headSize()).put("attention_bias", false);
        config.put("mlp_hidden_act", "relu2").put("mlp_bias", false);
        if (shape.mlpInner() > 0) {
            config.put("intermediate_size", shape.mlpInner());
        }
        HybridShape.Mamba m = shape.mamba();
        config.put("mamba_num_heads", m.heads())
                .put("mamba_head_dim", m.headSize())
                .put("n_groups", m.groups());
        config.put("ssm_state_size", m.stateSize()).put("conv_kernel", HybridShape.CONVOLUTION_WIDTH);
        config.put("chunk_size", 128).put("expand", 2).put("mamba_hidden_act", "silu");
        config.put("use_conv_bias", true).put("use_bias", false).put("mamba_proj_bias", false);
        config.putArray("time_step_limit").add(0.0).add(1e30);
        config.put("bos_token_id", 0).put("eos_token_id", 2).put("pad_token_id", 0);
        config.put("max_position_embeddings", 1 << 20).put("torch_dtype", "bfloat16");
        if (shape.hasExperts()) {
            experts(config, shape.experts());
        }
        if (span) {
            spans(config);
        }
        return config;
    }

    private static void experts(ObjectNode config, HybridShape.Experts e) {
        config.put("n_routed_experts", e.count()).put("num_experts_per_tok", e.perToken());
        config.put("moe_intermediate_size", e.inner()).put("n_shared_experts", 1);
        config.put("moe_shared_expert_intermediate_size", e.sharedInner());
        config.put("routed_scaling_factor", e.scaling()).put("norm_topk_prob", true);
        config.put("n_group", 1).put("topk_group", 1);
    }

    /** The parameters of the released model. */
    private static void spans(ObjectNode config) {
        config.put("span_attention_sw_index", 65).put("span_attention_num_spans", 3);
        config.put("span_attention_backward_factor", 3.0).put("span_attention_forward_factor", 1.0);
        config.put("span_attention_search_power", 0.55).put("span_attention_span_power", 0.55);
    }
}
