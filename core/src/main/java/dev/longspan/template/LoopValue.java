package dev.longspan.template;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The variable {@code loop}. Looks ahead only as far as it is asked to. */
final class LoopValue implements Callable {
    private final Statement.For loop;
    private final Frame frame;
    private Iterator<Object> rest;
    private final int depth;
    private int index0 = -1;
    private @Nullable Object previous;
    private @Nullable Object current;
    private @Nullable Object next;
    private int length = -1;
    private @Nullable List<Object> lastChanged;

    LoopValue(Statement.For loop, Frame frame, Iterator<Object> rest, int depth) {
        this.loop = loop;
        this.frame = frame;
        this.rest = rest;
        this.depth = depth;
    }

    boolean advance() {
        Object following = peek();
        if (following == null) {
            return false;
        }
        previous = current;
        current = following;
        next = null;
        index0++;
        return true;
    }

    Object current() {
        return current == null ? Undefined.name("loop") : current;
    }

    private @Nullable Object peek() {
        if (next == null && rest.hasNext()) {
            next = rest.next();
        }
        return next;
    }

    /** How many rounds there will be; reads all that is left. */
    int length() {
        if (length < 0) {
            int seen = index0 + 1 + (next == null ? 0 : 1);
            List<Object> left = new ArrayList<>();
            while (rest.hasNext()) {
                frame.budget().elements(1);
                left.add(rest.next());
            }
            rest = left.iterator();
            length = seen + left.size();
        }
        return length;
    }

    @Nullable
    Object attribute(String name) {
        return switch (name) {
            case "index0" -> (long) index0;
            case "index" -> index0 + 1L;
            case "revindex0" -> length() - index0 - 1L;
            case "revindex" -> (long) length() - index0;
            case "first" -> index0 == 0;
            case "last" -> peek() == null;
            case "length" -> (long) length();
            case "depth0" -> (long) depth;
            case "depth" -> depth + 1L;
            case "previtem" -> previous == null ? new Undefined("there is no previous item") : previous;
            case "nextitem" -> {
                Object following = peek();
                yield following == null ? new Undefined("there is no next item") : following;
            }
            case "cycle" -> new Function("cycle", (rendering, arguments) -> cycle(arguments));
            case "changed" -> new Function("changed", (rendering, arguments) -> changed(rendering, arguments));
            default -> null;
        };
    }

    private Object cycle(Arguments arguments) {
        List<Object> values = arguments.positional();
        if (values.isEmpty()) {
            throw Fault.evaluation("no items for cycling given");
        }
        return values.get(index0 % values.size());
    }

    private Object changed(Rendering rendering, Arguments arguments) {
        List<Object> now = arguments.positional();
        List<Object> before = lastChanged;
        lastChanged = now;
        return before == null || !rendering.comparison().equal(new ListValue(before, true), new ListValue(now, true));
    }

    @Override
    public Object call(Rendering rendering, Arguments arguments) {
        if (!loop.recursive()) {
            throw Fault.evaluation("the loop must have the 'recursive' marker to be called");
        }
        Object values = arguments.bind("loop", 1, "iterable").get(0);
        Frame inner = frame.capture();
        loop.loop(inner, values, depth + 1);
        return inner.out().build();
    }

    @Override
    public String name() {
        return "loop";
    }
}
