package dev.longspan.template;

import java.util.List;

/** What {@code cycler()} gives. */
final class Cycler {
    private final List<Object> items;
    private int position;

    Cycler(List<Object> items) {
        if (items.isEmpty()) {
            throw Fault.evaluation("at least one item has to be provided");
        }
        this.items = items;
    }

    Object current() {
        return items.get(position);
    }

    Object next() {
        Object item = current();
        position = (position + 1) % items.size();
        return item;
    }

    Object reset() {
        position = 0;
        return None.NONE;
    }
}
