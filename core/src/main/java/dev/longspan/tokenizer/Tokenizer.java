package dev.longspan.tokenizer;

import dev.longspan.spi.ModelLoadException;
import dev.longspan.text.MarkedText;
import dev.longspan.text.Origin;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Text to token ids and back, as the Hugging Face library does it for byte-pair models. Made from a
 * {@code tokenizer.json}. Immutable; any number of threads may use it.
 *
 * <p>A lone surrogate in a text counts as U+FFFD. Settings for truncation and padding in the file are not followed.
 */
public final class Tokenizer {
    private static final int BYTE_ORDER_MARK = 0xFEFF;

    private final Vocabulary vocabulary;
    private final ByteStrings bytes;
    private final BitSet special;
    private final AddedTokens rawTokens;
    private final AddedTokens normalizedTokens;
    private final @Nullable Normalizer normalizer;
    private final List<PreTokenizer> preTokenizers;
    private final BytePairModel model;
    private final @Nullable TokenDecoder decoder;
    private final int[] before;
    private final int[] behind;

    Tokenizer(TokenizerBuilder parts) {
        vocabulary = parts.vocabulary();
        bytes = parts.tokenBytes();
        special = parts.special();
        rawTokens = parts.rawTokens();
        normalizedTokens = parts.normalizedTokens();
        normalizer = parts.normalizer();
        preTokenizers = parts.preTokenizers();
        model = parts.model();
        decoder = parts.decoder();
        before = parts.before();
        behind = parts.behind();
    }

    /**
     * Loads a tokenizer.
     *
     * @param file a file in the form of {@code tokenizer.json}
     * @return the tokenizer
     * @throws ModelLoadException if the file is missing or broken, or asks for something that is not known here
     */
    public static Tokenizer load(Path file) {
        // a reader made by Files refuses bytes that are no UTF-8
        try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            reader.mark(1);
            if (reader.read() != BYTE_ORDER_MARK) {
                reader.reset();
            }
            return read(reader);
        } catch (NoSuchFileException e) {
            throw new ModelLoadException(TokenizerReader.FILE, "", "does not exist: " + file, e);
        } catch (IOException e) {
            throw TokenizerReader.unreadable(e);
        }
    }

    /**
     * Reads a tokenizer.
     *
     * @param source the text of a {@code tokenizer.json}
     * @return the tokenizer
     * @throws ModelLoadException if the text is broken or asks for something that is not known here
     */
    public static Tokenizer read(Reader source) {
        return new Tokenizer(new TokenizerBuilder(TokenizerReader.read(source)));
    }

    /**
     * Encodes a text whose control tokens all count.
     *
     * @param text the text
     * @return its ids, without those that the file puts around a text
     */
    public int[] encode(String text) {
        return encode(text, (id, start, end) -> true, null);
    }

    /**
     * Encodes a text and puts around it the ids that the file says.
     *
     * @param text the text
     * @return its ids
     */
    public int[] encodeWithSpecialTokens(String text) {
        IntBuffer ids = new IntBuffer();
        ids.addAll(before);
        ids.addAll(encode(text));
        ids.addAll(behind);
        return ids.toArray();
    }

    /**
     * Encodes a text of which some ranges are marked. A control token (an added token that is special) is not matched if
     * any of its characters is marked; in ranges of an assistant those may form that are allowed to. All else sees one
     * text without marks, so the other ids do not depend on them. No merge makes a control token, nor is a whole word
     * one, though a single byte or letter is where it cannot be written otherwise.
     *
     * @param text the text and its marks
     * @param allowedInAssistant says of the id of a control token whether it may form in a range of an assistant
     * @return its ids, without those that the file puts around a text
     */
    public int[] encode(MarkedText text, IntPredicate allowedInAssistant) {
        if (text.marks().isEmpty()) {
            return encode(text.text());
        }
        MarkedGuard guard = new MarkedGuard(text.marks(), allowedInAssistant);
        return encode(text.text(), guard, guard);
    }

    private int[] encode(String input, AddedTokens.Guard guard, @Nullable MarkedGuard marks) {
        String text = LoneSurrogates.replaced(input);
        IntBuffer ids = new IntBuffer();
        BytePairEncoder encoder = new BytePairEncoder(model);
        rawTokens.split(text, guard, new AddedTokens.Parts() {
            @Override
            public void text(int start, int end) {
                encodeBetween(text, start, end, marks, encoder, ids);
            }

            @Override
            public void token(int id) {
                ids.add(id);
            }
        });
        return ids.toArray();
    }

    private void encodeBetween(
            String text, int start, int end, @Nullable MarkedGuard marks, BytePairEncoder encoder, IntBuffer ids) {
        MarkedChars part = new MarkedChars(
                text.substring(start, end),
                marks != null && normalizedTokens.holdsSpecial() ? marks.charMarks(start, end) : null);
        MarkedChars normalized = normalizer == null ? part : normalizer.apply(part);
        String content = normalized.text();
        byte[] charMarks = normalized.marks();
        AddedTokens.Guard guard = (id, from, to) ->
                charMarks == null || marks == null || marks.allows(id, MarkedChars.strongest(charMarks, from, to));
        normalizedTokens.split(content, guard, new AddedTokens.Parts() {
            @Override
            public void text(int from, int to) {
                encodeWords(Pieces.whole(content.substring(from, to), start == 0 && from == 0), encoder, ids);
            }

            @Override
            public void token(int id) {
                ids.add(id);
            }
        });
    }

    private void encodeWords(Pieces text, BytePairEncoder encoder, IntBuffer ids) {
        Pieces words = text;
        for (PreTokenizer step : preTokenizers) {
            words = step.apply(words);
        }
        for (int word = 0; word < words.count(); word++) {
            encoder.encode(words.text(), words.start(word), words.end(word), ids);
        }
    }

    /**
     * Gives the bytes that a token adds to a text. A control token's are its name; whether they belong into a text is
     * for the caller to say, see {@link #isSpecial(int)}. What the file strips from the beginning of a text is not
     * taken off here.
     *
     * @param id the id of a token; an id that no token has gives no bytes
     * @return its bytes, maybe not whole characters
     */
    public byte[] bytes(int id) {
        return id >= 0 && id < bytes.size() ? bytes.get(id) : new byte[0];
    }

    /**
     * Says whether a token is a control token.
     *
     * @param id an id
     * @return whether it is an added token that is special
     */
    public boolean isSpecial(int id) {
        return id >= 0 && special.get(id);
    }

    /**
     * Finds a token by its name.
     *
     * @param token a token as the file writes it
     * @return its id, if there is such a token
     */
    public OptionalInt id(String token) {
        int id = vocabulary.id(token);
        return id < 0 ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /**
     * Gives a token's name.
     *
     * @param id an id
     * @return the token as the file writes it, or null if no token has the id
     */
    public @Nullable String token(int id) {
        return vocabulary.token(id);
    }

    /** {@return one more than the largest id; the model's rows may be more} */
    public int vocabularySize() {
        return vocabulary.end();
    }

    /**
     * Decodes ids to text. Bytes that are no UTF-8 become U+FFFD; an id that no token has is left out.
     *
     * <p>An added token is its name, also where letters of the name stand for bytes in the model's own tokens, as é does at
     * byte level. The Hugging Face library takes such letters for bytes and gives another text than was encoded.
     *
     * @param ids the ids
     * @param skipSpecial whether control tokens are left out
     * @return the text
     */
    public String decode(int[] ids, boolean skipSpecial) {
        List<String> tokens = new ArrayList<>(ids.length);
        StringBuilder text = new StringBuilder();
        IncrementalDecoder utf8 = new IncrementalDecoder();
        boolean byteLevel = decoder instanceof TokenDecoder.ByteLevel;
        for (int id : ids) {
            String token = vocabulary.token(id);
            if (token == null || (skipSpecial && isSpecial(id))) {
                continue;
            }
            if (byteLevel) {
                text.append(utf8.append(bytes.get(id)));
            } else {
                tokens.add(token);
            }
        }
        if (byteLevel) {
            return text.append(utf8.flush()).toString();
        }
        return decoder == null ? String.join(" ", tokens) : String.join("", decoder.apply(tokens));
    }

    /** Knows the marks of a text. */
    private static final class MarkedGuard implements AddedTokens.Guard {
        private final List<MarkedText.Mark> marks;
        private final IntPredicate allowedInAssistant;

        MarkedGuard(List<MarkedText.Mark> marks, IntPredicate allowedInAssistant) {
            this.marks = marks;
            this.allowedInAssistant = allowedInAssistant;
        }

        @Override
        public boolean allows(int id, int start, int end) {
            byte strongest = MarkedChars.NONE;
            for (int i = firstEndingAfter(start);
                    i < marks.size() && marks.get(i).start() < end;
                    i++) {
                strongest = (byte) Math.max(strongest, strength(marks.get(i)));
            }
            return allows(id, strongest);
        }

        boolean allows(int id, byte mark) {
            return mark == MarkedChars.NONE || (mark == MarkedChars.ASSISTANT && allowedInAssistant.test(id));
        }

        private static byte strength(MarkedText.Mark mark) {
            return mark.origin() == Origin.ASSISTANT ? MarkedChars.ASSISTANT : MarkedChars.OUTSIDE;
        }

        private int firstEndingAfter(int position) {
            int low = 0;
            int high = marks.size();
            while (low < high) {
                int middle = (low + high) >>> 1;
                if (marks.get(middle).end() > position) {
                    high = middle;
                } else {
                    low = middle + 1;
                }
            }
            return low;
        }

        /** {@return a mark for each char of a range} */
        byte[] charMarks(int start, int end) {
            byte[] charMarks = new byte[end - start];
            for (int i = firstEndingAfter(start);
                    i < marks.size() && marks.get(i).start() < end;
                    i++) {
                MarkedText.Mark mark = marks.get(i);
                Arrays.fill(
                        charMarks,
                        Math.max(mark.start(), start) - start,
                        Math.min(mark.end(), end) - start,
                        strength(mark));
            }
            return charMarks;
        }
    }
}
