package dev.longspan.template;

/** The large letter sigma made small, which is another letter at the end of a word. */
final class Sigma {
    private static final char LARGE = 'Σ';
    private static final char SMALL = 'σ';
    private static final char FINAL = 'ς';
    /** Marks within words that are of no category of their own: apostrophes, dots and colons. */
    private static final String WITHIN_WORDS =
            "'.:\u00b7\u0387\u055f\u05f4\u2018\u2019\u2024\u2027" + "\ufe13\ufe52\ufe55\uff07\uff0e\uff1a";

    private Sigma() {}

    /** A text with its large sigmas made small; the platform would look at the whole text for each of them. */
    static String lower(String text) {
        int at = text.indexOf(LARGE);
        if (at < 0) {
            return text;
        }
        StringBuilder lower = new StringBuilder(text);
        for (; at >= 0; at = text.indexOf(LARGE, at + 1)) {
            lower.setCharAt(at, endsWord(text, at) ? FINAL : SMALL);
        }
        return lower.toString();
    }

    private static boolean endsWord(String text, int at) {
        int before = at;
        while (before > 0 && isIgnored(text.codePointBefore(before))) {
            before -= Character.charCount(text.codePointBefore(before));
        }
        int behind = at + 1;
        while (behind < text.length() && isIgnored(text.codePointAt(behind))) {
            behind += Character.charCount(text.codePointAt(behind));
        }
        return before > 0
                && TextFunctions.isCased(text.codePointBefore(before))
                && (behind == text.length() || !TextFunctions.isCased(text.codePointAt(behind)));
    }

    private static boolean isIgnored(int c) {
        return switch (Character.getType(c)) {
            case Character.NON_SPACING_MARK,
                    Character.ENCLOSING_MARK,
                    Character.FORMAT,
                    Character.MODIFIER_LETTER,
                    Character.MODIFIER_SYMBOL -> true;
            default -> WITHIN_WORDS.indexOf(c) >= 0;
        };
    }
}
