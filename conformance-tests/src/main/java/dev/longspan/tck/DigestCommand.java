package dev.longspan.tck;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** One line of a script, and the tokens it emits. */
final class DigestCommand {
    /** Stands for a digit of the running hash. */
    static final int DIGIT = -1;

    private static final String LOOP = "abcdefg ";

    /** The kinds of commands. */
    enum Kind {
        SAY,
        THINK,
        CALL,
        LOOP,
        FAIL,
        END
    }

    private final Kind kind;
    private final int[] tokens;

    private DigestCommand(Kind kind, int[] tokens) {
        this.kind = kind;
        this.tokens = tokens;
    }

    Kind kind() {
        return kind;
    }

    int size() {
        return tokens.length;
    }

    int token(int step) {
        return tokens[step];
    }

    /** Whether its tokens belong outside of a think block. */
    boolean isText() {
        return kind == Kind.SAY || kind == Kind.CALL || kind == Kind.END;
    }

    /** The command that begins at a position, or null if there is none that emits something. */
    static @Nullable DigestCommand parse(int from, int end, IntUnaryOperator ids) {
        if (ids.applyAsInt(from) != '!') {
            return null;
        }
        int lineEnd = from;
        while (lineEnd < end && ids.applyAsInt(lineEnd) != '\n') {
            lineEnd++;
        }
        int[] line = IntStream.range(from + 1, lineEnd).map(ids).toArray();
        int space = 0;
        while (space < line.length && line[space] != ' ') {
            space++;
        }
        String word = text(Arrays.copyOf(line, space));
        int[] argument = Arrays.copyOfRange(line, Math.min(line.length, space + 1), line.length);
        for (Kind kind : Kind.values()) {
            if (kind.name().toLowerCase(Locale.ROOT).equals(word)) {
                int[] tokens = tokens(kind, argument);
                return tokens.length == 0 ? null : new DigestCommand(kind, tokens);
            }
        }
        return null;
    }

    private static int[] tokens(Kind kind, int[] argument) {
        return switch (kind) {
            case SAY -> said(argument);
            case THINK -> thought(text(argument));
            case CALL -> called(text(argument));
            case LOOP -> DigestModel.encode(LOOP);
            case FAIL, END -> new int[] {DigestModel.IM_END};
        };
    }

    /** The text without control tokens and think tags, backslash n a newline. */
    private static int[] said(int[] argument) {
        int[] tokens = new int[argument.length];
        int count = 0;
        for (int i = 0; i < argument.length; i++) {
            if (argument[i] == '\\' && i + 1 < argument.length && argument[i + 1] == 'n') {
                tokens[count++] = '\n';
                i++;
            } else if (argument[i] < 256
                    || argument[i] == DigestModel.TOOL_CALL
                    || argument[i] == DigestModel.END_TOOL_CALL) {
                tokens[count++] = argument[i];
            }
        }
        return Arrays.copyOf(tokens, count);
    }

    private static int[] thought(String argument) {
        if (!argument.matches("[0-9]{1,6}")) {
            return new int[0];
        }
        int count = Integer.parseInt(argument);
        int[] tokens = new int[count + 4];
        Arrays.fill(tokens, DIGIT);
        tokens[0] = DigestModel.THINK;
        tokens[1] = '\n';
        tokens[count + 2] = '\n';
        tokens[count + 3] = DigestModel.END_THINK;
        return tokens;
    }

    private static int[] called(String argument) {
        int from = argument.indexOf(' ');
        String name = from < 0 ? argument : argument.substring(0, from);
        if (name.isEmpty()) {
            return new int[0];
        }
        StringBuilder call =
                new StringBuilder("<tool_call>\n<function=").append(name).append(">\n");
        while (from >= 0) {
            int to = argument.indexOf(' ', from + 1);
            String pair = argument.substring(from + 1, to < 0 ? argument.length() : to);
            int equals = pair.indexOf('=');
            if (equals > 0) {
                call.append("<parameter=").append(pair, 0, equals).append(">\n");
                call.append(pair, equals + 1, pair.length()).append("\n</parameter>\n");
            }
            from = to;
        }
        return DigestModel.encode(call.append("</function>\n</tool_call>").toString());
    }

    private static String text(int[] ids) {
        byte[] bytes = new byte[ids.length];
        for (int i = 0; i < ids.length; i++) {
            bytes[i] = (byte) (ids[i] < 256 ? ids[i] : '?');
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
