package dev.longspan.template;

import java.util.Locale;

/** Python's {@code str.casefold}. */
final class CaseFolding {
    private static final int CHEROKEE = 0x13A0;
    private static final int CHEROKEE_END = 0x13F5;
    private static final int SMALL_CHEROKEE = 0xAB70;
    private static final int SMALL_CHEROKEE_END = 0xABBF;
    private static final int DOTLESS_I = 0x131;

    private CaseFolding() {}

    static TemplateText fold(TemplateText text) {
        TemplateTextBuilder out = new TemplateTextBuilder();
        Representation.escape(text, out, CaseFolding::fold);
        return out.build(text.isSafe());
    }

    /** Letters one by one: what a letter stands beside plays no part. Cherokee folds to its large letters. */
    private static String fold(int c) {
        if ((c >= CHEROKEE && c <= CHEROKEE_END) || c == DOTLESS_I) {
            return Character.toString(c);
        }
        if (c >= SMALL_CHEROKEE && c <= SMALL_CHEROKEE_END) {
            return Character.toString(c - SMALL_CHEROKEE + CHEROKEE);
        }
        String letter = Character.toString(c);
        String upper = letter.toUpperCase(Locale.ROOT);
        if (c >= 0x13F8 && c <= 0x13FD) {
            return upper;
        }
        // a large letter that stands for two, such as the one for ss, grows once it is small
        return upper.toLowerCase(Locale.ROOT).toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT);
    }
}
