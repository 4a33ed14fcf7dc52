package dev.longspan.tokenizer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The published kinds of tokenizers, each with a small vocabulary of its own. */
enum TokenizerFamily {
    GPT2(Symbols.BYTES, "null", byteLevel(false, true), byteLevel(false, true), Patterns.BYTE_LEVEL_DECODER, "{}"),
    ROBERTA(
            Symbols.BYTES,
            "null",
            byteLevel(true, true),
            "{'type':'RobertaProcessing','sep':['</s>',1],'cls':['<s>',0],'trim_offsets':true,'add_prefix_space':true}",
            Patterns.BYTE_LEVEL_DECODER,
            "{}"),
    LLAMA3(
            Symbols.BYTES,
            "null",
            splits(Patterns.LLAMA3),
            "{'type':'Sequence','processors':[" + byteLevel(true, true) + "," + Patterns.TEMPLATE + "]}",
            Patterns.BYTE_LEVEL_DECODER,
            "{'ignore_merges':true}"),
    QWEN2(
            Symbols.BYTES,
            "{'type':'NFC'}",
            splits(Patterns.QWEN2),
            byteLevel(false, false),
            Patterns.BYTE_LEVEL_DECODER,
            "{}"),
    MISTRAL_NEMO(
            Symbols.BYTES,
            "null",
            splits(Patterns.TEKKEN),
            Patterns.TEMPLATE,
            Patterns.BYTE_LEVEL_DECODER,
            "{'ignore_merges':true}"),
    O200K(Symbols.BYTES, "null", splits(Patterns.O200K), "null", Patterns.BYTE_LEVEL_DECODER, "{'ignore_merges':true}"),
    DEEPSEEK(
            Symbols.BYTES,
            "{'type':'Sequence','normalizers':[]}",
            splits("\\p{N}{1,3}", "[一-龥\\u3040-ゟ゠-ヿ]+", Patterns.DEEPSEEK),
            Patterns.TEMPLATE,
            Patterns.BYTE_LEVEL_DECODER,
            "{}"),
    CL100K(Symbols.BYTES, "null", splits(Patterns.CL100K), "null", Patterns.BYTE_LEVEL_DECODER, "{}"),
    DIGITS(
            Symbols.BYTES,
            "null",
            "{'type':'Sequence','pretokenizers':[{'type':'Digits','individual_digits':true}," + byteLevel(false, true)
                    + "]}",
            "null",
            Patterns.BYTE_LEVEL_DECODER,
            "{}"),
    LLAMA2(
            Symbols.CODE_POINTS,
            "{'type':'Sequence','normalizers':[{'type':'Prepend','prepend':'▁'}," + Patterns.SPACES + "]}",
            "null",
            Patterns.TEMPLATE,
            "{'type':'Sequence','decoders':[" + Patterns.UNDERLINES + ",{'type':'ByteFallback'},{'type':'Fuse'},"
                    + "{'type':'Strip','content':' ','start':1,'stop':0}]}",
            "{'byte_fallback':true,'fuse_unk':true,'unk_token':'<unk>'}"),
    METASPACE(
            Symbols.CODE_POINTS,
            "null",
            "{'type':'Metaspace','replacement':'▁','prepend_scheme':'first','split':false}",
            Patterns.TEMPLATE,
            "{'type':'Sequence','decoders':[" + Patterns.UNDERLINES + ",{'type':'ByteFallback'},{'type':'Fuse'},"
                    + "{'type':'Strip','content':' ','start':1,'stop':0}]}",
            "{'byte_fallback':true,'fuse_unk':true,'unk_token':'<unk>'}"),
    METASPACE_WORDS(
            Symbols.CODE_POINTS,
            "null",
            "{'type':'Metaspace','replacement':'▁','prepend_scheme':'always','split':true}",
            "null",
            "{'type':'Metaspace','replacement':'▁','prepend_scheme':'always','split':true}",
            "{'unk_token':'<unk>','fuse_unk':false}"),
    GEMMA(
            Symbols.CODE_POINTS,
            Patterns.SPACES,
            "{'type':'Split','pattern':{'String':' '},'behavior':'MergedWithPrevious','invert':false}",
            Patterns.TEMPLATE,
            "{'type':'Sequence','decoders':[" + Patterns.UNDERLINES + ",{'type':'ByteFallback'},{'type':'Fuse'}]}",
            "{'byte_fallback':true,'fuse_unk':true,'unk_token':'<unk>'}"),
    WORDS(
            Symbols.CODE_POINTS,
            "{'type':'Sequence','normalizers':[{'type':'NFKC'},{'type':'Lowercase'},{'type':'Strip','strip_left':true,"
                    + "'strip_right':true}]}",
            "{'type':'Sequence','pretokenizers':[{'type':'Whitespace'},{'type':'Punctuation','behavior':'Contiguous'},"
                    + "{'type':'Digits','individual_digits':false},"
                    + "{'type':'Split','pattern':{'String':'e'},'behavior':'MergedWithNext','invert':false}]}",
            "null",
            "null",
            "{'unk_token':'<unk>','fuse_unk':true}"),
    INVERTED(
            Symbols.CODE_POINTS,
            "{'type':'Sequence','normalizers':[{'type':'NFD'},{'type':'Replace','pattern':{'Regex':'[aou]+\\\\d?'},"
                    + "'content':'oo'}]}",
            "{'type':'Sequence','pretokenizers':[{'type':'WhitespaceSplit'},{'type':'Split','pattern':{'Regex':'[a-m]+'},"
                    + "'behavior':'Removed','invert':true},{'type':'Split','pattern':{'Regex':'(?:ba|[ce](?=d)|d)+?f?|a++'},"
                    + "'behavior':'MergedWithPrevious','invert':false}]}",
            "null",
            "{'type':'Fuse'}",
            "{'fuse_unk':false}");

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Symbols symbols;
    private final String normalizer;
    private final String preTokenizer;
    private final String postProcessor;
    private final String decoder;
    private final String modelSettings;

    TokenizerFamily(
            Symbols symbols,
            String normalizer,
            String preTokenizer,
            String postProcessor,
            String decoder,
            String modelSettings) {
        this.symbols = symbols;
        this.normalizer = normalizer;
        this.preTokenizer = preTokenizer;
        this.postProcessor = postProcessor;
        this.decoder = decoder;
        this.modelSettings = modelSettings;
    }

    /** What the first symbols are. */
    enum Symbols {
        BYTES,
        CODE_POINTS
    }

    /** {@return a number that is this family's own and never changes} */
    int seed() {
        return name().hashCode();
    }

    /** {@return a text without the punctuation that the other library's older table for one step does not know} */
    String knownToAll(String text) {
        return this == WORDS ? text.replaceAll("(?![\\u0000-\\u05ff\\u2000-\\u206f])\\p{P}", "") : text;
    }

    boolean isByteLevel() {
        return symbols == Symbols.BYTES;
    }

    /** {@return whether decoding gives back what was encoded} */
    boolean isReversible() {
        return isByteLevel() && this != QWEN2 && this != ROBERTA;
    }

    /** {@return the patterns of this family's pre-tokenizer that are published ones} */
    Stream<String> patterns() {
        return switch (this) {
            case GPT2 -> Stream.of(ComponentReader.GPT2_PATTERN);
            case LLAMA3 -> Stream.of(Patterns.LLAMA3);
            case QWEN2 -> Stream.of(Patterns.QWEN2);
            case MISTRAL_NEMO -> Stream.of(Patterns.TEKKEN);
            case O200K -> Stream.of(Patterns.O200K);
            case DEEPSEEK -> Stream.of(Patterns.DEEPSEEK, "\\p{N}{1,3}", "[一-龥\\u3040-ゟ゠-ヿ]+");
            case CL100K -> Stream.of(Patterns.CL100K);
            default -> Stream.of();
        };
    }

    /** {@return a whole tokenizer.json; with a seed the merges are in a random order} */
    String json(long seed) {
        try {
            PairTrainer trainer = train(seed);
            ObjectNode root = JSON.createObjectNode();
            root.put("version", "1.0");
            root.set("added_tokens", addedTokens(trainer.vocabulary()));
            root.set("normalizer", json(normalizer));
            root.set("pre_tokenizer", json(preTokenizer));
            root.set("post_processor", json(postProcessor));
            root.set("decoder", json(decoder));
            ObjectNode model = (ObjectNode) json(modelSettings);
            model.put("type", "BPE");
            model.set("vocab", JSON.valueToTree(trainer.vocabulary()));
            model.set("merges", merges(trainer.merges()));
            root.set("model", model);
            return JSON.writeValueAsString(root);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Half of the families write merges as one string, the others as two. */
    private ArrayNode merges(List<List<String>> merges) {
        ArrayNode array = JSON.createArrayNode();
        boolean joined = seed() % 2 == 0;
        merges.forEach(pair -> {
            if (joined) {
                array.add(String.join(" ", pair));
            } else {
                array.addPOJO(pair);
            }
        });
        return array;
    }

    private static JsonNode json(String singleQuoted) throws JsonProcessingException {
        return JSON.readTree(singleQuoted.replace('\'', '"').replace('´', '\''));
    }

    private PairTrainer train(long seed) {
        Random random = new Random(seed);
        List<String> first = new ArrayList<>(List.of("<s>", "</s>", "<unk>"));
        for (int value = 0; value < 256; value++) {
            if (isByteLevel()) {
                first.add(String.valueOf(ByteAlphabet.toChar(value)));
            } else if (modelSettings.contains("byte_fallback")) {
                first.add(String.format("<0x%02X>", value));
            }
        }
        List<String> words = new ArrayList<>();
        String text = new RandomTexts(7).corpus();
        String cut = isByteLevel() ? text : text.replace(' ', '▁').replaceAll("[^\\x00-\\u03ff▁一-三]", "");
        Pattern.compile("[ ▁]?[^\\s▁]+|\\s+").matcher(cut).results().forEach(m -> words.add(symbols(m.group())));
        PairTrainer trainer = new PairTrainer(first).learn(words, 250);
        return seed == 0 ? trainer : trainer.disturb(random, 200);
    }

    private String symbols(String word) {
        if (!isByteLevel()) {
            return word;
        }
        StringBuilder result = new StringBuilder();
        for (byte b : word.getBytes(StandardCharsets.UTF_8)) {
            result.append(ByteAlphabet.toChar(b & 0xFF));
        }
        return result.toString();
    }

    /** The tokens that every family has added. */
    static final List<String> ADDED = List.of(
            "<s>",
            "</s>",
            "<unk>",
            "<|im_start|>",
            "<|im_end|>",
            "<think>",
            "</think>",
            "[LEFT]",
            "[RIGHT]",
            "[BOTH]",
            "whole",
            "<|im",
            "normal é",
            "[SPECIAL]",
            "   ");

    private static ArrayNode addedTokens(Map<String, Integer> vocabulary) {
        ArrayNode array = JSON.createArrayNode();
        int next = vocabulary.size();
        for (String content : ADDED) {
            Integer known = vocabulary.get(content);
            ObjectNode token = array.addObject();
            token.put("id", known == null ? next++ : known);
            token.put("content", content);
            token.put("single_word", content.equals("whole"));
            token.put("lstrip", content.equals("[LEFT]") || content.equals("[BOTH]"));
            token.put("rstrip", content.equals("[RIGHT]") || content.equals("[BOTH]"));
            token.put("normalized", content.equals("normal é") || content.equals("[SPECIAL]"));
            token.put("special", content.contains("s>") || content.contains("|>") || content.equals("[SPECIAL]"));
        }
        return array;
    }

    private static String byteLevel(boolean addPrefixSpace, boolean useRegex) {
        return "{'type':'ByteLevel','add_prefix_space':" + addPrefixSpace + ",'trim_offsets':true,'use_regex':"
                + useRegex + "}";
    }

    private static String splits(String... patterns) {
        StringBuilder steps = new StringBuilder();
        for (String pattern : patterns) {
            String escaped = pattern.replace("\\", "\\\\").replace("\"", "\\\"").replace('\'', '´');
            steps.append("{'type':'Split','pattern':{'Regex':'")
                    .append(escaped)
                    .append("'},'behavior':'Isolated','invert':false},");
        }
        return "{'type':'Sequence','pretokenizers':[" + steps + byteLevel(false, false) + "]}";
    }

    /** Patterns and steps as the published files have them. */
    private static final class Patterns {
        static final String BYTE_LEVEL_DECODER =
                "{'type':'ByteLevel','add_prefix_space':true,'trim_offsets':true,'use_regex':true}";
        static final String TEMPLATE =
                "{'type':'TemplateProcessing','single':[{'SpecialToken':{'id':'<s>','type_id':0}},"
                        + "{'Sequence':{'id':'A','type_id':0}}],'pair':[{'Sequence':{'id':'A','type_id':0}},"
                        + "{'Sequence':{'id':'B','type_id':1}}],"
                        + "'special_tokens':{'<s>':{'id':'<s>','ids':[0],'tokens':['<s>']}}}";
        static final String SPACES = "{'type':'Replace','pattern':{'String':' '},'content':'▁'}";
        static final String UNDERLINES = "{'type':'Replace','pattern':{'String':'▁'},'content':' '}";
        static final String END = "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
        static final String LLAMA3 = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
                + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*" + END;
        static final String QWEN2 = LLAMA3.replace("{1,3}", "");
        static final String CL100K = "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}{1,3}"
                + "| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+";
        static final String UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
        static final String LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
        static final String FRONT = "[^\\r\\n\\p{L}\\p{N}]?";
        static final String TEKKEN = FRONT + UPPER + "*" + LOWER + "+|" + FRONT + UPPER + "+" + LOWER + "*|\\p{N}"
                + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" + END;
        static final String CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?";
        static final String O200K = FRONT + UPPER + "*" + LOWER + "+" + CONTRACTION + "|" + FRONT + UPPER + "+" + LOWER
                + "*" + CONTRACTION + "|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" + END;
        static final String DEEPSEEK = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+"
                + "|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*" + END;
    }
}
