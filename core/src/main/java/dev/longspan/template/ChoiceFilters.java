package dev.longspan.template;

import dev.longspan.template.Arguments.Bound;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** The filters that name another filter or a test: map, select and their kin. They work as they are walked over. */
final class ChoiceFilters {
    static final Map<String, Expression.Filter> ALL = Map.of(
            "map", ChoiceFilters::map,
            "select", (r, v, a) -> select(r, v, a, true, false),
            "reject", (r, v, a) -> select(r, v, a, false, false),
            "selectattr", (r, v, a) -> select(r, v, a, true, true),
            "rejectattr", (r, v, a) -> select(r, v, a, false, true));

    private ChoiceFilters() {}

    private static Object map(Rendering rendering, Object input, Arguments arguments) {
        UnaryOperator<Object> change = change(rendering, arguments);
        Iterator<Object> items = walk(input);
        return new Generated(new Iterator<>() {
            @Override
            public boolean hasNext() {
                return items.hasNext();
            }

            @Override
            public Object next() {
                return change.apply(items.next());
            }
        });
    }

    /** These filters take whatever is false, None included, as empty. */
    private static Iterator<Object> walk(Object input) {
        return Types.truth(input) ? Types.iterate(input) : Collections.emptyIterator();
    }

    private static UnaryOperator<Object> change(Rendering rendering, Arguments arguments) {
        if (arguments.positional().isEmpty()) {
            Bound bound = arguments.bind("map", 0, "attribute", "default");
            Path path = Path.of(bound.get(0));
            return item -> {
                rendering.budget().step();
                Object value = path.get(item, rendering.budget());
                return value instanceof Undefined && bound.has(1) ? bound.get(1) : value;
            };
        }
        String name = name(arguments.positional().get(0));
        Expression.Filter filter = Filters.find(name);
        if (filter == null) {
            throw Fault.evaluation("no filter is named '" + name + "'");
        }
        Arguments rest = arguments.skip(1);
        return item -> {
            rendering.budget().step();
            return filter.apply(rendering, item, rest);
        };
    }

    private static String name(Object value) {
        if (value instanceof TemplateText text) {
            return text.chars();
        }
        throw Fault.evaluation("the name of a filter or test must be a string, not " + Types.name(value));
    }

    private static Object select(
            Rendering rendering, Object input, Arguments arguments, boolean wanted, boolean byAttribute) {
        List<Object> given = arguments.positional();
        if (byAttribute && given.isEmpty()) {
            throw Fault.evaluation("the name of an attribute is missing");
        }
        UnaryOperator<Object> part = byAttribute ? Path.of(given.get(0)).in(rendering.budget()) : item -> item;
        Arguments rest = byAttribute ? arguments.skip(1) : arguments;
        Predicate<Object> test = test(rendering, rest);
        return new Generated(new FilteredIterator(walk(input), item -> {
            rendering.budget().step();
            return test.test(part.apply(item)) == wanted;
        }));
    }

    private static Predicate<Object> test(Rendering rendering, Arguments arguments) {
        if (arguments.positional().isEmpty()) {
            return Types::truth;
        }
        String name = name(arguments.positional().get(0));
        Expression.Test test = Tests.find(name);
        if (test == null) {
            throw Fault.evaluation("no test is named '" + name + "'");
        }
        Arguments rest = arguments.skip(1);
        return value -> test.holds(rendering, value, rest);
    }
}
