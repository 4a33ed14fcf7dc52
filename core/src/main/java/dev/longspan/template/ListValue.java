package dev.longspan.template;

import java.util.Collections;
import java.util.List;

/**
 * A list or a tuple. Nothing changes it after it was made.
 *
 * @param items the elements
 * @param tuple whether it is a tuple
 * @param group whether it is a pair that {@code groupby} gives, whose elements have the names grouper and list
 */
record ListValue(List<Object> items, boolean tuple, boolean group) {
    ListValue {
        items = Collections.unmodifiableList(items);
    }

    ListValue(List<Object> items, boolean tuple) {
        this(items, tuple, false);
    }

    static ListValue list(List<Object> items) {
        return new ListValue(items, false);
    }

    static ListValue tuple(Object... items) {
        return new ListValue(List.of(items), true);
    }
}
