package dev.longspan.http.chat;

/** What others wrote, as one line of a log may hold it. */
final class LogText {
    private LogText() {}

    /** {@return a text in quotes; what would end the line, or is not to be seen, is written as its number} */
    static String of(String text) {
        StringBuilder line = new StringBuilder("'");
        text.codePoints().forEach(c -> {
            if (c == '\'' || c == '\\') {
                line.append('\\').appendCodePoint(c);
            } else if (Character.isISOControl(c)
                    || Character.getType(c) == Character.FORMAT
                    || Character.getType(c) == Character.LINE_SEPARATOR
                    || Character.getType(c) == Character.PARAGRAPH_SEPARATOR) {
                line.append(String.format("\\u{%x}", c));
            } else {
                line.appendCodePoint(c);
            }
        });
        return line.append("'").toString();
    }
}
