package dev.longspan.engine;

import dev.longspan.text.MarkedText;
import dev.longspan.text.ThinkingTags;
import dev.longspan.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** What the tokens of an answer mean to the engine: which of them end it, the bytes of the others, and how it forces some. */
public final class Vocabulary {
    private static final byte[] NOTHING = new byte[0];
    private static final byte[] THINK = ThinkingTags.OPEN.getBytes(StandardCharsets.UTF_8);

    private final Tokenizer tokenizer;
    private final Set<Integer> endIds;
    private final Set<Integer> tagIds;
    private final int[] behindThinking;
    private final int[] closing;
    private final int[] closingOnNewLine;

    /**
     * Makes a vocabulary.
     *
     * @param tokenizer the model's tokenizer
     * @param endIds the ids that end an answer
     * @param tagIds the ids of tags that the output parser knows, which are shown to it even where they are control tokens
     * @param behindThinking what the template puts between the end of thinking and the answer
     */
    public Vocabulary(Tokenizer tokenizer, Set<Integer> endIds, Set<Integer> tagIds, String behindThinking) {
        this.tokenizer = tokenizer;
        this.endIds = Set.copyOf(endIds);
        this.tagIds = Set.copyOf(tagIds);
        this.behindThinking = tokenizer.encode(behindThinking);
        this.closing = tokenizer.encode(ThinkingTags.CLOSE + behindThinking);
        this.closingOnNewLine = tokenizer.encode("\n" + ThinkingTags.CLOSE + behindThinking);
    }

    /** {@return the tokens that end an answer, as text, by ascending id} */
    public Map<Integer, String> endTokens() {
        Map<Integer, String> tokens = new TreeMap<>();
        for (int id : endIds) {
            String token = tokenizer.token(id);
            tokens.put(id, token == null ? "" : token);
        }
        return tokens;
    }

    /** {@return the ids of a text that the engine writes for the model; no control token forms inside its marks} */
    public int[] encode(MarkedText text) {
        return tokenizer.encode(text, id -> false);
    }

    boolean isEnd(int id) {
        return endIds.contains(id);
    }

    /** {@return the bytes that a token adds to the answer: none for a control token} */
    byte[] visibleBytes(int id) {
        return tokenizer.isSpecial(id) && !tagIds.contains(id) ? NOTHING : tokenizer.bytes(id);
    }

    /** {@return whether a token, as the first of an answer, opens a thinking block} */
    boolean opensThinking(int id) {
        byte[] bytes = visibleBytes(id);
        int start = 0;
        while (start < bytes.length && (bytes[start] == ' ' || bytes[start] == '\n')) {
            start++;
        }
        int end = start + THINK.length;
        return end <= bytes.length && Arrays.equals(bytes, start, end, THINK, 0, THINK.length);
    }

    /** {@return the ids that close a thinking block in the model's own context} */
    int[] closingOfThinking(boolean onNewLine) {
        return onNewLine ? closingOnNewLine : closing;
    }

    /** {@return the ids of what the template puts between the end of thinking and the answer} */
    int[] behindThinking() {
        return behindThinking;
    }
}
