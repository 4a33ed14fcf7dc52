package dev.longspan.tokenizer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Writes the bundled table of general categories from the Unicode data of the running JVM. Java 25 knows Unicode 16:
 * {@code java core/src/test/java/dev/longspan/tokenizer/UnicodeTableGenerator.java
 * core/src/main/resources/dev/longspan/tokenizer/unicode-16.txt}, run with a JDK 25.
 */
final class UnicodeTableGenerator {
    private static final String[] NAMES = {
        "Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Me", "Mc", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "", "Co",
        "Cs", "Pd", "Ps", "Pe", "Pc", "Po", "Sm", "Sc", "Sk", "So", "Pi", "Pf"
    };

    private UnicodeTableGenerator() {}

    public static void main(String[] arguments) throws IOException {
        if (Runtime.version().feature() != 25) {
            throw new IllegalStateException("needs Java 25, which knows Unicode 16; this is " + Runtime.version());
        }
        Files.writeString(Path.of(arguments[0]), table(), StandardCharsets.US_ASCII);
    }

    /** One line per run of code points of one category: the first one in hexadecimal, then the category. */
    private static String table() {
        StringBuilder table = new StringBuilder();
        int previous = -1;
        for (int codePoint = 0; codePoint <= Character.MAX_CODE_POINT; codePoint++) {
            int type = Character.getType(codePoint);
            if (type != previous) {
                table.append(Integer.toHexString(codePoint))
                        .append(' ')
                        .append(NAMES[type])
                        .append('\n');
                previous = type;
            }
        }
        return table.toString();
    }
}
