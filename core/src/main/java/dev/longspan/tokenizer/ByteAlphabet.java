package dev.longspan.tokenizer;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The 256 printable characters that stand for bytes in the vocabularies of byte-level models: printable Latin-1 stands
 * for itself, the other bytes take the characters from U+0100 on in their order (the encoder of GPT-2).
 */
final class ByteAlphabet {
    private static final char[] CHARS = chars();
    private static final short[] BYTES = bytes();

    private ByteAlphabet() {}

    /** {@return the character that stands for a byte, given as 0..255} */
    static char toChar(int value) {
        return CHARS[value];
    }

    /** {@return the bytes that a token's characters stand for, or null if one of them stands for none} */
    static byte @Nullable [] toBytes(String token) {
        byte[] bytes = new byte[token.length()];
        for (int i = 0; i < bytes.length; i++) {
            char c = token.charAt(i);
            if (c >= BYTES.length || BYTES[c] < 0) {
                return null;
            }
            bytes[i] = (byte) BYTES[c];
        }
        return bytes;
    }

    private static char[] chars() {
        char[] chars = new char[256];
        char next = 256;
        for (int value = 0; value < chars.length; value++) {
            boolean printable = (value >= '!' && value <= '~')
                    || (value >= 0xA1 && value <= 0xAC)
                    || (value >= 0xAE && value <= 0xFF);
            chars[value] = printable ? (char) value : next++;
        }
        return chars;
    }

    private static short[] bytes() {
        short[] bytes = new short[512];
        Arrays.fill(bytes, (short) -1);
        for (int value = 0; value < CHARS.length; value++) {
            bytes[CHARS[value]] = (short) value;
        }
        return bytes;
    }
}
