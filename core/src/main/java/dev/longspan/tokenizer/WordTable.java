package dev.longspan.tokenizer;

/** Finds the token that a word is as a whole, by the word's bytes. Immutable. */
final class WordTable {
    private final SecretHash hash = new SecretHash();
    private final ByteStrings words;
    private final int[] slots;
    private final int longest;

    /**
     * Makes a table.
     *
     * @param words the words by id; an empty one stands for no word
     */
    WordTable(ByteStrings words) {
        this.words = words;
        slots = new int[Integer.highestOneBit(Math.max(words.size(), 8)) * 4];
        int max = 0;
        for (int id = 0; id < words.size(); id++) {
            int length = words.length(id);
            if (length > 0) {
                int slot = words.hash(id, hash) & slots.length - 1;
                while (slots[slot] != 0) {
                    slot = slot + 1 & slots.length - 1;
                }
                slots[slot] = id + 1;
                max = Math.max(max, length);
            }
        }
        longest = max;
    }

    int size() {
        return words.size();
    }

    /** {@return the length of the longest word in bytes} */
    int longest() {
        return longest;
    }

    /** {@return the id of the word that these bytes are, or -1} */
    int find(byte[] bytes, int from, int to) {
        if (to - from > longest) {
            return -1;
        }
        int slot = hash.of(bytes, from, to) & slots.length - 1;
        while (slots[slot] != 0) {
            if (words.equals(slots[slot] - 1, bytes, from, to)) {
                return slots[slot] - 1;
            }
            slot = slot + 1 & slots.length - 1;
        }
        return -1;
    }
}
