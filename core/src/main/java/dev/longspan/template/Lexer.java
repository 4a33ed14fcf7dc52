package dev.longspan.template;

import dev.longspan.template.Token.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Cuts a template into tokens, with {@code trim_blocks} and {@code lstrip_blocks} on. */
final class Lexer {
    /** White space as {@link TextFunctions#isSpace} has it. */
    static final String WHITE = "[\\s\\x1c-\\x1f\\x85\\p{Z}]";

    private static final Pattern RAW = pattern("\\{%([-+]?)\\s*raw\\s*(?:-%}\\s*|%})");
    private static final Pattern END_RAW = pattern("\\{%([-+]?)\\s*endraw\\s*(?:\\+%}|-%}\\s*|%}\\n?)");
    private static final Pattern COMMENT_END = pattern("\\+#}|-#}\\s*|#}\\n?");
    private static final Pattern BLOCK_END = pattern("\\+%}|-%}\\s*|%}\\n?");
    private static final Pattern OUTPUT_END = pattern("-}}\\s*|}}");
    private static final Pattern FLOAT = Pattern.compile(
            "(?<!\\.)(?:\\d+_)*+\\d++(?:(?:\\.(?:\\d+_)*+\\d++)?+[eE][+-]?(?:\\d+_)*+\\d++|\\.(?:\\d+_)*+\\d++)");
    private static final Pattern INTEGER = Pattern.compile(
            "0[bB](?:_?[01])++|0[oO](?:_?[0-7])++|0[xX](?:_?[0-9a-fA-F])++|[1-9](?:_?\\d)*+|0(?:_?0)*+");
    private static final Pattern NAME = Pattern.compile("[\\p{L}_][\\p{L}\\p{N}_]*+");
    private static final Pattern OPERATOR = Pattern.compile("//|\\*\\*|==|!=|>=|<=|[-+/*%~\\[\\](){}><=.:|,;]");

    /** Longer runs of white space are not matched again where a match fails. */
    private static Pattern pattern(String regex) {
        return Pattern.compile(regex.replace("\\s*", WHITE + "*+"));
    }

    private final String source;
    private final int maxDepth;
    private final Map<Pattern, Matcher> matchers = new HashMap<>();
    private final List<Token> tokens = new ArrayList<>();
    private int position;
    /** Whether what was read last ended a line. */
    private boolean atLineStart = true;

    private int placedUpTo;
    private int line = 1;
    private int lineStart;

    Lexer(String source, int maxDepth) {
        this.maxDepth = maxDepth;
        String unix = source.replace("\r\n", "\n").replace('\r', '\n');
        this.source = unix.endsWith("\n") ? unix.substring(0, unix.length() - 1) : unix;
    }

    List<Token> tokens() {
        while (position < source.length()) {
            data();
        }
        add(Kind.END, "", source.length());
        return tokens;
    }

    /** Reads data up to the next tag, and the tag. */
    private void data() {
        int tag = nextTag();
        if (tag < 0) {
            addData(position, source.length());
            position = source.length();
            return;
        }
        char kind = source.charAt(tag + 1);
        char sign = tag + 2 < source.length() ? source.charAt(tag + 2) : ' ';
        addData(position, dataEnd(position, tag, sign, kind != '{'));
        Matcher raw = at(RAW, tag);
        int start = tag;
        position = tag + (sign == '-' || sign == '+' ? 3 : 2);
        if (raw.lookingAt()) {
            position = raw.end();
            raw(start);
        } else if (kind == '#') {
            comment(start);
        } else {
            tag(kind == '{', start);
        }
        atLineStart = source.charAt(position - 1) == '\n';
    }

    private int nextTag() {
        for (int at = source.indexOf('{', position);
                at >= 0 && at + 1 < source.length();
                at = source.indexOf('{', at + 1)) {
            char next = source.charAt(at + 1);
            if (next == '{' || next == '%' || next == '#') {
                return at;
            }
        }
        return -1;
    }

    /** Where data ends once the white space before a tag is dropped as its sign, or lstrip_blocks, wants. */
    private int dataEnd(int from, int tag, char sign, boolean strips) {
        int end = tag;
        if (sign == '-') {
            while (end > from && TextFunctions.isSpace(source.charAt(end - 1))) {
                end--;
            }
            return end;
        }
        if (sign == '+' || !strips) {
            return tag;
        }
        while (end > from && source.charAt(end - 1) != '\n' && TextFunctions.isSpace(source.charAt(end - 1))) {
            end--;
        }
        boolean wholeLine = end > from ? source.charAt(end - 1) == '\n' : atLineStart;
        return wholeLine ? end : tag;
    }

    private void raw(int start) {
        Matcher end = END_RAW.matcher(source);
        if (!end.find(position)) {
            throw place(start).syntax("'raw' is never ended");
        }
        atLineStart = source.charAt(position - 1) == '\n';
        String sign = end.group(1);
        addData(position, dataEnd(position, end.start(), sign.isEmpty() ? ' ' : sign.charAt(0), true));
        position = end.end();
    }

    private void comment(int start) {
        Matcher end = COMMENT_END.matcher(source);
        if (!end.find(position)) {
            throw place(start).syntax("a comment is never ended");
        }
        position = end.end();
    }

    private void tag(boolean output, int start) {
        add(output ? Kind.OUTPUT_BEGIN : Kind.BLOCK_BEGIN, "", start);
        Pattern close = output ? OUTPUT_END : BLOCK_END;
        StringBuilder open = new StringBuilder();
        while (true) {
            if (position >= source.length()) {
                throw place(start).syntax("a tag is never closed, '" + (output ? "}}" : "%}") + "' expected");
            }
            Matcher end = at(close, position);
            if (open.length() == 0 && end.lookingAt()) {
                add(output ? Kind.OUTPUT_END : Kind.BLOCK_END, "", position);
                position = end.end();
                return;
            }
            token(open);
        }
    }

    private void token(StringBuilder open) {
        char c = source.charAt(position);
        if (TextFunctions.isSpace(c)) {
            position++;
            return;
        }
        if (c == '\'' || c == '"') {
            StringLiteral literal = new StringLiteral(source, position, place(position));
            add(Kind.STRING, literal.value(), position);
            position = literal.end();
        } else if (!take(FLOAT, Kind.FLOAT)
                && !take(INTEGER, Kind.INTEGER)
                && !take(NAME, Kind.NAME)
                && !take(OPERATOR, Kind.OPERATOR)) {
            throw place(position)
                    .syntax("unexpected character '" + Character.toString(source.codePointAt(position)) + "'");
        } else {
            balance(tokens.get(tokens.size() - 1), open);
        }
    }

    private void balance(Token token, StringBuilder open) {
        if (token.kind() != Kind.OPERATOR || token.text().length() != 1) {
            return;
        }
        char c = token.text().charAt(0);
        int bracket = "({[".indexOf(c);
        if (bracket >= 0) {
            open.append(")}]".charAt(bracket));
            if (open.length() > maxDepth) {
                throw token.place().limit("nested deeper than " + maxDepth + " levels (limit 'depth')");
            }
        } else if (c == ')' || c == '}' || c == ']') {
            if (open.length() == 0 || open.charAt(open.length() - 1) != c) {
                throw token.place()
                        .syntax("unexpected '" + c + "'"
                                + (open.length() == 0 ? "" : ", '" + open.charAt(open.length() - 1) + "' expected"));
            }
            open.setLength(open.length() - 1);
        }
    }

    private Matcher at(Pattern pattern, int index) {
        Matcher matcher =
                matchers.computeIfAbsent(pattern, each -> each.matcher(source).useTransparentBounds(true));
        return matcher.region(index, source.length());
    }

    private boolean take(Pattern pattern, Kind kind) {
        Matcher matcher = at(pattern, position);
        if (!matcher.lookingAt()) {
            return false;
        }
        add(kind, matcher.group(), position);
        position = matcher.end();
        return true;
    }

    private void addData(int from, int to) {
        if (from < to) {
            add(Kind.DATA, source.substring(from, to), from);
        }
    }

    private void add(Kind kind, String text, int at) {
        tokens.add(new Token(kind, text, place(at)));
    }

    /** The place of an index; indexes are asked for in almost ascending order. */
    private Place place(int index) {
        if (index < placedUpTo) {
            line = 1;
            lineStart = 0;
            placedUpTo = 0;
        }
        for (; placedUpTo < index; placedUpTo++) {
            if (source.charAt(placedUpTo) == '\n') {
                line++;
                lineStart = placedUpTo + 1;
            }
        }
        return new Place(line, index - lineStart + 1);
    }
}
