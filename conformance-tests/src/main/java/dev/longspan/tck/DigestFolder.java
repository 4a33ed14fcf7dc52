package dev.longspan.tck;

import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** The files of the digest model. */
final class DigestFolder {
    private DigestFolder() {}

    static void write(Path folder, TemplateKind template) throws IOException {
        Files.createDirectories(folder);
        text(folder, "config.json", config());
        text(folder, "tokenizer.json", tokenizer());
        text(folder, "tokenizer_config.json", tokenizerConfig());
        text(
                folder,
                "special_tokens_map.json",
                "{\"eos_token\": \"<|im_end|>\", \"pad_token\": \"<|endoftext|>\","
                        + " \"additional_special_tokens\": [\"<|im_start|>\"]}\n");
        text(
                folder,
                "generation_config.json",
                "{\"eos_token_id\": [258, 256], \"pad_token_id\": 256, \"do_sample\": false}\n");
        text(folder, "chat_template.jinja", template(template));
        Files.write(folder.resolve("model.safetensors"), Safetensors.write(DigestModel.spec(), DigestModel.weights()));
    }

    private static void text(Path folder, String name, String content) throws IOException {
        Files.writeString(folder.resolve(name), content, StandardCharsets.UTF_8);
    }

    private static String config() {
        ModelSpec spec = DigestModel.spec();
        LayerSpec.Mamba mamba = (LayerSpec.Mamba) spec.layers().get(0);
        LayerSpec.Attention attention = (LayerSpec.Attention) spec.layers().get(1);
        return """
                {
                  "architectures": ["NemotronHForCausalLM"],
                  "model_type": "nemotron_h",
                  "vocab_size": %d,
                  "hidden_size": %d,
                  "num_hidden_layers": 2,
                  "hybrid_override_pattern": "M*",
                  "layer_norm_epsilon": 1e-05,
                  "num_attention_heads": %d,
                  "num_key_value_heads": %d,
                  "head_dim": %d,
                  "attention_head_dim": %d,
                  "intermediate_size": 16,
                  "mamba_num_heads": %d,
                  "mamba_head_dim": %d,
                  "n_groups": %d,
                  "ssm_state_size": %d,
                  "conv_kernel": %d,
                  "chunk_size": 64,
                  "time_step_limit": [0.0, Infinity],
                  "mlp_hidden_act": "relu2",
                  "mamba_hidden_act": "silu",
                  "use_conv_bias": true,
                  "use_bias": false,
                  "mlp_bias": false,
                  "attention_bias": false,
                  "mamba_proj_bias": false,
                  "tie_word_embeddings": true,
                  "residual_in_fp32": true,
                  "bos_token_id": 256,
                  "eos_token_id": 258,
                  "pad_token_id": 256,
                  "max_position_embeddings": 8192,
                  "torch_dtype": "bfloat16"
                }
                """.formatted(
                        spec.vocabularySize(),
                        spec.hiddenSize(),
                        attention.heads().queryHeads(),
                        attention.heads().keyValueHeads(),
                        attention.heads().headSize(),
                        attention.heads().headSize(),
                        mamba.heads(),
                        mamba.headSize(),
                        mamba.groups(),
                        mamba.stateSize(),
                        mamba.convolutionWidth());
    }

    private static String tokenizer() {
        StringBuilder added = new StringBuilder();
        for (int i = 0; i < DigestModel.TAGS.size(); i++) {
            added.append(i == 0 ? "" : ",\n")
                    .append("    {\"id\": ")
                    .append(256 + i)
                    .append(", ");
            added.append(addedToken(i)).append('}');
        }
        StringBuilder vocabulary = new StringBuilder();
        for (int b = 0; b < 256; b++) {
            vocabulary
                    .append(b == 0 ? "" : ", ")
                    .append('"')
                    .append(letter(b))
                    .append("\": ")
                    .append(b);
        }
        return """
                {
                  "version": "1.0",
                  "truncation": null,
                  "padding": null,
                  "added_tokens": [
                %s
                  ],
                  "normalizer": null,
                  "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false},
                  "post_processor": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false},
                  "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false},
                  "model": {
                    "type": "BPE",
                    "dropout": null,
                    "unk_token": null,
                    "continuing_subword_prefix": "",
                    "end_of_word_suffix": "",
                    "fuse_unk": false,
                    "byte_fallback": false,
                    "ignore_merges": false,
                    "vocab": {%s},
                    "merges": []
                  }
                }
                """.formatted(added, vocabulary);
    }

    private static String addedToken(int tag) {
        return "\"content\": \"" + DigestModel.TAGS.get(tag) + "\", \"single_word\": false, \"lstrip\": false,"
                + " \"rstrip\": false, \"normalized\": false, \"special\": " + (256 + tag < DigestModel.THINK);
    }

    /** The letter that byte-level BPE writes for a byte: itself if it prints, else one from U+0100 on. */
    private static String letter(int b) {
        int code = b;
        if (!prints(b)) {
            code = 256;
            for (int other = 0; other < b; other++) {
                code += prints(other) ? 0 : 1;
            }
        }
        return code == '"' || code == '\\' ? "\\" + (char) code : String.valueOf((char) code);
    }

    private static boolean prints(int b) {
        return (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
    }

    private static String tokenizerConfig() {
        StringBuilder added = new StringBuilder();
        for (int i = 0; i < DigestModel.TAGS.size(); i++) {
            added.append(i == 0 ? "" : ",\n").append("    \"").append(256 + i).append("\": {");
            added.append(addedToken(i)).append('}');
        }
        return """
                {
                  "tokenizer_class": "PreTrainedTokenizerFast",
                  "model_max_length": 8192,
                  "add_bos_token": false,
                  "add_prefix_space": false,
                  "clean_up_tokenization_spaces": false,
                  "bos_token": null,
                  "eos_token": "<|im_end|>",
                  "pad_token": "<|endoftext|>",
                  "unk_token": null,
                  "errors": "replace",
                  "added_tokens_decoder": {
                %s
                  },
                  "additional_special_tokens": ["<|im_start|>"]
                }
                """.formatted(added);
    }

    private static String template(TemplateKind kind) {
        String content = switch (kind) {
            case STABLE, THINK_OPENING -> "{%- set content = message.content or '' -%}\n";
            case HISTORY_REWRITING -> """
                            {%- set content = message.content or '' -%}
                            {%- if message.role == 'assistant' and loop.index0 < spoken.last and '</think>' in content -%}
                            {%- set content = content.split('</think>')[-1].lstrip('\\n') -%}
                            {%- endif -%}
                            """;
        };
        String opening = switch (kind) {
            case STABLE, HISTORY_REWRITING -> "";
            case THINK_OPENING -> """
                            {%- if enable_thinking is defined and not enable_thinking -%}
                            {{- '<think></think>\\n' -}}
                            {%- else -%}
                            {{- '<think>\\n' -}}
                            {%- endif -%}
                            """;
        };
        return HEAD + content + MESSAGE + opening + "{%- endif -%}\n";
    }

    private static final String HEAD = """
            {%- set spoken = namespace(last=-1) -%}
            {%- for message in messages -%}
            {%- if message.role == 'user' -%}{%- set spoken.last = loop.index0 -%}{%- endif -%}
            {%- endfor -%}
            {%- if tools -%}
            {{- '<|im_start|>tools\\n' -}}
            {%- for tool in tools -%}
            {{- tool | tojson -}}{{- '\\n' -}}
            {%- endfor -%}
            {{- '<|im_end|>\\n' -}}
            {%- endif -%}
            {%- for message in messages -%}
            """;

    private static final String MESSAGE = """
            {{- '<|im_start|>' + message.role + '\\n' + content -}}
            {%- if message.tool_calls -%}
            {%- for call in message.tool_calls -%}
            {%- set fn = call.function if call.function is defined else call -%}
            {%- if content or not loop.first -%}{{- '\\n' -}}{%- endif -%}
            {{- '<tool_call>\\n<function=' + fn.name + '>\\n' -}}
            {%- for key, value in fn.arguments.items() -%}
            {{- '<parameter=' + key + '>\\n' -}}
            {%- if value is string -%}{{- value -}}{%- else -%}{{- value | tojson -}}{%- endif -%}
            {{- '\\n</parameter>\\n' -}}
            {%- endfor -%}
            {{- '</function>\\n</tool_call>' -}}
            {%- endfor -%}
            {%- endif -%}
            {{- '<|im_end|>\\n' -}}
            {%- endfor -%}
            {%- if add_generation_prompt -%}
            {{- '<|im_start|>assistant\\n' -}}
            """;
}
