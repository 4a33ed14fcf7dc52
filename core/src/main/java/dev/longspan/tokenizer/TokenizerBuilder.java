package dev.longspan.tokenizer;

import dev.longspan.spi.ModelLoadException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Puts the parts of a tokenizer together from what its file says. */
final class TokenizerBuilder {
    /** The search for added tokens costs their length at every place of a text. */
    private static final int MAX_ADDED_TOKEN = 512;

    private final TokenizerReader file;
    private final Vocabulary vocabulary;
    private final BitSet special = new BitSet();
    private final BitSet added = new BitSet();
    private final AddedTokens rawTokens = new AddedTokens();
    private final AddedTokens normalizedTokens = new AddedTokens();
    private final @Nullable Normalizer normalizer;
    private final List<PreTokenizer> preTokenizers;
    private final boolean byteLevel;
    private final @Nullable TokenDecoder decoder;
    private final BytePairModel model;
    private final IntBuffer before = new IntBuffer();
    private final IntBuffer behind = new IntBuffer();

    TokenizerBuilder(TokenizerReader file) {
        this.file = file;
        vocabulary = file.vocabulary();
        JsonItem rewriting = file.part("normalizer");
        normalizer = rewriting == null ? null : ComponentReader.normalizer(rewriting);
        JsonItem cutting = file.part("pre_tokenizer");
        byteLevel = cutting != null && ComponentReader.endsAtBytes(cutting);
        preTokenizers = cutting == null ? List.of() : ComponentReader.preTokenizer(cutting);
        JsonItem joining = file.part("decoder");
        decoder = joining == null ? null : ComponentReader.decoder(joining);
        checkModel();
        JsonItem list = file.part("added_tokens");
        List<JsonItem> items = list == null ? List.of() : list.items();
        List<AddedToken> tokens =
                items.stream().map(TokenizerBuilder::addedToken).toList();
        markSpecial(tokens);
        file.merges().drop(special);
        model = buildModel();
        addTokens(tokens, items);
        addAround();
    }

    private void checkModel() {
        JsonItem type = file.modelPart("type");
        if (type != null && !type.text().equals("BPE")) {
            throw type.refused("the model " + type.text());
        }
        JsonItem dropout = file.modelPart("dropout");
        if (dropout != null && !(dropout.node().isNumber() && dropout.node().doubleValue() == 0)) {
            throw dropout.refused("dropout");
        }
        for (String name : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
            JsonItem affix = file.modelPart(name);
            if (affix != null && !affix.text().isEmpty()) {
                throw affix.refused("a mark on parts of words");
            }
        }
    }

    private BytePairModel buildModel() {
        boolean byteFallback = modelFlag("byte_fallback");
        int[] byteSymbols = byteLevel ? alphabetSymbols(byteFallback) : byteFallback ? fallbackSymbols() : null;
        WordTable words = new WordTable(wordBytes());
        return new BytePairModel(
                byteLevel,
                byteSymbols,
                byteLevel ? new int[0] : codePointSymbols(),
                unknown(),
                modelFlag("fuse_unk"),
                file.merges(),
                words,
                modelFlag("ignore_merges"));
    }

    private boolean modelFlag(String name) {
        JsonItem flag = file.modelPart(name);
        if (flag == null) {
            return false;
        }
        if (!flag.node().isBoolean()) {
            throw flag.expected("true or false");
        }
        return flag.node().booleanValue();
    }

    private int unknown() {
        JsonItem name = file.modelPart("unk_token");
        if (name == null) {
            return -1;
        }
        int id = vocabulary.id(name.text());
        if (id < 0) {
            throw name.expected("a token of model.vocab");
        }
        return id;
    }

    private int[] alphabetSymbols(boolean byteFallback) {
        int[] symbols = new int[256];
        for (int value = 0; value < symbols.length; value++) {
            symbols[value] = vocabulary.id(String.valueOf(ByteAlphabet.toChar(value)));
            if (symbols[value] < 0 && byteFallback) {
                throw new ModelLoadException(
                        TokenizerReader.FILE,
                        "model.byte_fallback",
                        "is not supported at byte level unless all 256 bytes are tokens");
            }
        }
        return symbols;
    }

    private int[] fallbackSymbols() {
        int[] symbols = new int[256];
        for (int value = 0; value < symbols.length; value++) {
            symbols[value] = vocabulary.id(String.format("<0x%02X>", value));
        }
        return symbols;
    }

    private int[] codePointSymbols() {
        int[] symbols = new int[256];
        Arrays.fill(symbols, -1);
        boolean byteFallback = modelFlag("byte_fallback");
        for (int id = 0; id < file.modelTokens(); id++) {
            // a letter that is a control token can still be written in bytes
            String token = byteFallback && special.get(id) ? null : vocabulary.token(id);
            if (token != null && !token.isEmpty() && token.codePointCount(0, token.length()) == 1) {
                int codePoint = token.codePointAt(0);
                if (codePoint >= symbols.length) {
                    int known = symbols.length;
                    symbols = Arrays.copyOf(symbols, Math.min(Character.MAX_CODE_POINT + 1, codePoint * 2));
                    Arrays.fill(symbols, known, symbols.length, -1);
                }
                symbols[codePoint] = id;
            }
        }
        return symbols;
    }

    /**
     * {@return what each token of the model is in a text after all steps before the merges}
     *
     * <p>Control tokens are left out, as are the merges that make them: they are found before any word is, or not at all.
     */
    private ByteStrings wordBytes() {
        ByteStrings.Builder words = new ByteStrings.Builder();
        for (int id = 0; id < file.modelTokens(); id++) {
            String token = vocabulary.token(id);
            byte[] bytes = token == null || special.get(id)
                    ? null
                    : byteLevel ? ByteAlphabet.toBytes(token) : token.getBytes(StandardCharsets.UTF_8);
            words.add(bytes == null ? new byte[0] : bytes);
        }
        return words.build();
    }

    /** Notes which of the model's own tokens are control tokens, before the model is built. */
    private void markSpecial(List<AddedToken> tokens) {
        for (AddedToken token : tokens) {
            if (token.special() && vocabulary.token(token.id()) != null) {
                special.set(token.id());
            }
        }
    }

    private void addTokens(List<AddedToken> tokens, List<JsonItem> items) {
        for (int i = 0; i < tokens.size(); i++) {
            AddedToken token = tokens.get(i);
            JsonItem item = items.get(i);
            addToVocabulary(token, item);
            if (added.get(token.id())) {
                throw item.refused("an added token that is there twice");
            }
            added.set(token.id());
            special.set(token.id(), token.special());
            if (!token.normalized()) {
                rawTokens.add(token.content(), token);
            } else if (normalizer == null) {
                normalizedTokens.add(token.content(), token);
            } else {
                normalizedTokens.add(
                        normalizer.apply(MarkedChars.plain(token.content())).text(), token);
            }
        }
    }

    private static AddedToken addedToken(JsonItem item) {
        JsonItem id = item.get("id");
        if (id.number() < 0 || id.number() > Integer.MAX_VALUE) {
            throw id.expected("an id");
        }
        if (item.get("content").text().length() > MAX_ADDED_TOKEN) {
            throw item.get("content").expected("at most " + MAX_ADDED_TOKEN + " chars");
        }
        boolean isSpecial = item.flag("special", false);
        return new AddedToken(
                (int) id.number(),
                item.get("content").text(),
                item.flag("single_word", false),
                item.flag("lstrip", false),
                item.flag("rstrip", false),
                item.flag("normalized", !isSpecial),
                isSpecial);
    }

    private void addToVocabulary(AddedToken token, JsonItem item) {
        int known = vocabulary.id(token.content());
        if (known < 0) {
            vocabulary.add(token.content(), token.id(), item.path());
        } else if (known != token.id()) {
            throw item.get("id").expected(known + ", which model.vocab gives " + token.content());
        }
    }

    private void addAround() {
        JsonItem item = file.part("post_processor");
        if (item == null) {
            return;
        }
        List<int[]> fronts = new ArrayList<>();
        List<int[]> backs = new ArrayList<>();
        ComponentReader.addProcessor(item, vocabulary, fronts, backs);
        for (int i = fronts.size() - 1; i >= 0; i--) {
            before.addAll(fronts.get(i));
        }
        backs.forEach(behind::addAll);
    }

    /** {@return the bytes of every token, added ones included} */
    ByteStrings tokenBytes() {
        ByteStrings.Builder all = new ByteStrings.Builder();
        for (int id = 0; id < vocabulary.end(); id++) {
            String token = vocabulary.token(id);
            byte[] content = token == null ? new byte[0] : token.getBytes(StandardCharsets.UTF_8);
            boolean asItIs = decoder instanceof TokenDecoder.ByteLevel && added.get(id);
            all.add(decoder == null || asItIs ? content : decoder.bytes(content));
        }
        return all.build();
    }

    Vocabulary vocabulary() {
        return vocabulary;
    }

    BitSet special() {
        return special;
    }

    AddedTokens rawTokens() {
        return rawTokens;
    }

    AddedTokens normalizedTokens() {
        return normalizedTokens;
    }

    @Nullable
    Normalizer normalizer() {
        return normalizer;
    }

    List<PreTokenizer> preTokenizers() {
        return preTokenizers;
    }

    BytePairModel model() {
        return model;
    }

    @Nullable
    TokenDecoder decoder() {
        return decoder;
    }

    int[] before() {
        return before.toArray();
    }

    int[] behind() {
        return behind.toArray();
    }
}
