package dev.longspan.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Gathers the names in a template and, at its end, refuses calls of what can never be there. */
final class NameCheck {
    /** What Jinja2 reaches the template's blocks by; here are none. */
    private static final String SELF = "self";

    private static final Set<String> SPECIAL = Set.of("varargs", "kwargs", "caller");

    private final Set<String> mentioned = new HashSet<>();
    /** Names that the template itself gives something to: variables, parameters, attributes, keys. */
    private final Set<String> assigned = new HashSet<>();

    private final Set<String> special = new HashSet<>();
    private final List<Place> blocks = new ArrayList<>();
    private final Map<String, Place> functions = new LinkedHashMap<>();
    private final Map<String, Place> methods = new LinkedHashMap<>();

    void used(String name) {
        mentioned.add(name);
        if (SPECIAL.contains(name)) {
            special.add(name);
        }
    }

    /** The same for a name whose value is asked for. */
    void used(String name, Place place) {
        used(name);
        if (name.equals(SELF)) {
            blocks.add(place);
        }
    }

    /** Takes out which special names of macros were used since the last call, and starts anew. */
    Set<String> special() {
        Set<String> found = Set.copyOf(special);
        special.clear();
        return found;
    }

    /** Puts special names back. */
    void special(Set<String> names) {
        special.addAll(names);
    }

    void attribute(String name) {
        mentioned.add(name);
    }

    void literal(String text) {
        mentioned.add(text);
    }

    void assigned(String name) {
        mentioned.add(name);
        assigned.add(name);
    }

    void function(String name, Place place) {
        functions.putIfAbsent(name, place);
    }

    void method(String name, Place place) {
        methods.putIfAbsent(name, place);
    }

    /** Checks the filters and tests that are named by a string: {@code map("upper")}, {@code select("string")}. */
    void filterArguments(Token filter, Expression.CallArguments arguments) {
        int index = switch (filter.text()) {
            case "map", "select", "reject" -> 0;
            case "selectattr", "rejectattr" -> 1;
            default -> -1;
        };
        if (index < 0
                || index >= arguments.positional().size()
                || !(arguments.positional().get(index) instanceof Expression.Constant constant)
                || !(constant.value() instanceof TemplateText name)) {
            return;
        }
        boolean filters = filter.text().equals("map");
        if (filters ? Filters.find(name.chars()) == null : Tests.find(name.chars()) == null) {
            throw constant.place().unknown("no " + (filters ? "filter" : "test") + " is named '" + name.chars() + "'");
        }
    }

    /** Refuses unknown functions and methods; called when the whole template has been read. */
    void check() {
        if (!blocks.isEmpty() && !assigned.contains(SELF)) {
            throw blocks.get(0).unknown("'self' is not supported: a chat template has no blocks");
        }
        functions.forEach((name, place) -> {
            if (!Functions.KNOWN.contains(name) && !assigned.contains(name)) {
                throw place.unknown("no function or macro is named '" + name + "'");
            }
        });
        methods.forEach((name, place) -> {
            if (!Methods.isKnown(name) && !assigned.contains(name)) {
                throw place.unknown("no method is named '" + name + "'");
            }
        });
    }

    Set<String> mentioned() {
        // not a copy: sets of the platform that never change take long where many hashes are equal
        return Collections.unmodifiableSet(mentioned);
    }
}
