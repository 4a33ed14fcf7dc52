package dev.longspan.tokenizer;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * General categories of all code points after Unicode 16, whatever the JVM knows. A set of categories is an {@code int}
 * with one bit for each.
 */
final class UnicodeTable {
    private static final List<String> NAMES = List.of(
            "Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Me", "Mc", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Co",
            "Cs", "Pd", "Ps", "Pe", "Pc", "Po", "Sm", "Sc", "Sk", "So", "Pi", "Pf");
    private static final int BLOCK_BITS = 8;
    private static final int BLOCK = 1 << BLOCK_BITS;

    /** The table that is bundled with this class. */
    static final UnicodeTable BUNDLED = load();

    static final int LETTER = mask("Lu", "Ll", "Lt", "Lm", "Lo");
    static final int MARK = mask("Mn", "Me", "Mc");
    static final int NUMBER = mask("Nd", "Nl", "No");
    static final int DIGIT = mask("Nd");
    static final int PUNCTUATION = mask("Pd", "Ps", "Pe", "Pc", "Po", "Pi", "Pf");
    static final int SYMBOL = mask("Sm", "Sc", "Sk", "So");
    static final int SEPARATOR = mask("Zs", "Zl", "Zp");
    static final int OTHER = mask("Cn", "Cc", "Cf", "Co", "Cs");
    /** What a word consists of, but for the letters in circles, which are symbols. */
    static final int WORD = LETTER | MARK | DIGIT | mask("Nl", "Pc");

    private final short[] blockOf;
    private final byte[] categories;

    private UnicodeTable(short[] blockOf, byte[] categories) {
        this.blockOf = blockOf;
        this.categories = categories;
    }

    /** {@return the set that holds just the category of a code point} */
    int bit(int codePoint) {
        int block = blockOf[codePoint >> BLOCK_BITS];
        return 1 << categories[(block << BLOCK_BITS) + (codePoint & (BLOCK - 1))];
    }

    /**
     * {@return the set of categories that a property name stands for, 0 if the name is not known}
     *
     * @param name a category such as {@code Lu} or a group of them such as {@code L}
     */
    static int categories(String name) {
        return switch (name) {
            case "L" -> LETTER;
            case "M" -> MARK;
            case "N" -> NUMBER;
            case "P" -> PUNCTUATION;
            case "S" -> SYMBOL;
            case "Z" -> SEPARATOR;
            case "C" -> OTHER;
            default -> NAMES.contains(name) ? mask(name) : 0;
        };
    }

    private static int mask(String... names) {
        int mask = 0;
        for (String name : names) {
            mask |= 1 << NAMES.indexOf(name);
        }
        return mask;
    }

    private static UnicodeTable load() {
        byte[] all = new byte[Character.MAX_CODE_POINT + 1];
        try (InputStream in = UnicodeTable.class.getResourceAsStream("unicode-16.txt")) {
            if (in == null) {
                throw new IllegalStateException("the resource unicode-16.txt is not beside its class");
            }
            BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII));
            int from = 0;
            int category = 0;
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                int space = line.indexOf(' ');
                int start = Integer.parseInt(line.substring(0, space), 16);
                Arrays.fill(all, from, start, (byte) category);
                from = start;
                category = NAMES.indexOf(line.substring(space + 1));
            }
            Arrays.fill(all, from, all.length, (byte) category);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return compress(all);
    }

    private static UnicodeTable compress(byte[] all) {
        short[] blockOf = new short[all.length >> BLOCK_BITS];
        byte[] categories = new byte[all.length];
        Map<String, Short> known = new HashMap<>();
        for (int i = 0; i < blockOf.length; i++) {
            String content = new String(all, i << BLOCK_BITS, BLOCK, StandardCharsets.ISO_8859_1);
            Short block = known.get(content);
            if (block == null) {
                block = (short) known.size();
                known.put(content, block);
                System.arraycopy(all, i << BLOCK_BITS, categories, block << BLOCK_BITS, BLOCK);
            }
            blockOf[i] = block;
        }
        return new UnicodeTable(blockOf, Arrays.copyOf(categories, known.size() << BLOCK_BITS));
    }
}
