package dev.longspan;

import dev.longspan.backend.BackendChoice;
import dev.longspan.engine.NetworkLoader;
import dev.longspan.engine.OpenModel;
import dev.longspan.model.ModelConfig;
import dev.longspan.model.StoredTensor;
import dev.longspan.model.Weights;
import dev.longspan.output.ToolParsers;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.Capabilities;
import dev.longspan.spi.MemoryPlan;
import dev.longspan.spi.MemorySize;
import dev.longspan.spi.PlanOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * What was understood of a model's folder, without loading its weights.
 *
 * @param model name, architecture and sizes
 * @param layers how many layers there are of each kind, by letter
 * @param hiddenSize the width of the residual stream
 * @param weightFiles the files that hold weights
 * @param weightBytes the bytes of the weights as stored
 * @param maxPositions what the configuration says about length, for information; empty if nothing
 * @param endTokens the tokens that end an answer, as text, by id
 * @param defaultTemperature the temperature of requests that name none; 0 is greedy
 * @param template what the chat template can do
 * @param templates the names of all chat templates in the folder
 * @param ignoredKeys keys of {@code config.json} that change nothing, with their values as JSON
 * @param extraTensors stored tensors that the network does not use
 * @param memory what one conversation takes on the backend that was asked, by its length
 */
public record ModelInspection(
        ModelInfo model,
        Map<Character, Integer> layers,
        int hiddenSize,
        List<String> weightFiles,
        long weightBytes,
        OptionalInt maxPositions,
        Map<Integer, String> endTokens,
        double defaultTemperature,
        TemplateFeatures template,
        List<String> templates,
        Map<String, String> ignoredKeys,
        List<String> extraTensors,
        Memory memory) {
    private static final List<Integer> LENGTHS = List.of(4_096, 32_768, 131_072, 1_048_576, 10_485_760);
    private static final int PROMPT_CHUNK = 2048;

    /** Copies the components. */
    public ModelInspection {
        layers = Collections.unmodifiableMap(new LinkedHashMap<>(layers));
        weightFiles = List.copyOf(weightFiles);
        endTokens = Collections.unmodifiableMap(new LinkedHashMap<>(endTokens));
        templates = List.copyOf(templates);
        ignoredKeys = Collections.unmodifiableMap(new LinkedHashMap<>(ignoredKeys));
        extraTensors = List.copyOf(extraTensors);
    }

    /**
     * What a backend plans to use: upper bounds, in bytes of device and host.
     *
     * @param backend the id of the backend that was asked
     * @param weights the loaded weights
     * @param workspace the work beside them, for one conversation of the greatest length below
     * @param byLength one conversation, by its length in tokens
     */
    public record Memory(String backend, MemorySize weights, MemorySize workspace, Map<Integer, MemorySize> byLength) {
        /** Copies the components. */
        public Memory {
            byLength = Collections.unmodifiableMap(new LinkedHashMap<>(byLength));
        }
    }

    /**
     * Reads a folder, checks all of it but the numbers in the weights, and asks the best backend for its plan.
     *
     * @param folder the model's folder
     * @return what was understood
     * @throws dev.longspan.spi.ModelLoadException if a file of the model is missing or at fault
     * @throws ChatTemplateException if the model's template cannot be understood
     * @throws dev.longspan.spi.BackendUnavailableException if no backend can work here
     * @throws dev.longspan.spi.BackendException if the backend cannot run the network
     */
    public static ModelInspection of(Path folder) {
        OpenModel open = OpenModel.read(folder, Map.of(), ToolParsers.with(List.of()));
        ModelConfig config = open.folder().config();
        Map<Character, Integer> layers = new LinkedHashMap<>();
        ModelInfo info = open.info(ChatEngineBuilder.DEFAULT_MAX_CONTEXT_TOKENS);
        for (char letter : info.layers().toCharArray()) {
            layers.merge(letter, 1, Integer::sum);
        }
        try (Weights weights = open.folder().openWeights()) {
            List<String> extra = new ArrayList<>();
            for (StoredTensor tensor : weights.extraTensors()) {
                extra.add(tensor.name() + " " + tensor.dtype() + " " + tensor.shape());
            }
            return new ModelInspection(
                    info,
                    layers,
                    config.spec().hiddenSize(),
                    weights.files(),
                    weights.bytes(),
                    config.maxPositionEmbeddings() == null
                            ? OptionalInt.empty()
                            : OptionalInt.of(config.maxPositionEmbeddings()),
                    open.vocabulary().endTokens(),
                    open.folder().generation().temperature(),
                    open.renderer().features(),
                    List.copyOf(open.folder().templates().byName().keySet()),
                    config.otherKeys(),
                    extra,
                    plan(config));
        }
    }

    private static Memory plan(ModelConfig config) {
        BackendOptions options = BackendOptions.defaults();
        BackendChoice.Chosen chosen = BackendChoice.probeAll(options).best();
        try (Backend backend = chosen.provider().open(options)) {
            Capabilities capabilities = backend.capabilities();
            int longest = LENGTHS.get(LENGTHS.size() - 1);
            MemoryPlan plan = NetworkLoader.plan(
                    config.spec(),
                    backend,
                    new PlanOptions(1, Math.min(PROMPT_CHUNK, capabilities.maxBatchTokens()), longest, 1));
            Map<Integer, MemorySize> byLength = new LinkedHashMap<>();
            for (int length : LENGTHS) {
                byLength.put(length, plan.sequence(length));
            }
            return new Memory(backend.id(), plan.weights(), plan.workspace(), byLength);
        }
    }
}
