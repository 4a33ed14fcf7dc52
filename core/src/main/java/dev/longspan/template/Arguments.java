package dev.longspan.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of a call.
 *
 * @param positional those by position
 * @param named those by name; a name that came from outside keeps its mark
 */
record Arguments(List<Object> positional, DictValue named) {
    static final Arguments NONE = new Arguments(List.of(), DictValue.EMPTY);

    static Arguments of(Object... positional) {
        return new Arguments(List.of(positional), DictValue.EMPTY);
    }

    /** The same without the first {@code count} positional ones. */
    Arguments skip(int count) {
        return new Arguments(positional.subList(count, positional.size()), named);
    }

    /** Assigns the arguments to parameters, the first {@code required} of which must be there. */
    Bound bind(String function, int required, String... parameters) {
        if (positional.size() > parameters.length) {
            throw Fault.evaluation(function + " takes at most " + parameters.length + " arguments, not "
                    + (positional.size() + named.size()));
        }
        @Nullable Object[] values = new @Nullable Object[parameters.length];
        for (int i = 0; i < positional.size(); i++) {
            values[i] = positional.get(i);
        }
        for (DictValue.Entry entry : named.entries()) {
            String name = entry.key().toString();
            int index = List.of(parameters).indexOf(name);
            if (index < 0 || values[index] != null) {
                throw Fault.evaluation(function
                        + (index < 0 ? " has no parameter '" : " got two values for parameter '")
                        + name
                        + "'");
            }
            values[index] = entry.value();
        }
        for (int i = 0; i < required; i++) {
            if (values[i] == null) {
                throw Fault.evaluation(function + " needs its argument '" + parameters[i] + "'");
            }
        }
        return new Bound(function, parameters, values);
    }

    /** Arguments by parameter. */
    static final class Bound {
        private final String function;
        private final String[] parameters;
        private final @Nullable Object[] values;

        private Bound(String function, String[] parameters, @Nullable Object[] values) {
            this.function = function;
            this.parameters = parameters;
            this.values = values;
        }

        boolean has(int index) {
            return values[index] != null;
        }

        Object get(int index, Object otherwise) {
            Object value = values[index];
            return value == null ? otherwise : value;
        }

        Object get(int index) {
            Object value = values[index];
            if (value == null) {
                throw Fault.evaluation(function + " needs its argument '" + parameters[index] + "'");
            }
            return value;
        }

        /** A text argument; a string is wanted and nothing else. */
        TemplateText text(int index) {
            if (get(index) instanceof TemplateText text) {
                return text;
            }
            throw wrong(index, "str");
        }

        TemplateText text(int index, String otherwise) {
            return has(index) ? text(index) : TemplateText.of(otherwise);
        }

        /** An integer that fits into an int; larger ones are cut to its range. */
        int integer(int index) {
            Object value = get(index);
            if (value instanceof Boolean || Numbers.isInteger(value)) {
                return Numbers.clamp(value);
            }
            throw wrong(index, "int");
        }

        int integer(int index, int otherwise) {
            return has(index) && get(index) != None.NONE ? integer(index) : otherwise;
        }

        boolean truth(int index, boolean otherwise) {
            return has(index) ? Types.truth(get(index)) : otherwise;
        }

        private Fault wrong(int index, String wanted) {
            Object value = get(index);
            if (value instanceof Undefined undefined) {
                return undefined.fault();
            }
            return Fault.evaluation(
                    function + " wants '" + parameters[index] + "' as " + wanted + ", not " + Types.name(value));
        }
    }
}
