package dev.longspan.template;

import dev.longspan.template.Arguments.Bound;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/** Filters on lists, dicts and whatever else can be walked over. */
final class SequenceFilters {
    static final Map<String, Expression.Filter> ALL = Map.ofEntries(
            Map.entry("length", (r, v, a) -> length(r, v)),
            Map.entry("count", (r, v, a) -> length(r, v)),
            Map.entry("list", (r, v, a) -> ListValue.list(Types.elements(v, r.budget()))),
            Map.entry("first", (r, v, a) -> first(v)),
            Map.entry("last", (r, v, a) -> last(r, v)),
            Map.entry("reverse", (r, v, a) -> reverse(r, v)),
            Map.entry("sort", SequenceFilters::sort),
            Map.entry("dictsort", SequenceFilters::dictSort),
            Map.entry("unique", SequenceFilters::unique),
            Map.entry("min", (r, v, a) -> extreme(r, v, a, -1)),
            Map.entry("max", (r, v, a) -> extreme(r, v, a, 1)),
            Map.entry("sum", SequenceFilters::sum),
            Map.entry("items", (r, v, a) -> items(v)),
            Map.entry("batch", SequenceFilters::batch),
            Map.entry("slice", SequenceFilters::slice),
            Map.entry("groupby", SequenceFilters::groupBy));

    private SequenceFilters() {}

    private static Object length(Rendering rendering, Object value) {
        if (value instanceof TemplateText text) {
            rendering.budget().scan(text.charCount());
        }
        return Types.length(value);
    }

    private static Object first(Object value) {
        Iterator<Object> items = Types.iterate(value);
        return items.hasNext() ? items.next() : new Undefined("no first item, the sequence was empty");
    }

    private static Object last(Rendering rendering, Object value) {
        if (value instanceof Generated) {
            throw Fault.evaluation("'generator' object is not reversible");
        }
        List<Object> items = Types.elements(value, rendering.budget());
        return items.isEmpty() ? new Undefined("no last item, the sequence was empty") : items.get(items.size() - 1);
    }

    private static Object reverse(Rendering rendering, Object value) {
        if (value instanceof TemplateText text) {
            return Subscript.slice(text, None.NONE, None.NONE, -1L, rendering.budget());
        }
        List<Object> elements = Types.elements(value, rendering.budget());
        rendering.budget().elements(elements.size());
        List<Object> items = new ArrayList<>(elements);
        Collections.reverse(items);
        return new Generated(items.iterator());
    }

    /** What an item is compared by: an attribute or itself, without case unless that is wanted. */
    private static UnaryOperator<Object> key(Bound bound, int attribute, int caseSensitive, Budget budget) {
        boolean exact = bound.truth(caseSensitive, false);
        UnaryOperator<Object> part = bound.has(attribute) && bound.get(attribute) != None.NONE
                ? Path.of(bound.get(attribute)).in(budget)
                : item -> item;
        return item -> folded(part.apply(item), exact, budget);
    }

    private static Object folded(Object value, boolean exact, Budget budget) {
        return value instanceof TemplateText text && !exact ? budget.made(TextFunctions.lower(text)) : value;
    }

    private record Keyed(Object key, Object item) {}

    private static List<Object> sorted(
            Rendering rendering, List<Object> items, UnaryOperator<Object> key, boolean reverse) {
        rendering.budget().elements(2L * items.size());
        List<Keyed> keyed = new ArrayList<>(items.size());
        for (Object item : items) {
            keyed.add(new Keyed(key.apply(item), item));
        }
        Comparison comparison = rendering.comparison();
        keyed.sort((a, b) ->
                reverse ? comparison.compare(b.key(), a.key(), "<") : comparison.compare(a.key(), b.key(), "<"));
        return new ArrayList<>(keyed.stream().map(Keyed::item).toList());
    }

    private static Object sort(Rendering rendering, Object input, Arguments arguments) {
        Bound bound = arguments.bind("sort", 0, "reverse", "case_sensitive", "attribute");
        List<Object> items = Types.elements(input, rendering.budget());
        boolean exact = bound.truth(1, false);
        UnaryOperator<Object> key = key(bound, 2, 1, rendering.budget());
        if (bound.has(2)
                && bound.get(2) instanceof TemplateText text
                && text.chars().contains(",")) {
            List<Path> paths = new ArrayList<>();
            for (String path : text.chars().split(",", -1)) {
                paths.add(Path.of(TemplateText.of(path)));
            }
            key = item -> ListValue.list(new ArrayList<>(paths.stream()
                    .map(path -> folded(path.get(item, rendering.budget()), exact, rendering.budget()))
                    .toList()));
        }
        // lists of keys: what is equal needs no order
        UnaryOperator<Object> keys = key;
        return ListValue.list(
                sorted(rendering, items, item -> ListValue.list(List.of(keys.apply(item))), bound.truth(0, false)));
    }

    private static Object dictSort(Rendering rendering, Object input, Arguments arguments) {
        Bound bound = arguments.bind("dictsort", 0, "case_sensitive", "by", "reverse");
        if (input instanceof Undefined undefined) {
            throw undefined.fault();
        }
        if (!(input instanceof DictValue dict)) {
            throw Fault.evaluation("'" + Types.name(input) + "' object has no attribute 'items'");
        }
        String by = bound.text(1, "key").chars();
        if (!by.equals("key") && !by.equals("value")) {
            throw Fault.evaluation("dictsort sorts by 'key' or 'value', not '" + by + "'");
        }
        boolean exact = bound.truth(0, false);
        int part = by.equals("key") ? 0 : 1;
        UnaryOperator<Object> key = pair -> folded(((ListValue) pair).items().get(part), exact, rendering.budget());
        return ListValue.list(sorted(rendering, dict.items(), key, bound.truth(2, false)));
    }

    private static Object unique(Rendering rendering, Object input, Arguments arguments) {
        Bound bound = arguments.bind("unique", 0, "case_sensitive", "attribute");
        UnaryOperator<Object> key = key(bound, 1, 0, rendering.budget());
        Set<Object> seen = new HashSet<>();
        return new Generated(new FilteredIterator(Types.iterate(input), item -> {
            Object part = key.apply(item);
            rendering.budget().elements(1);
            rendering.budget().key(part);
            return seen.add(DictValue.normal(part));
        }));
    }

    private static Object extreme(Rendering rendering, Object input, Arguments arguments, int sign) {
        UnaryOperator<Object> key =
                key(arguments.bind("min or max", 0, "case_sensitive", "attribute"), 1, 0, rendering.budget());
        Keyed best = null;
        for (Object item : Types.elements(input, rendering.budget())) {
            Keyed keyed = new Keyed(key.apply(item), item);
            if (best == null
                    || sign * rendering.comparison().compare(keyed.key(), best.key(), sign < 0 ? "<" : ">") > 0) {
                best = keyed;
            }
        }
        return best == null ? new Undefined("no aggregated item, the sequence was empty") : best.item();
    }

    private static Object sum(Rendering rendering, Object input, Arguments arguments) {
        Bound bound = arguments.bind("sum", 0, "attribute", "start");
        Path path = bound.has(0) && bound.get(0) != None.NONE ? Path.of(bound.get(0)) : null;
        Object sum = bound.get(1, 0L);
        if (sum instanceof TemplateText) {
            throw Fault.evaluation("sum() can't sum strings; use join");
        }
        for (Object item : Types.elements(input, rendering.budget())) {
            sum = rendering.arithmetic().add(sum, path == null ? item : path.get(item, rendering.budget()));
        }
        return sum;
    }

    private static Object items(Object value) {
        if (value instanceof Undefined) {
            return new Generated(Collections.emptyIterator());
        }
        if (value instanceof DictValue dict) {
            return new Generated(Types.iterate(new DictView(dict, DictView.Kind.ITEMS)));
        }
        throw Fault.evaluation("can only get item pairs from a mapping, not from " + Types.name(value));
    }

    private static Object batch(Rendering rendering, Object input, Arguments arguments) {
        Bound bound = arguments.bind("batch", 1, "linecount", "fill_with");
        int size = bound.integer(0);
        List<Object> batches = new ArrayList<>();
        List<Object> batch = new ArrayList<>();
        for (Object item : Types.elements(input, rendering.budget())) {
            if (batch.size() == size) {
                batches.add(ListValue.list(batch));
                batch = new ArrayList<>();
            }
            rendering.budget().elements(1);
            batch.add(item);
        }
        if (!batch.isEmpty()) {
            if (bound.has(1) && bound.get(1) != None.NONE) {
                rendering.budget().elements(Math.max(0, size - batch.size()));
                while (batch.size() < size) {
                    batch.add(bound.get(1));
                }
            }
            batches.add(ListValue.list(batch));
        }
        return new Generated(batches.iterator());
    }

    private static Object slice(Rendering rendering, Object input, Arguments arguments) {
        Bound bound = arguments.bind("slice", 1, "slices", "fill_with");
        int slices = bound.integer(0);
        if (slices <= 0) {
            throw Fault.evaluation("slice wants a positive number of slices, not " + slices);
        }
        List<Object> items = Types.elements(input, rendering.budget());
        rendering.budget().elements((long) slices + items.size());
        int per = items.size() / slices;
        int longer = items.size() % slices;
        List<Object> result = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < slices; i++) {
            int end = start + per + (i < longer ? 1 : 0);
            List<Object> part = new ArrayList<>(items.subList(start, end));
            if (bound.has(1) && bound.get(1) != None.NONE && i >= longer) {
                part.add(bound.get(1));
            }
            result.add(ListValue.list(part));
            start = end;
        }
        return new Generated(result.iterator());
    }

    private static Object groupBy(Rendering rendering, Object input, Arguments arguments) {
        Bound bound = arguments.bind("groupby", 1, "attribute", "default", "case_sensitive");
        boolean exact = bound.truth(2, false);
        Path path = Path.of(bound.get(0));
        UnaryOperator<Object> part = item -> {
            Object value = path.get(item, rendering.budget());
            return value instanceof Undefined && bound.has(1) ? bound.get(1) : value;
        };
        UnaryOperator<Object> key = item -> folded(part.apply(item), exact, rendering.budget());
        List<Object> groups = new ArrayList<>();
        List<Object> group = new ArrayList<>();
        for (Object item : sorted(rendering, Types.elements(input, rendering.budget()), key, false)) {
            if (!group.isEmpty() && !rendering.comparison().equal(key.apply(group.get(0)), key.apply(item))) {
                groups.add(group(part.apply(group.get(0)), group));
                group = new ArrayList<>();
            }
            group.add(item);
        }
        if (!group.isEmpty()) {
            groups.add(group(part.apply(group.get(0)), group));
        }
        return ListValue.list(groups);
    }

    private static ListValue group(Object key, List<Object> items) {
        return new ListValue(List.of(key, ListValue.list(items)), true, true);
    }
}
