package dev.longspan.output;

import dev.longspan.ToolParser;
import dev.longspan.ToolSpecification;
import java.util.List;
import java.util.Set;

/**
 * Calls as Llama 3 writes them: <code>{"name": …, "parameters": {…}}</code>, with nothing before but maybe
 * {@code <|python_tag|>}. An answer may be an object without being a call, so only an object with both is one.
 */
final class Llama3Json implements ToolParser {
    private static final String TAG = "<|python_tag|>";
    private static final Set<String> FIRST_KEYS = Set.of("name", "type", "parameters", "arguments");

    @Override
    public String name() {
        return LLAMA3;
    }

    @Override
    public boolean fits(String template) {
        return template.contains("{\"name\": ") && template.contains("\"parameters\": ");
    }

    @Override
    public List<String> openings() {
        return List.of("{", TAG);
    }

    @Override
    public boolean opensAnywhere() {
        return false;
    }

    @Override
    public Reader reader(List<ToolSpecification> tools) {
        return new ObjectReader();
    }

    private static final class ObjectReader implements Reader {
        private final StringBuilder json = new StringBuilder();
        private final JsonScanner scanner = new JsonScanner(1);
        private int tag;

        @Override
        public State accept(char next) {
            if (json.length() == 0 && next != '{') {
                boolean expected = tag < TAG.length() ? next == TAG.charAt(tag) : Character.isWhitespace(next);
                tag++;
                return expected ? State.READING : State.NO_CALL;
            }
            json.append(next);
            boolean complete = scanner.accept(next);
            Set<String> keys = scanner.keys();
            if (keys.size() == 1 && !FIRST_KEYS.containsAll(keys)) {
                return State.NO_CALL;
            } else if (!complete) {
                return State.READING;
            }
            return JsonCalls.isCall(json.toString()) ? State.COMPLETE : State.NO_CALL;
        }

        @Override
        public String name() {
            return isCertain() ? scanner.name() : "";
        }

        @Override
        public boolean isCertain() {
            return !scanner.name().isEmpty()
                    && (scanner.keys().contains("parameters") || scanner.keys().contains("arguments"));
        }

        @Override
        public List<Call> calls() {
            return JsonCalls.of(json.toString());
        }
    }
}
