package dev.longspan.template;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * An attribute argument such as {@code "a.b.0"}.
 *
 * @param parts names and indexes
 */
record Path(List<Object> parts) {
    static Path of(Object written) {
        if (!(written instanceof TemplateText text)) {
            return new Path(List.of(written));
        }
        List<Object> parts = new ArrayList<>();
        for (String part : text.chars().split("\\.", -1)) {
            boolean index =
                    !part.isEmpty() && part.length() < 10 && part.chars().allMatch(Character::isDigit);
            parts.add(index ? (Object) Long.valueOf(part) : TemplateText.of(part));
        }
        return new Path(parts);
    }

    /** The function that follows this path. */
    UnaryOperator<Object> in(Budget budget) {
        return item -> get(item, budget);
    }

    Object get(Object item, Budget budget) {
        Object value = item;
        for (Object part : parts) {
            value = Subscript.element(value, part, budget);
        }
        return value;
    }
}
