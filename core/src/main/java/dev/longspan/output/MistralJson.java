package dev.longspan.output;

import dev.longspan.ToolCallException;
import dev.longspan.ToolParser;
import dev.longspan.ToolSpecification;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Calls as Mistral's models write them: <code>[TOOL_CALLS][{"name": …, "arguments": {…}}, …]</code>, or, the newer ones,
 * <code>[TOOL_CALLS]NAME[ARGS]{…}</code>, maybe with {@code [CALL_ID]ID} behind the name.
 */
final class MistralJson implements ToolParser {
    private static final String TAG = "[TOOL_CALLS]";
    private static final String ARGUMENTS = "[ARGS]";
    private static final String ID = "[CALL_ID]";

    @Override
    public String name() {
        return MISTRAL;
    }

    @Override
    public boolean fits(String template) {
        return template.contains(TAG);
    }

    @Override
    public List<String> openings() {
        return List.of(TAG);
    }

    @Override
    public List<String> controlTexts() {
        return List.of(ARGUMENTS, ID);
    }

    @Override
    public Reader reader(List<ToolSpecification> tools) {
        return new CallReader();
    }

    private static final class CallReader implements Reader {
        private final StringBuilder head = new StringBuilder();
        private final StringBuilder json = new StringBuilder();
        private @Nullable JsonScanner scanner;
        private int opening = TAG.length();
        private boolean blank = true;
        private String name = "";

        @Override
        public State accept(char next) {
            if (opening > 0) {
                opening--;
                return State.READING;
            }
            JsonScanner open = scanner;
            if (open == null) {
                open = begun(next);
                if (open == null) {
                    takeHead(next);
                    return State.READING;
                }
                scanner = open;
            }
            json.append(next);
            return open.accept(next) ? State.COMPLETE : State.READING;
        }

        private void takeHead(char next) {
            head.append(next);
            blank &= Character.isWhitespace(next);
            if (name.isEmpty() && FunctionTags.endsWith(head, head.length(), ARGUMENTS)) {
                int end = head.length() - ARGUMENTS.length();
                int id = head.indexOf(ID);
                name = head.substring(0, id >= 0 && id < end ? id : end).strip();
            }
        }

        private @Nullable JsonScanner begun(char next) {
            if (next == '[' && blank) {
                return new JsonScanner(2);
            }
            return next == '{' ? new JsonScanner(1) : null;
        }

        @Override
        public String name() {
            JsonScanner open = scanner;
            return blank && open != null ? open.name() : name;
        }

        @Override
        public boolean isCertain() {
            return true;
        }

        @Override
        public List<Call> calls() {
            if (blank) {
                return JsonCalls.of(json.toString());
            }
            if (name.isEmpty() || !head.toString().stripTrailing().endsWith(ARGUMENTS)) {
                throw ToolCallException.malformed(
                        "expected NAME" + ARGUMENTS + " before the arguments, found '" + head + "'");
            }
            return List.of(new Call(name, JsonCalls.object(json.toString())));
        }
    }
}
