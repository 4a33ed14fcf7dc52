package dev.longspan.template;

import java.util.Iterator;

/** A sequence that can be walked once, as generators in Python. */
final class Generated {
    private final Iterator<Object> rest;

    Generated(Iterator<Object> rest) {
        this.rest = rest;
    }

    Iterator<Object> rest() {
        return rest;
    }
}
