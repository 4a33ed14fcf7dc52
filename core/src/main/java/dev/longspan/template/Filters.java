package dev.longspan.template;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The filters by name. */
final class Filters {
    private static final Set<String> WITHOUT_ARGUMENTS = Set.of(
            "upper",
            "lower",
            "capitalize",
            "title",
            "string",
            "safe",
            "escape",
            "e",
            "forceescape",
            "wordcount",
            "length",
            "count",
            "list",
            "first",
            "last",
            "reverse",
            "items",
            "abs",
            "from_json");

    private static final Map<String, Expression.Filter> ALL = all();

    private Filters() {}

    private static Map<String, Expression.Filter> all() {
        Map<String, Expression.Filter> all = new HashMap<>(TextFilters.ALL);
        all.putAll(SequenceFilters.ALL);
        all.putAll(ChoiceFilters.ALL);
        all.putAll(ValueFilters.ALL);
        for (String name : WITHOUT_ARGUMENTS) {
            all.computeIfPresent(name, (key, filter) -> (rendering, input, arguments) -> {
                arguments.bind(key, 0);
                return filter.apply(rendering, input, arguments);
            });
        }
        return Map.copyOf(all);
    }

    static Expression.@Nullable Filter find(String name) {
        return ALL.get(name);
    }
}
