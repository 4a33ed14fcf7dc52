package dev.longspan.output;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.ToolCallException;
import dev.longspan.ToolParser;
import dev.longspan.ToolSpecification;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Calls as Nemotron and Qwen3-Coder write them:
 *
 * <pre>{@code
 * <tool_call>
 * <function=NAME>
 * <parameter=ARG>
 * VALUE
 * </parameter>
 * </function>
 * </tool_call>
 * }</pre>
 *
 * <p>A value ends at {@code </parameter>} alone, so that it may hold all other tags; only {@code </function></tool_call>} in a
 * value says that its end was forgotten.
 */
final class FunctionTags implements ToolParser {
    static final String OPENING = "<tool_call>";
    static final String CLOSING = "</tool_call>";
    private static final String FUNCTION = "<function=";
    private static final String END_FUNCTION = "</function>";
    private static final String PARAMETER = "<parameter=";
    private static final String END_PARAMETER = "</parameter>";

    @Override
    public String name() {
        return FUNCTION_TAGS;
    }

    @Override
    public boolean fits(String template) {
        return template.contains(FUNCTION) && template.contains(OPENING);
    }

    @Override
    public List<String> openings() {
        return List.of(OPENING);
    }

    @Override
    public List<String> controlTexts() {
        return List.of(CLOSING);
    }

    @Override
    public Optional<String> forcedOpening() {
        return Optional.of(OPENING + "\n" + FUNCTION);
    }

    @Override
    public Optional<String> forcedOpening(String tool) {
        boolean fits = tool.equals(tool.strip()) && tool.chars().noneMatch(c -> c == '<' || c == '>' || c == '\n');
        return fits ? Optional.of(OPENING + "\n" + FUNCTION + tool + ">") : Optional.empty();
    }

    @Override
    public Reader reader(List<ToolSpecification> tools) {
        return new TagReader(tools);
    }

    /** {@return whether a tag stands before the end of a part of a text} The last character, which most often differs, comes first. */
    static boolean endsWith(StringBuilder text, int end, String tag) {
        int start = end - tag.length();
        if (start < 0) {
            return false;
        }
        for (int i = tag.length() - 1; i >= 0; i--) {
            if (text.charAt(start + i) != tag.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** Where in a block the next character stands. */
    private enum Place {
        /** Before the function's tag. */
        BLOCK,
        /** In the function's tag. */
        FUNCTION_NAME,
        /** Between parameters. */
        FUNCTION_BODY,
        /** In a parameter's tag. */
        PARAMETER_NAME,
        /** In a parameter's value. */
        VALUE,
        /** Behind the function's end. */
        BEHIND
    }

    private static final class TagReader implements Reader {
        private final List<ToolSpecification> tools;
        private final StringBuilder part = new StringBuilder();
        private final ObjectNode arguments = JsonNodeFactory.instance.objectNode();
        private Place place = Place.BLOCK;
        private String function = "";
        private String parameter = "";
        private @Nullable ArgumentTypes types;
        private @Nullable String fault;

        TagReader(List<ToolSpecification> tools) {
            this.tools = tools;
        }

        @Override
        public State accept(char next) {
            part.append(next);
            if (ends(CLOSING) && endsBlock()) {
                return State.COMPLETE;
            }
            switch (place) {
                case BLOCK -> {
                    if (ends(FUNCTION)) {
                        move(Place.FUNCTION_NAME);
                    }
                }
                case FUNCTION_NAME -> functionName(next);
                case FUNCTION_BODY -> functionBody();
                case PARAMETER_NAME -> parameterName(next);
                case VALUE -> value();
                case BEHIND -> {
                    if (ends(FUNCTION)) {
                        fail("expected one function in a block, found another");
                    } else if (ends(PARAMETER)) {
                        fail("expected parameters before " + END_FUNCTION + ", found one behind it");
                    }
                }
            }
            return State.READING;
        }

        /** Whether the closing tag ends the block: inside a value only if the function was ended, too. */
        private boolean endsBlock() {
            switch (place) {
                case BLOCK -> fail("expected " + FUNCTION + "NAME>, found none");
                case FUNCTION_NAME -> fail("expected > behind the function's name, found the end of the call");
                case FUNCTION_BODY -> fail("expected " + END_FUNCTION + ", found the end of the call");
                case PARAMETER_NAME -> fail("expected > behind a parameter's name, found the end of the call");
                case VALUE -> {
                    if (!functionEndsBefore(part.length() - CLOSING.length())) {
                        return false;
                    }
                    fail("expected " + END_PARAMETER + " behind the value of '" + parameter
                            + "', found the end of the call");
                }
                case BEHIND -> {
                    // the place where it belongs
                }
            }
            return true;
        }

        private boolean functionEndsBefore(int end) {
            int last = end;
            while (last > 0 && Character.isWhitespace(part.charAt(last - 1))) {
                last--;
            }
            return endsWith(part, last, END_FUNCTION);
        }

        private void functionName(char next) {
            if (next == '<' || next == '\n') {
                fail("expected > behind the function's name, found none");
                move(Place.BLOCK);
            } else if (next == '>') {
                function = part.substring(0, part.length() - 1).strip();
                if (function.isEmpty()) {
                    fail("expected a function's name, found none");
                }
                types = ArgumentTypes.of(function, tools);
                move(Place.FUNCTION_BODY);
            }
        }

        private void functionBody() {
            if (ends(PARAMETER)) {
                move(Place.PARAMETER_NAME);
            } else if (ends(END_FUNCTION)) {
                move(Place.BEHIND);
            } else if (ends(FUNCTION)) {
                fail("expected one function in a block, found another");
            } else if (ends(END_PARAMETER)) {
                fail("expected " + PARAMETER + "NAME> before " + END_PARAMETER + ", found none");
            }
        }

        private void parameterName(char next) {
            if (next == '<' || next == '\n') {
                fail("expected > behind a parameter's name, found none");
                move(Place.FUNCTION_BODY);
            } else if (next == '>') {
                parameter = part.substring(0, part.length() - 1).strip();
                if (parameter.isEmpty()) {
                    fail("expected a parameter's name, found none");
                }
                move(Place.VALUE);
            }
        }

        private void value() {
            if (ends(END_PARAMETER) && types != null) {
                String text = part.substring(0, part.length() - END_PARAMETER.length());
                arguments.set(parameter, types.value(parameter, withoutOuterNewlines(text)));
                move(Place.FUNCTION_BODY);
            }
        }

        private void move(Place to) {
            place = to;
            part.setLength(0);
        }

        /** The first fault is the one that is told. */
        private void fail(String what) {
            fault = fault == null ? what : fault;
        }

        private boolean ends(String tag) {
            return endsWith(part, part.length(), tag);
        }

        private static String withoutOuterNewlines(String text) {
            int start = 0;
            int end = text.length();
            while (start < end && isNewline(text.charAt(start))) {
                start++;
            }
            while (end > start && isNewline(text.charAt(end - 1))) {
                end--;
            }
            return text.substring(start, end);
        }

        private static boolean isNewline(char c) {
            return c == '\n' || c == '\r';
        }

        @Override
        public String name() {
            return function;
        }

        @Override
        public boolean isCertain() {
            return true;
        }

        @Override
        public List<Call> calls() {
            if (fault != null) {
                throw ToolCallException.malformed(fault);
            }
            return List.of(new Call(function, ToolJson.write(arguments)));
        }
    }
}
