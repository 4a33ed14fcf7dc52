package dev.longspan.tokenizer;

/**
 * Turns bytes into text as they come, whole code points only: bytes of one that is not complete yet wait. Bytes that
 * are no UTF-8 become U+FFFD, one for each longest part that could have begun a code point, wherever the calls cut the
 * bytes. For one thread at a time.
 */
public final class IncrementalDecoder {
    private static final char REPLACEMENT = '\uFFFD';

    private int codePoint;
    private int missing;
    private int lower = 0x80;
    private int upper = 0xBF;
    private boolean replaced;

    /** Makes a decoder that has seen nothing. */
    public IncrementalDecoder() {}

    /**
     * Takes bytes and gives the text that is complete now.
     *
     * @param bytes the next bytes
     * @return the code points that these bytes complete; maybe empty
     */
    public String append(byte[] bytes) {
        StringBuilder text = new StringBuilder(bytes.length);
        for (byte signed : bytes) {
            append(signed & 0xFF, text);
        }
        return text.toString();
    }

    /**
     * Ends the text; the decoder is then as new.
     *
     * @return U+FFFD if bytes of an incomplete code point were waiting, else nothing
     */
    public String flush() {
        boolean incomplete = missing > 0;
        reset();
        replaced |= incomplete;
        return incomplete ? String.valueOf(REPLACEMENT) : "";
    }

    /** {@return whether bytes of an incomplete code point are waiting} */
    public boolean isWaiting() {
        return missing > 0;
    }

    /** {@return whether any bytes so far were replaced} */
    boolean replaced() {
        return replaced;
    }

    private void append(int value, StringBuilder text) {
        if (missing > 0) {
            if (value >= lower && value <= upper) {
                lower = 0x80;
                upper = 0xBF;
                codePoint = codePoint << 6 | (value & 0x3F);
                if (--missing == 0) {
                    text.appendCodePoint(codePoint);
                }
                return;
            }
            replace(text);
        }
        begin(value, text);
    }

    private void begin(int value, StringBuilder text) {
        if (value < 0x80) {
            text.append((char) value);
        } else if (value >= 0xC2 && value <= 0xDF) {
            missing = 1;
            codePoint = value & 0x1F;
        } else if (value >= 0xE0 && value <= 0xEF) {
            missing = 2;
            codePoint = value & 0xF;
            lower = value == 0xE0 ? 0xA0 : 0x80;
            upper = value == 0xED ? 0x9F : 0xBF;
        } else if (value >= 0xF0 && value <= 0xF4) {
            missing = 3;
            codePoint = value & 0x7;
            lower = value == 0xF0 ? 0x90 : 0x80;
            upper = value == 0xF4 ? 0x8F : 0xBF;
        } else {
            replace(text);
        }
    }

    private void replace(StringBuilder text) {
        text.append(REPLACEMENT);
        replaced = true;
        reset();
    }

    private void reset() {
        missing = 0;
        lower = 0x80;
        upper = 0xBF;
    }
}
