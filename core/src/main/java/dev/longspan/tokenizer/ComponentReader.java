package dev.longspan.tokenizer;

import java.text.Normalizer.Form;
import java.util.ArrayList;
import java.util.List;

/** Reads the small parts of a tokenizer.json: all but the model. What it does not know it refuses by name. */
final class ComponentReader {
    /** How GPT-2 cuts words, which the byte-level step does by itself unless told not to. */
    static final String GPT2_PATTERN =
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

    private ComponentReader() {}

    static Normalizer normalizer(JsonItem item) {
        return switch (item.type()) {
            case "Sequence" ->
                new Normalizer.InOrder(item.get("normalizers").items().stream()
                        .map(ComponentReader::normalizer)
                        .toList());
            case "NFC" -> new Normalizer.Unicode(Form.NFC);
            case "NFD" -> new Normalizer.Unicode(Form.NFD);
            case "NFKC" -> new Normalizer.Unicode(Form.NFKC);
            case "NFKD" -> new Normalizer.Unicode(Form.NFKD);
            case "Lowercase" -> new Normalizer.Lowercase();
            case "Prepend" -> new Normalizer.Prepend(item.get("prepend").text());
            case "Replace" -> replace(item);
            case "Strip" -> new Normalizer.Strip(item.flag("strip_left", true), item.flag("strip_right", true));
            default -> throw item.refused("the normalizer " + item.type());
        };
    }

    private static Normalizer.Replace replace(JsonItem item) {
        return new Normalizer.Replace(
                pattern(item.get("pattern")), item.get("content").text());
    }

    private static SplitPattern pattern(JsonItem item) {
        if (item.has("String")) {
            JsonItem text = item.get("String");
            if (text.text().isEmpty()) {
                throw text.expected("a text that is not empty");
            }
            return SplitPattern.ofText(text.text(), text.path());
        }
        JsonItem regex = item.get("Regex");
        return SplitPattern.of(regex.text(), regex.path());
    }

    /** {@return the steps in order; a byte-level model's end with the cutting that its byte-level step does} */
    static List<PreTokenizer> preTokenizer(JsonItem item) {
        List<PreTokenizer> steps = new ArrayList<>();
        addPreTokenizers(item, steps);
        return steps;
    }

    /** {@return whether the last step of a pre-tokenizer goes down to bytes} */
    static boolean endsAtBytes(JsonItem item) {
        if (!item.type().equals("Sequence")) {
            return item.type().equals("ByteLevel");
        }
        List<JsonItem> steps = item.get("pretokenizers").items();
        for (int i = 0; i + 1 < steps.size(); i++) {
            if (endsAtBytes(steps.get(i))) {
                throw steps.get(i).refused("a ByteLevel step that is not the last one");
            }
        }
        return !steps.isEmpty() && endsAtBytes(steps.get(steps.size() - 1));
    }

    private static void addPreTokenizers(JsonItem item, List<PreTokenizer> steps) {
        switch (item.type()) {
            case "Sequence" -> item.get("pretokenizers").items().forEach(step -> addPreTokenizers(step, steps));
            case "ByteLevel" -> {
                if (item.flag("add_prefix_space", true)) {
                    steps.add(new PreTokenizer.Prefix(' ', PreTokenizer.Prefix.Where.EVERY_PIECE));
                }
                if (item.flag("use_regex", true)) {
                    steps.add(split(SplitPattern.of(GPT2_PATTERN, item.path()), SplitBehavior.ISOLATED));
                }
            }
            case "Split" ->
                steps.add(new PreTokenizer.Split(
                        pattern(item.get("pattern")), behavior(item.get("behavior")), item.flag("invert", false)));
            case "Digits" ->
                steps.add(split(
                        SplitPattern.ofSet(CodePointSet.ofCategories(UnicodeTable.NUMBER)),
                        item.flag("individual_digits", false) ? SplitBehavior.ISOLATED : SplitBehavior.CONTIGUOUS));
            case "Punctuation" ->
                steps.add(split(
                        SplitPattern.ofSet(punctuation()),
                        item.has("behavior") ? behavior(item.get("behavior")) : SplitBehavior.ISOLATED));
            case "WhitespaceSplit" -> steps.add(split(SplitPattern.ofSet(CodePointSet.SPACE), SplitBehavior.REMOVED));
            case "Whitespace" -> steps.add(whitespace());
            case "Metaspace" -> addMetaspace(item, steps);
            default -> throw item.refused("the pre-tokenizer " + item.type());
        }
    }

    private static PreTokenizer split(SplitPattern pattern, SplitBehavior behavior) {
        return new PreTokenizer.Split(pattern, behavior, false);
    }

    private static CodePointSet punctuation() {
        return new CodePointSet.Builder()
                .categories(UnicodeTable.PUNCTUATION)
                .range('!', '/')
                .range(':', '@')
                .range('[', '`')
                .range('{', '~')
                .build();
    }

    private static PreTokenizer whitespace() {
        CodePointSet neither = new CodePointSet.Builder()
                .set(CodePointSet.WORD_AND_JOINERS)
                .set(CodePointSet.SPACE)
                .negate()
                .build();
        PatternNode words = new PatternNode.FirstOf(List.of(
                new PatternNode.Repeat(
                        new PatternNode.One(CodePointSet.WORD_AND_JOINERS),
                        1,
                        Integer.MAX_VALUE,
                        PatternNode.Greed.MOST),
                new PatternNode.Repeat(new PatternNode.One(neither), 1, Integer.MAX_VALUE, PatternNode.Greed.MOST)));
        return new PreTokenizer.Split(SplitPattern.of(words), SplitBehavior.REMOVED, true);
    }

    private static void addMetaspace(JsonItem item, List<PreTokenizer> steps) {
        char replacement = item.get("replacement").character();
        steps.add(new PreTokenizer.Spaces(replacement));
        switch (prependScheme(item)) {
            case "always" -> steps.add(new PreTokenizer.Prefix(replacement, PreTokenizer.Prefix.Where.EVERY_PIECE));
            case "first" -> steps.add(new PreTokenizer.Prefix(replacement, PreTokenizer.Prefix.Where.OPENING_PIECE));
            default -> {}
        }
        if (item.flag("split", true)) {
            SplitPattern mark = SplitPattern.ofSet(CodePointSet.of(replacement));
            steps.add(split(mark, SplitBehavior.MERGED_WITH_NEXT));
        }
    }

    private static String prependScheme(JsonItem item) {
        boolean prefix = item.flag("add_prefix_space", true);
        if (!item.has("prepend_scheme")) {
            return prefix ? "always" : "never";
        }
        JsonItem scheme = item.get("prepend_scheme");
        if (!List.of("always", "first", "never").contains(scheme.text())) {
            throw scheme.expected("always, first or never");
        }
        if (!prefix && !scheme.text().equals("never")) {
            throw scheme.expected("never, since add_prefix_space is false");
        }
        return scheme.text();
    }

    private static SplitBehavior behavior(JsonItem item) {
        for (SplitBehavior behavior : SplitBehavior.values()) {
            if (behavior.label().equals(item.text())) {
                return behavior;
            }
        }
        throw item.refused("the behavior " + item.text());
    }

    static TokenDecoder decoder(JsonItem item) {
        return switch (item.type()) {
            case "Sequence" -> {
                List<JsonItem> steps = item.get("decoders").items();
                yield steps.size() == 1
                        ? decoder(steps.get(0))
                        : new TokenDecoder.InOrder(
                                steps.stream().map(ComponentReader::decoder).toList());
            }
            case "ByteLevel" -> new TokenDecoder.ByteLevel();
            case "ByteFallback" -> new TokenDecoder.ByteFallback();
            case "Fuse" -> new TokenDecoder.Fuse();
            case "Replace" -> new TokenDecoder.Replace(replace(item));
            case "Strip" ->
                new TokenDecoder.Strip(
                        item.get("content").codePoint(), count(item.get("start")), count(item.get("stop")));
            case "Metaspace" ->
                new TokenDecoder.Metaspace(
                        item.get("replacement").character(),
                        !prependScheme(item).equals("never"));
            default -> throw item.refused("the decoder " + item.type());
        };
    }

    private static int count(JsonItem item) {
        long value = item.number();
        if (value < 0 || value > Integer.MAX_VALUE) {
            throw item.expected("a count");
        }
        return (int) value;
    }

    /** Adds the ids that a post-processor puts before and behind a text, the outermost last. */
    static void addProcessor(JsonItem item, Vocabulary vocabulary, List<int[]> before, List<int[]> behind) {
        switch (item.type()) {
            case "Sequence" ->
                item.get("processors").items().forEach(part -> addProcessor(part, vocabulary, before, behind));
            case "ByteLevel" -> {}
            case "RobertaProcessing", "BertProcessing" -> {
                before.add(new int[] {pairId(item.get("cls"), vocabulary)});
                behind.add(new int[] {pairId(item.get("sep"), vocabulary)});
            }
            case "TemplateProcessing" -> addTemplate(item, vocabulary, before, behind);
            default -> throw item.refused("the post-processor " + item.type());
        }
    }

    private static int pairId(JsonItem pair, Vocabulary vocabulary) {
        List<JsonItem> parts = pair.items();
        if (parts.size() != 2) {
            throw pair.expected("a token and its id");
        }
        return knownId(parts.get(1), vocabulary);
    }

    private static int knownId(JsonItem item, Vocabulary vocabulary) {
        long id = item.number();
        if (id < 0 || id >= vocabulary.end() || vocabulary.token((int) id) == null) {
            throw item.expected("the id of a token");
        }
        return (int) id;
    }

    private static void addTemplate(JsonItem item, Vocabulary vocabulary, List<int[]> before, List<int[]> behind) {
        IntBuffer ids = new IntBuffer();
        int texts = 0;
        JsonItem single = item.get("single");
        for (JsonItem piece : single.items()) {
            if (piece.has("SpecialToken")) {
                JsonItem name = piece.get("SpecialToken").get("id");
                for (JsonItem id :
                        item.get("special_tokens").get(name.text()).get("ids").items()) {
                    ids.add(knownId(id, vocabulary));
                }
            } else if (piece.get("Sequence").get("id").text().equals("A")) {
                before.add(ids.toArray());
                ids.clear();
                texts++;
            } else {
                throw piece.refused("a second text");
            }
        }
        if (texts != 1) {
            throw single.expected("the text A exactly once");
        }
        behind.add(ids.toArray());
    }
}
