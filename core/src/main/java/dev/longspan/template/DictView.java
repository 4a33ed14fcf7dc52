package dev.longspan.template;

import java.util.Iterator;
import java.util.List;

/**
 * What {@code keys()}, {@code values()} and {@code items()} of a dict give.
 *
 * @param dict the dict
 * @param kind which of the three
 */
record DictView(DictValue dict, Kind kind) {
    enum Kind {
        KEYS,
        VALUES,
        ITEMS
    }

    /** The elements one after another, without a copy. */
    Iterator<Object> walk() {
        return dict.entries().stream().map(this::element).iterator();
    }

    private Object element(DictValue.Entry entry) {
        return switch (kind) {
            case KEYS -> entry.key();
            case VALUES -> entry.value();
            case ITEMS -> ListValue.tuple(entry.key(), entry.value());
        };
    }

    List<Object> elements() {
        return switch (kind) {
            case KEYS -> dict.keys();
            case VALUES -> dict.values();
            case ITEMS -> dict.items();
        };
    }

    String typeName() {
        return switch (kind) {
            case KEYS -> "dict_keys";
            case VALUES -> "dict_values";
            case ITEMS -> "dict_items";
        };
    }
}
