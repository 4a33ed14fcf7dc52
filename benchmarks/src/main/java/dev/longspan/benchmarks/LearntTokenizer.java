package dev.longspan.benchmarks;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** A {@code tokenizer.json} in the form of a published kind, with merges learnt from the {@link SampleTexts}. */
final class LearntTokenizer {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MERGES = 16_000;
    private static final Pattern WORDS = Pattern.compile(" ?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+|\\s+");
    private static final String LLAMA3 = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
            + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private LearntTokenizer() {}

    /**
     * {@return the text of a tokenizer.json, learnt when it is first asked for and kept beside the {@link ModelFolders models}}
     *
     * @param kind {@code llama3}, {@code qwen2}, {@code gpt2} (all of them on bytes), or {@code llama2} (on code points, with
     *     bytes for what the vocabulary lacks)
     */
    static String json(String kind) throws IOException {
        Path file = Files.createDirectories(ModelFolders.home()).resolve("tokenizer-" + kind + ".json");
        if (!Files.exists(file)) {
            Path unfinished = Files.createTempFile(ModelFolders.home(), ".unfinished-", ".json");
            Files.writeString(unfinished, learn(kind), StandardCharsets.UTF_8);
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
        }
        return Files.readString(file, StandardCharsets.UTF_8);
    }

    private static String learn(String kind) throws IOException {
        boolean bytes = !kind.equals("llama2");
        MergeLearner learner = new MergeLearner(firstTokens(bytes));
        learner.learn(countedWords(bytes), MERGES);
        ObjectNode root = JSON.createObjectNode();
        root.put("version", "1.0");
        root.putArray("added_tokens");
        root.set("normalizer", null);
        root.set("pre_tokenizer", null);
        root.set("post_processor", null);
        root.set("decoder", null);
        ObjectNode model = root.putObject("model");
        model.put("type", "BPE");
        switch (kind) {
            case "llama3" -> {
                split(root, LLAMA3);
                model.put("ignore_merges", true);
            }
            case "qwen2" -> {
                split(root, LLAMA3.replace("{1,3}", ""));
                root.putObject("normalizer").put("type", "NFC");
            }
            case "gpt2" -> byteLevel(root.putObject("pre_tokenizer"), true);
            case "llama2" -> {
                pieces(root);
                model.put("byte_fallback", true).put("fuse_unk", true).put("unk_token", "<unk>");
            }
            default ->
                throw new IllegalArgumentException("kind: expected llama3, qwen2, gpt2 or llama2, found " + kind);
        }
        addModel(model, learner);
        return write(root);
    }

    private static void addModel(ObjectNode model, MergeLearner learner) {
        ObjectNode vocabulary = model.putObject("vocab");
        for (int id = 0; id < learner.tokens().size(); id++) {
            vocabulary.put(learner.tokens().get(id), id);
        }
        ArrayNode merges = model.putArray("merges");
        learner.merges().forEach(pair -> merges.addArray().add(pair.get(0)).add(pair.get(1)));
    }

    private static void split(ObjectNode root, String regex) {
        ObjectNode sequence = root.putObject("pre_tokenizer").put("type", "Sequence");
        ArrayNode steps = sequence.putArray("pretokenizers");
        ObjectNode split = steps.addObject().put("type", "Split");
        split.putObject("pattern").put("Regex", regex);
        split.put("behavior", "Isolated").put("invert", false);
        byteLevel(steps.addObject(), false);
    }

    private static void byteLevel(ObjectNode step, boolean useRegex) {
        step.put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", useRegex);
    }

    private static void pieces(ObjectNode root) {
        ArrayNode steps = root.putObject("normalizer").put("type", "Sequence").putArray("normalizers");
        steps.addObject().put("type", "Prepend").put("prepend", "\u2581");
        ObjectNode replace = steps.addObject().put("type", "Replace").put("content", "\u2581");
        replace.putObject("pattern").put("String", " ");
    }

    private static List<String> firstTokens(boolean bytes) {
        List<String> first = new ArrayList<>(List.of("<unk>"));
        for (int value = 0; value < 256; value++) {
            first.add(bytes ? String.valueOf(visible(value)) : String.format("<0x%02X>", value));
        }
        return first;
    }

    /** Words in the form in which the model sees them. */
    private static Map<String, Integer> countedWords(boolean bytes) throws IOException {
        Map<String, Integer> counted = new TreeMap<>();
        for (String name : List.of("english", "code", "chinese")) {
            WORDS.matcher(SampleTexts.named(name))
                    .results()
                    .forEach(match -> counted.merge(match.group(), 1, Integer::sum));
        }
        Map<String, Integer> symbols = new TreeMap<>();
        counted.forEach((word, count) -> symbols.put(bytes ? asBytes(word) : word.replace(' ', '\u2581'), count));
        return symbols;
    }

    private static String asBytes(String word) {
        StringBuilder symbols = new StringBuilder();
        for (byte b : word.getBytes(StandardCharsets.UTF_8)) {
            symbols.append(visible(b & 0xFF));
        }
        return symbols.toString();
    }

    /** GPT-2's letters for bytes: printable ones stand for themselves, the others follow from U+0100 on. */
    private static char visible(int value) {
        int hidden = 0;
        for (int other = 0; other < value; other++) {
            hidden += isPrintable(other) ? 0 : 1;
        }
        return (char) (isPrintable(value) ? value : 0x100 + hidden);
    }

    private static boolean isPrintable(int value) {
        return (value >= '!' && value <= '~') || (value >= 0xA1 && value <= 0xAC) || value >= 0xAE;
    }

    private static String write(ObjectNode root) {
        try {
            return JSON.writeValueAsString(root);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
