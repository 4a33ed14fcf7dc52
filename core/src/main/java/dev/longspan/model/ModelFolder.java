package dev.longspan.model;

import dev.longspan.spi.ModelLoadException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A model's folder in the Hugging Face layout, all of it but the weights and the tokenizer read and checked. Nothing in
 * the folder is ever executed. Immutable.
 *
 * @param path the folder
 * @param config {@code config.json}
 * @param generation {@code generation_config.json}
 * @param tokenizer {@code tokenizer_config.json} and {@code special_tokens_map.json}
 * @param templates the chat templates' texts
 * @param tokenizerFile the path of {@code tokenizer.json}
 */
public record ModelFolder(
        Path path,
        ModelConfig config,
        GenerationConfig generation,
        TokenizerConfig tokenizer,
        ChatTemplates templates,
        Path tokenizerFile) {
    private static final String TOKENIZER = "tokenizer.json";

    /**
     * Reads a folder.
     *
     * @param path the folder
     * @throws ModelLoadException if it is not a model's folder, or if a file in it has a fault
     */
    public static ModelFolder open(Path path) {
        return open(path, Map.of());
    }

    /**
     * Reads a folder, with other values for some keys of {@code config.json}.
     *
     * @param path the folder
     * @param options values for keys {@code span_attention_*}: numbers, or strings that hold a number
     * @throws ModelLoadException if it is not a model's folder, if a file in it has a fault, or if an option is unknown
     *     or out of range
     */
    public static ModelFolder open(Path path, Map<String, ?> options) {
        FolderReader reader = FolderReader.open(path);
        ModelConfig config = ModelConfigReader.read(reader, options);
        return new ModelFolder(
                path,
                config,
                GenerationConfig.read(reader, config.spec().vocabularySize()),
                TokenizerConfig.read(reader),
                ChatTemplates.read(reader),
                reader.file(TOKENIZER));
    }

    /** {@return the ids that end an answer: those of the generation settings, else those of the configuration} */
    public List<Integer> endTokenIds() {
        return generation.eosTokenIds().isEmpty() ? config.eosTokenIds() : generation.eosTokenIds();
    }

    /**
     * Opens the weights: finds every tensor of the network and checks its shape and data type, but reads none.
     *
     * @return the weights, to be closed
     * @throws ModelLoadException if a file or a tensor is missing or has a fault
     */
    public Weights openWeights() {
        return Weights.open(path, config.spec());
    }
}
