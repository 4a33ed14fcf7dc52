package dev.longspan.cli;

/** The beginning of a text as one line. */
final class Excerpt {
    /** How much of a text is looked at for each character wanted: line ends and white space are folded. */
    private static final int SPARE = 4;

    private Excerpt() {}

    /** {@return at most so many characters, ended by an ellipsis if there are more} */
    static String of(String text, int most) {
        String begin = cut(text.stripLeading(), most * SPARE);
        String line = Fault.oneLine(begin);
        boolean whole = begin.length() == text.stripLeading().length() && line.length() <= most;
        return whole ? line : cut(line, most - 1).stripTrailing() + "…";
    }

    /** Never cuts a pair of surrogates. */
    private static String cut(String text, int most) {
        if (text.length() <= most) {
            return text;
        }
        return text.substring(0, Character.isHighSurrogate(text.charAt(most - 1)) ? most - 1 : most);
    }
}
