package dev.longspan.template;

import dev.longspan.template.Arguments.Bound;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The methods of values other than strings, and which method names there are. */
final class Methods {
    /** What would change a list or dict; the sandbox knows the names and refuses their use. */
    private static final Set<String> LIST_CHANGES =
            Set.of("append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove");

    private static final Set<String> DICT_CHANGES = Set.of("clear", "pop", "popitem", "setdefault", "update");

    /** Methods of lists, tuples, dicts, numbers, loops and cyclers. */
    private static final Set<String> OTHERS = Set.of(
            "index",
            "count",
            "copy",
            "get",
            "items",
            "keys",
            "values",
            "is_integer",
            "bit_length",
            "cycle",
            "changed",
            "next",
            "reset");

    private Methods() {}

    /** Whether any type of value has a method of this name. */
    static boolean isKnown(String name) {
        return StringMethods.ALL.containsKey(name)
                || OTHERS.contains(name)
                || LIST_CHANGES.contains(name)
                || DICT_CHANGES.contains(name);
    }

    /** The method of a value; something undefined if the sandbox refuses it; null if there is none. */
    static @Nullable Object find(Object value, String name) {
        if (value instanceof TemplateText text) {
            StringMethods.Method method = StringMethods.ALL.get(name);
            return method == null
                    ? null
                    : new Function(name, (rendering, arguments) -> {
                        rendering.budget().scan(text.charCount());
                        return method.call(rendering, text, arguments);
                    });
        }
        if (value instanceof ListValue list) {
            return !list.tuple() && LIST_CHANGES.contains(name) ? Undefined.forbidden(value, name) : find(list, name);
        }
        if (value instanceof DictValue dict) {
            return DICT_CHANGES.contains(name) ? Undefined.forbidden(value, name) : find(dict, name);
        }
        if (value instanceof Cycler cycler) {
            return switch (name) {
                case "next" -> new Function(name, (rendering, arguments) -> cycler.next());
                case "reset" -> new Function(name, (rendering, arguments) -> cycler.reset());
                default -> null;
            };
        }
        if (value instanceof Double number && name.equals("is_integer")) {
            return new Function(name, (rendering, arguments) -> !number.isInfinite() && Math.rint(number) == number);
        }
        if (Numbers.isInteger(value) && name.equals("bit_length")) {
            return new Function(name, (rendering, arguments) ->
                    (long) Numbers.big(value).abs().bitLength());
        }
        return null;
    }

    private static @Nullable Object find(ListValue list, String name) {
        return switch (name) {
            case "index" -> new Function(name, (rendering, arguments) -> index(rendering, list, arguments));
            case "count" ->
                new Function(name, (rendering, arguments) -> {
                    Object wanted = arguments.bind(name, 1, "value").get(0);
                    return list.items().stream()
                            .filter(item -> rendering.comparison().equal(item, wanted))
                            .count();
                });
            case "copy" -> list.tuple() ? null : new Function(name, (rendering, arguments) -> list);
            default -> null;
        };
    }

    private static Object index(Rendering rendering, ListValue list, Arguments arguments) {
        Bound bound = arguments.bind("index", 1, "value", "start", "end");
        int size = list.items().size();
        int end = limit(bound.integer(2, size), size);
        for (int i = limit(bound.integer(1, 0), size); i < end; i++) {
            if (rendering.comparison().equal(list.items().get(i), bound.get(0))) {
                return (long) i;
            }
        }
        throw Fault.evaluation("the value is not in the list");
    }

    private static int limit(int index, int size) {
        return Math.max(0, Math.min(index < 0 ? index + size : index, size));
    }

    private static @Nullable Object find(DictValue dict, String name) {
        return switch (name) {
            case "get" ->
                new Function(name, (rendering, arguments) -> {
                    Bound bound = arguments.bind(name, 1, "key", "default");
                    rendering.budget().key(bound.get(0));
                    Object value = dict.get(bound.get(0));
                    return value == null ? bound.get(1, None.NONE) : value;
                });
            case "items" -> view(name, dict, DictView.Kind.ITEMS);
            case "keys" -> view(name, dict, DictView.Kind.KEYS);
            case "values" -> view(name, dict, DictView.Kind.VALUES);
            case "copy" -> new Function(name, (rendering, arguments) -> dict);
            default -> null;
        };
    }

    private static Function view(String name, DictValue dict, DictView.Kind kind) {
        return new Function(name, (rendering, arguments) -> {
            arguments.bind(name, 0);
            rendering.budget().elements(dict.size());
            return new DictView(dict, kind);
        });
    }

    /** Python's {@code dict(...)}: of another dict or of pairs, and of named values. */
    static DictValue newDict(Rendering rendering, Arguments arguments) {
        DictValue dict = new DictValue();
        if (!arguments.positional().isEmpty()) {
            Object source = arguments.positional().get(0);
            if (source instanceof Undefined undefined) {
                throw undefined.fault();
            }
            if (source instanceof DictValue other) {
                rendering.budget().elements(other.size());
                dict.putAll(other);
            } else {
                for (Object pair : Types.elements(source, rendering.budget())) {
                    var parts = Types.elements(pair, rendering.budget());
                    if (parts.size() != 2) {
                        throw Fault.evaluation("a dict is made of pairs; one has " + parts.size() + " elements");
                    }
                    rendering.budget().key(parts.get(0));
                    dict.put(parts.get(0), parts.get(1));
                }
            }
        }
        dict.putAll(arguments.named());
        rendering.budget().elements(dict.size());
        return dict;
    }
}
