package dev.longspan.tokenizer;

/** Finds surrogates without their other half: no code points, so no tokenizer knows them. */
final class LoneSurrogates {
    private LoneSurrogates() {}

    /** {@return whether a text has any} */
    static boolean in(String text) {
        return next(text, 0) < text.length();
    }

    /** {@return the text with U+FFFD in the place of each} */
    static String replaced(String text) {
        int at = next(text, 0);
        if (at == text.length()) {
            return text;
        }
        StringBuilder repaired = new StringBuilder(text);
        while (at < text.length()) {
            repaired.setCharAt(at, '\uFFFD');
            at = next(text, at + 1);
        }
        return repaired.toString();
    }

    private static int next(String text, int from) {
        int at = from;
        while (at < text.length()) {
            if (Character.isSurrogate(text.charAt(at))) {
                if (!Character.isSupplementaryCodePoint(text.codePointAt(at))) {
                    return at;
                }
                at++;
            }
            at++;
        }
        return text.length();
    }
}
