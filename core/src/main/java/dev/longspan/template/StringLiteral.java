package dev.longspan.template;

/** Reads a quoted string of a template, with Python's escapes. */
final class StringLiteral {
    private final String source;
    private final Place place;
    private final StringBuilder value = new StringBuilder();
    private int position;

    /** Reads the literal whose opening quote is at {@code start}. */
    StringLiteral(String source, int start, Place place) {
        this.source = source;
        this.place = place;
        char quote = source.charAt(start);
        position = start + 1;
        while (peek() != quote) {
            char c = source.charAt(position++);
            if (c == '\\') {
                escape();
            } else {
                value.append(c);
            }
        }
        position++;
    }

    String value() {
        return value.toString();
    }

    int end() {
        return position;
    }

    private char peek() {
        if (position >= source.length()) {
            throw place.syntax("a string is never closed");
        }
        return source.charAt(position);
    }

    private void escape() {
        char c = peek();
        position++;
        switch (c) {
            case '\n' -> {}
            case '\\', '\'', '"' -> value.append(c);
            case 'n' -> value.append('\n');
            case 't' -> value.append('\t');
            case 'r' -> value.append('\r');
            case 'a' -> value.append('\u0007');
            case 'b' -> value.append('\b');
            case 'f' -> value.append('\f');
            case 'v' -> value.append('\u000b');
            case 'x' -> code(2, 16);
            case 'u' -> code(4, 16);
            case 'U' -> code(8, 16);
            case 'N' -> throw place.syntax("escapes by character name (\\N) are not supported in strings");
            case '0', '1', '2', '3', '4', '5', '6', '7' -> octal();
            default -> value.append('\\').append(c);
        }
    }

    private void octal() {
        int start = position - 1;
        while (position < source.length() && position < start + 3 && Character.digit(source.charAt(position), 8) >= 0) {
            position++;
        }
        value.appendCodePoint(Integer.parseInt(source.substring(start, position), 8));
    }

    private void code(int digits, int radix) {
        int end = position + digits;
        long code = 0;
        for (; position < end; position++) {
            int digit = Character.digit(peek(), radix);
            if (digit < 0) {
                throw place.syntax("a string has an escape with fewer than " + digits + " hexadecimal digits");
            }
            code = code * radix + digit;
        }
        if (code > Character.MAX_CODE_POINT) {
            throw place.syntax("a string has an escape beyond the last code point");
        }
        value.appendCodePoint((int) code);
    }
}
