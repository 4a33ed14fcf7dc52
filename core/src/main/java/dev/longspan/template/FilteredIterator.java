package dev.longspan.template;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The elements that a condition lets through; it is asked as late as possible, since it may change on the way. */
final class FilteredIterator implements Iterator<Object> {
    private final Iterator<Object> all;
    private final Predicate<Object> condition;
    private @Nullable Object next;

    FilteredIterator(Iterator<Object> all, Predicate<Object> condition) {
        this.all = all;
        this.condition = condition;
    }

    @Override
    public boolean hasNext() {
        while (next == null && all.hasNext()) {
            Object candidate = all.next();
            if (condition.test(candidate)) {
                next = candidate;
            }
        }
        return next != null;
    }

    @Override
    public Object next() {
        if (!hasNext() || next == null) {
            throw new NoSuchElementException();
        }
        Object found = next;
        next = null;
        return found;
    }
}
