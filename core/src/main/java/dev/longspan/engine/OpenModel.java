package dev.longspan.engine;

import dev.longspan.ChatTemplateException;
import dev.longspan.ModelInfo;
import dev.longspan.TemplateFeatures;
import dev.longspan.ToolParser;
import dev.longspan.model.ChatTemplateSource;
import dev.longspan.model.ChatTemplates;
import dev.longspan.model.ModelFolder;
import dev.longspan.model.TokenizerConfig;
import dev.longspan.output.ToolParsers;
import dev.longspan.prompt.PromptRenderer;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelLoadException;
import dev.longspan.spi.ModelSpec;
import dev.longspan.template.ChatTemplate;
import dev.longspan.template.TemplateLimits;
import dev.longspan.text.ThinkingTags;
import dev.longspan.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A model folder, read and understood, all but the weights.
 *
 * @param folder what the files say
 * @param renderer from requests to token ids
 * @param vocabulary what the tokens of an answer mean
 * @param toolParsers the ways to write tool calls that are known
 */
public record OpenModel(ModelFolder folder, PromptRenderer renderer, Vocabulary vocabulary, ToolParsers toolParsers) {
    /** The name of the template that some models have for conversations with tools. */
    private static final String TOOL_TEMPLATE = "tool_use";

    private static final List<String> THINKING_TAGS = List.of(ThinkingTags.OPEN, ThinkingTags.CLOSE);

    /**
     * Reads a folder.
     *
     * @param path the folder
     * @param options values for keys {@code span_attention_*} of its {@code config.json}
     * @param toolParsers the ways to write tool calls that are known
     * @throws ModelLoadException if a file is missing or at fault
     * @throws dev.longspan.ChatTemplateException if the chat template cannot be understood
     */
    public static OpenModel read(Path path, Map<String, String> options, ToolParsers toolParsers) {
        ModelFolder folder = ModelFolder.open(path, options);
        ChatTemplateSource source = folder.templates().byName().get(ChatTemplates.DEFAULT);
        if (source == null) {
            throw new ModelLoadException(
                    "chat_template.jinja",
                    "",
                    "expected a chat template in " + path + ", found none: this is a base model");
        }
        ChatTemplate template = parsed(source);
        ChatTemplateSource toolSource = folder.templates().byName().get(TOOL_TEMPLATE);
        ChatTemplate toolTemplate = toolSource == null ? template : parsed(toolSource);
        Tokenizer tokenizer = Tokenizer.load(folder.tokenizerFile());
        int rows = folder.config().spec().vocabularySize();
        if (tokenizer.vocabularySize() > rows) {
            throw new ModelLoadException(
                    "tokenizer.json",
                    "",
                    "expected token ids below vocab_size " + rows + " of config.json, found id "
                            + (tokenizer.vocabularySize() - 1));
        }
        Set<Integer> tags = answerTags(tokenizer, toolParsers);
        PromptRenderer renderer = new PromptRenderer(
                template,
                toolTemplate,
                tokenizer,
                specialTokens(folder.tokenizer()),
                tags,
                toolParsers
                        .fitting((toolSource == null ? source : toolSource).text())
                        .map(ToolParser::name));
        Vocabulary vocabulary = new Vocabulary(tokenizer, endIds(folder, tokenizer), tags, renderer.behindThinking());
        return new OpenModel(folder, renderer, vocabulary, toolParsers);
    }

    private static ChatTemplate parsed(ChatTemplateSource source) {
        try {
            return ChatTemplate.parse(source.text(), TemplateLimits.DEFAULT);
        } catch (ChatTemplateException e) {
            String problem = e.problem() + " (template '" + source.name() + "' of " + source.origin() + ")";
            ChatTemplateException named = new ChatTemplateException(e.reason(), problem, e.line(), e.column());
            named.initCause(e);
            throw named;
        }
    }

    /** The tags that the output parser may look for; in some models they are control tokens. */
    private static Set<Integer> answerTags(Tokenizer tokenizer, ToolParsers toolParsers) {
        List<String> texts = new ArrayList<>(THINKING_TAGS);
        for (ToolParser parser : toolParsers.all()) {
            texts.addAll(parser.openings());
            texts.addAll(parser.controlTexts());
        }
        Set<Integer> tags = new HashSet<>();
        for (String text : texts) {
            tokenizer.id(text).ifPresent(tags::add);
        }
        return tags;
    }

    /** {@return what is known of the model} */
    public ModelInfo info(int maxContextTokens) {
        ModelSpec spec = folder.config().spec();
        long parameters = 0;
        for (ModelSpec.Tensor tensor : spec.tensors()) {
            long numbers = 1;
            for (long size : tensor.shape()) {
                numbers *= size;
            }
            parameters += numbers;
        }
        StringBuilder letters = new StringBuilder();
        for (LayerSpec layer : spec.layers()) {
            letters.append(letter(layer));
        }
        Path name = folder.path().toAbsolutePath().normalize().getFileName();
        return new ModelInfo(
                name == null ? folder.path().toString() : name.toString(),
                spec.modelType(),
                parameters,
                letters.toString(),
                spec.vocabularySize(),
                maxContextTokens,
                renderer.features().thinking() == TemplateFeatures.Thinking.ALWAYS
                        || renderer.features().thinking() == TemplateFeatures.Thinking.ON_BY_DEFAULT);
    }

    private static char letter(LayerSpec layer) {
        if (layer instanceof LayerSpec.Mamba) {
            return 'M';
        } else if (layer instanceof LayerSpec.Attention) {
            return '*';
        } else if (layer instanceof LayerSpec.Mlp) {
            return '-';
        }
        return 'E';
    }

    /** The ids that end an answer: the folder's, and the tokenizer's end token where it is another. */
    private static Set<Integer> endIds(ModelFolder folder, Tokenizer tokenizer) {
        Set<Integer> ids = new HashSet<>(folder.endTokenIds());
        String end = folder.tokenizer().eosToken();
        OptionalInt id = end == null ? OptionalInt.empty() : tokenizer.id(end);
        id.ifPresent(ids::add);
        if (ids.isEmpty()) {
            throw new ModelLoadException(
                    "config.json", "eos_token_id", "expected the id of the token that ends an answer, found none");
        }
        return ids;
    }

    private static Map<String, String> specialTokens(TokenizerConfig config) {
        Map<String, String> tokens = new LinkedHashMap<>();
        put(tokens, "bos_token", config.bosToken());
        put(tokens, "eos_token", config.eosToken());
        put(tokens, "pad_token", config.padToken());
        put(tokens, "unk_token", config.unkToken());
        return tokens;
    }

    private static void put(Map<String, String> tokens, String name, @Nullable String token) {
        if (token != null) {
            tokens.put(name, token);
        }
    }
}
