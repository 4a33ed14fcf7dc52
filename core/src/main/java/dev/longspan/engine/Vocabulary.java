package dev.longspan.engine;

import dev.longspan.tokenizer.Tokenizer;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** What the tokens of an answer mean to the engine: which of them end it, and the bytes of the others. */
public final class Vocabulary {
    private static final byte[] NOTHING = new byte[0];

    private final Tokenizer tokenizer;
    private final Set<Integer> endIds;
    private final Set<Integer> tagIds;

    /**
     * Makes a vocabulary.
     *
     * @param tokenizer the model's tokenizer
     * @param endIds the ids that end an answer
     * @param tagIds the ids of tags that the output parser knows, which are shown to it even where they are control tokens
     */
    public Vocabulary(Tokenizer tokenizer, Set<Integer> endIds, Set<Integer> tagIds) {
        this.tokenizer = tokenizer;
        this.endIds = Set.copyOf(endIds);
        this.tagIds = Set.copyOf(tagIds);
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

    boolean isEnd(int id) {
        return endIds.contains(id);
    }

    /** {@return the bytes that a token adds to the answer: none for a control token} */
    byte[] visibleBytes(int id) {
        return tokenizer.isSpecial(id) && !tagIds.contains(id) ? NOTHING : tokenizer.bytes(id);
    }
}
