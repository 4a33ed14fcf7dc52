package dev.longspan.prompt;

import dev.longspan.InvalidRequestException;
import dev.longspan.template.TemplateValues;
import dev.longspan.text.Origin;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The further values that a request gives a template: checked, and marked as text from outside. */
final class TemplateArguments {
    private static final String FIELD = "templateArguments.";
    private static final int MAX_DEPTH = 32;
    private static final int MAX_NAME = 1000;
    /** What every rendering is given anyway. */
    private static final Set<String> GIVEN = Set.of(
            "messages",
            "tools",
            "documents",
            "add_generation_prompt",
            "enable_thinking",
            "strftime_now",
            "raise_exception");

    private TemplateArguments() {}

    /**
     * {@return the values for a template's context}
     *
     * @param arguments the values by name
     * @param specialTokens names that are given anyway, too
     * @throws InvalidRequestException if a name is given anyway, or a value is nothing that templates know
     */
    static Map<String, Object> checked(Map<String, ? extends @Nullable Object> arguments, Set<String> specialTokens) {
        Map<String, Object> values = new LinkedHashMap<>();
        arguments.forEach((name, value) -> {
            if (GIVEN.contains(name) || specialTokens.contains(name)) {
                throw new InvalidRequestException(
                        FIELD + name, "expected a name that the template is not given anyway, found one of those");
            }
            if (name.length() > MAX_NAME) {
                throw new InvalidRequestException(
                        "templateArguments",
                        "expected names of at most " + MAX_NAME + " characters, found one of " + name.length());
            }
            check(FIELD + name, value, 0);
            values.put(name, TemplateValues.marked(value, Origin.OUTSIDE));
        });
        return values;
    }

    private static void check(String path, @Nullable Object value, int depth) {
        if (depth > MAX_DEPTH) {
            throw new InvalidRequestException(
                    path, "expected at most " + MAX_DEPTH + " lists and maps within each other, found more");
        }
        if (value instanceof List<?> list) {
            for (Object item : list) {
                check(path, item, depth + 1);
            }
        } else if (value instanceof Map<?, ?> map) {
            map.forEach((key, item) -> {
                if (!(key instanceof String text) || text.length() > MAX_NAME) {
                    throw new InvalidRequestException(
                            path,
                            "expected maps with strings of at most " + MAX_NAME + " characters for keys, found others");
                }
                check(path, item, depth + 1);
            });
        } else if (value != null
                && !(value instanceof String)
                && !(value instanceof Boolean)
                && !(value instanceof Number)) {
            throw new InvalidRequestException(
                    path,
                    "expected a string, number, truth value, list, map or null, found a "
                            + value.getClass().getName());
        }
    }
}
