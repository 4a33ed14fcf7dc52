package dev.longspan.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A node of the template that gives a value. */
sealed interface Expression
        permits Expression.Constant,
                Expression.Name,
                Expression.Attribute,
                Expression.Element,
                Expression.Slice,
                Expression.Sequence,
                Expression.Dict,
                Expression.Call,
                Expression.Filtered,
                Expression.Tested,
                Expression.Choice,
                Operator.Unary,
                Operator.Binary,
                Operator.Logic,
                Operator.Not,
                Operator.Compare,
                Operator.Join {

    /** Where it starts in the template. */
    Place place();

    /** Its value; {@link Frame#evaluate} counts and calls this. */
    Object evaluate(Frame frame);

    /** A literal. */
    record Constant(Place place, Object value) implements Expression {
        @Override
        public Object evaluate(Frame frame) {
            return value;
        }
    }

    /** A variable. */
    record Name(Place place, String name) implements Expression {
        @Override
        public Object evaluate(Frame frame) {
            // looking through many blocks is work, too
            frame.budget().steps(frame.scope().depth() / 8);
            Object value = frame.scope().get(name);
            return value == null ? Undefined.name(name) : value;
        }
    }

    /** {@code of.name}. */
    record Attribute(Place place, Expression of, String name) implements Expression {
        @Override
        public Object evaluate(Frame frame) {
            return Subscript.attribute(frame.evaluate(of), name);
        }
    }

    /** {@code of[key]}. */
    record Element(Place place, Expression of, Expression key) implements Expression {
        @Override
        public Object evaluate(Frame frame) {
            return Subscript.element(frame.evaluate(of), frame.evaluate(key), frame.budget());
        }
    }

    /** {@code of[start:stop:step]}. */
    record Slice(Place place, Expression of, Expression start, Expression stop, Expression step) implements Expression {
        @Override
        public Object evaluate(Frame frame) {
            return Subscript.slice(
                    frame.evaluate(of),
                    frame.evaluate(start),
                    frame.evaluate(stop),
                    frame.evaluate(step),
                    frame.budget());
        }
    }

    /** A list or tuple. */
    record Sequence(Place place, List<Expression> items, boolean tuple) implements Expression {
        @Override
        public Object evaluate(Frame frame) {
            frame.budget().elements(items.size());
            return new ListValue(items.stream().map(frame::evaluate).toList(), tuple);
        }
    }

    /** A dict; keys and values one behind the other. */
    record Dict(Place place, List<Expression> pairs) implements Expression {
        @Override
        public Object evaluate(Frame frame) {
            frame.budget().elements(pairs.size());
            DictValue dict = new DictValue();
            for (int i = 0; i < pairs.size(); i += 2) {
                Object name = frame.evaluate(pairs.get(i));
                frame.budget().key(name);
                dict.put(name, frame.evaluate(pairs.get(i + 1)));
            }
            return dict;
        }
    }

    /** A call of a function, method or macro. */
    record Call(Place place, Expression callee, CallArguments arguments) implements Expression {
        @Override
        public Object evaluate(Frame frame) {
            Object target = frame.evaluate(callee);
            return frame.rendering().call(target, arguments.evaluate(frame));
        }
    }

    /** {@code value | name(arguments)}. */
    record Filtered(Place place, Expression value, String name, Filter filter, CallArguments arguments)
            implements Expression {
        @Override
        public Object evaluate(Frame frame) {
            Object input = frame.evaluate(value);
            return filter.apply(frame.rendering(), input, arguments.evaluate(frame));
        }
    }

    /** {@code value is name(arguments)}. */
    record Tested(Place place, Expression value, Test test, CallArguments arguments) implements Expression {
        @Override
        public Object evaluate(Frame frame) {
            Object input = frame.evaluate(value);
            return test.holds(frame.rendering(), input, arguments.evaluate(frame));
        }
    }

    /** {@code then if condition else otherwise}. */
    record Choice(
            Place place,
            Expression condition,
            Expression then,
            @Nullable Expression otherwise) implements Expression {
        @Override
        public Object evaluate(Frame frame) {
            if (frame.isTrue(condition)) {
                return frame.evaluate(then);
            }
            return otherwise == null
                    ? new Undefined("the inline if-expression has no else and its condition is false")
                    : frame.evaluate(otherwise);
        }
    }

    /** A function that a pipe applies. */
    interface Filter {
        /** Applies it. */
        Object apply(Rendering rendering, Object input, Arguments arguments);
    }

    /** A question that {@code is} asks. */
    interface Test {
        /** Answers it. */
        boolean holds(Rendering rendering, Object input, Arguments arguments);
    }

    /**
     * The arguments written at a call.
     *
     * @param positional by position
     * @param named by name
     * @param spread after {@code *}, or null
     * @param spreadNamed after {@code **}, or null
     */
    record CallArguments(
            List<Expression> positional,
            Map<String, Expression> named,
            @Nullable Expression spread,
            @Nullable Expression spreadNamed) {
        static final CallArguments NONE = new CallArguments(List.of(), Map.of(), null, null);

        Arguments evaluate(Frame frame) {
            if (positional.isEmpty() && named.isEmpty() && spread == null && spreadNamed == null) {
                return Arguments.NONE;
            }
            frame.budget().elements((long) positional.size() + named.size());
            List<Object> values = new ArrayList<>(positional.size());
            for (Expression argument : positional) {
                values.add(frame.evaluate(argument));
            }
            if (spread != null) {
                List<Object> more = Types.elements(frame.evaluate(spread), frame.budget());
                frame.budget().elements(more.size());
                values.addAll(more);
            }
            DictValue byName = new DictValue();
            named.forEach((name, argument) -> byName.put(TemplateText.of(name), frame.evaluate(argument)));
            if (spreadNamed != null) {
                spread(frame.evaluate(spreadNamed), byName, frame.budget());
            }
            return new Arguments(values, byName);
        }

        private static void spread(Object value, DictValue byName, Budget budget) {
            if (!(value instanceof DictValue dict)) {
                throw Fault.evaluation("argument after ** must be a mapping, not " + Types.name(value));
            }
            budget.elements(dict.size());
            for (DictValue.Entry entry : dict.entries()) {
                if (!(entry.key() instanceof TemplateText name)) {
                    throw Fault.evaluation("keywords must be strings");
                }
                if (byName.contains(name)) {
                    throw Fault.evaluation("got two values for parameter '" + name.chars() + "'");
                }
                byName.put(name, entry.value());
            }
        }
    }
}
