package dev.longspan.output;

import com.fasterxml.jackson.databind.node.TextNode;
import dev.longspan.ToolCallException;
import dev.longspan.ToolParser;
import dev.longspan.ToolSpecification;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Calls as Hermes and Qwen write them: <code>&lt;tool_call&gt;{"name": …, "arguments": {…}}&lt;/tool_call&gt;</code>. */
final class HermesTags implements ToolParser {
    /** The tag, and soon behind it the object, in a string whose quotes may be escaped; other formats use the same tag. */
    private static final Pattern TAG_AND_OBJECT = Pattern.compile("<tool_call>[^<]{0,20}\\{\\\\?\"name");

    @Override
    public String name() {
        return HERMES;
    }

    @Override
    public boolean fits(String template) {
        return TAG_AND_OBJECT.matcher(template).find();
    }

    @Override
    public List<String> openings() {
        return List.of(FunctionTags.OPENING);
    }

    @Override
    public List<String> controlTexts() {
        return List.of(FunctionTags.CLOSING);
    }

    @Override
    public Optional<String> forcedOpening() {
        return Optional.of(FunctionTags.OPENING + "\n{\"name\": \"");
    }

    @Override
    public Optional<String> forcedOpening(String tool) {
        return Optional.of(
                FunctionTags.OPENING + "\n{\"name\": " + ToolJson.write(TextNode.valueOf(tool)) + ", \"arguments\": ");
    }

    @Override
    public Reader reader(List<ToolSpecification> tools) {
        return new TagReader();
    }

    private static final class TagReader implements Reader {
        private final StringBuilder json = new StringBuilder();
        private final StringBuilder rest = new StringBuilder();
        private final JsonScanner scanner = new JsonScanner(1);
        private int opening = FunctionTags.OPENING.length();
        private boolean complete;

        @Override
        public State accept(char next) {
            if (opening > 0) {
                opening--;
                return State.READING;
            }
            if (next == '<' && !complete && !scanner.isInString()) {
                complete = true; // no JSON goes on like that
            }
            if (!complete && (json.length() > 0 || next == '{')) {
                json.append(next);
                complete = scanner.accept(next);
                return State.READING;
            }
            rest.append(next);
            return FunctionTags.endsWith(rest, rest.length(), FunctionTags.CLOSING) ? State.COMPLETE : State.READING;
        }

        @Override
        public String name() {
            return scanner.name();
        }

        @Override
        public boolean isCertain() {
            return true;
        }

        @Override
        public List<Call> calls() {
            String around = rest.substring(0, rest.length() - FunctionTags.CLOSING.length());
            if (json.length() == 0 || !around.isBlank()) {
                throw ToolCallException.malformed("expected one JSON object, found "
                        + (around.isBlank() ? "nothing" : json.length() == 0 ? "other text" : "other text, too"));
            }
            return JsonCalls.of(json.toString());
        }
    }
}
