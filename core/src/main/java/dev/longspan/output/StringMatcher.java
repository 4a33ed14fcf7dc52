package dev.longspan.output;

/** Finds a string in a text that comes character by character, in linear time (Knuth, Morris and Pratt). */
final class StringMatcher {
    private final String pattern;
    /** For each length of a matched beginning, the longest shorter beginning that it ends with. */
    private final int[] shorter;

    private int matched;

    StringMatcher(String pattern) {
        this.pattern = pattern;
        this.shorter = new int[pattern.length() + 1];
        int length = 0;
        for (int i = 1; i < pattern.length(); i++) {
            while (length > 0 && pattern.charAt(i) != pattern.charAt(length)) {
                length = shorter[length];
            }
            if (pattern.charAt(i) == pattern.charAt(length)) {
                length++;
            }
            shorter[i + 1] = length;
        }
    }

    int length() {
        return pattern.length();
    }

    /** {@return whether the text now ends with the string} */
    boolean accept(char next) {
        while (matched > 0 && pattern.charAt(matched) != next) {
            matched = shorter[matched];
        }
        if (pattern.charAt(matched) == next) {
            matched++;
        }
        if (matched == pattern.length()) {
            matched = shorter[matched];
            return true;
        }
        return false;
    }

    /** {@return the length of the longest end of the text that could become the string} */
    int matched() {
        return matched;
    }

    void reset() {
        matched = 0;
    }
}
