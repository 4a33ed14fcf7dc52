package dev.longspan.template;

import dev.longspan.template.Operator.Relation;
import java.util.Map;
import java.util.Set;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** The tests that {@code is} knows. */
final class Tests {
    private static final Map<String, Expression.Test> ALL = Map.ofEntries(
            Map.entry("defined", (r, v, a) -> !(v instanceof Undefined)),
            Map.entry("undefined", (r, v, a) -> v instanceof Undefined),
            Map.entry("none", (r, v, a) -> v == None.NONE),
            Map.entry("boolean", (r, v, a) -> v instanceof Boolean),
            Map.entry("true", (r, v, a) -> v instanceof Boolean flag && flag),
            Map.entry("false", (r, v, a) -> v instanceof Boolean flag && !flag),
            Map.entry("integer", (r, v, a) -> Numbers.isInteger(v)),
            Map.entry("float", (r, v, a) -> v instanceof Double),
            Map.entry("number", (r, v, a) -> Numbers.isNumber(v)),
            Map.entry("string", (r, v, a) -> v instanceof TemplateText),
            Map.entry("mapping", (r, v, a) -> v instanceof DictValue),
            Map.entry("sequence", (r, v, a) -> isSequence(v)),
            Map.entry("iterable", (r, v, a) -> Types.isIterable(v)),
            Map.entry("callable", (r, v, a) -> v instanceof Callable || v instanceof Undefined),
            Map.entry("escaped", (r, v, a) -> v instanceof TemplateText text && text.isSafe()),
            Map.entry(
                    "sameas",
                    (r, v, a) -> isSame(v, a.bind("sameas", 1, "other").get(0))),
            Map.entry("lower", (r, v, a) -> isCase(r, v, Character::isLowerCase)),
            Map.entry("upper", (r, v, a) -> isCase(r, v, Character::isUpperCase)),
            Map.entry("odd", (r, v, a) -> remains(r, v, 2L, 1L)),
            Map.entry("even", (r, v, a) -> remains(r, v, 2L, 0L)),
            Map.entry(
                    "divisibleby",
                    (r, v, a) -> remains(r, v, a.bind("divisibleby", 1, "num").get(0), 0L)),
            Map.entry("filter", (r, v, a) -> v instanceof TemplateText name && Filters.find(name.chars()) != null),
            Map.entry("test", (r, v, a) -> v instanceof TemplateText name && find(name.chars()) != null),
            Map.entry(
                    "in",
                    (r, v, a) -> r.comparison().contains(a.bind("in", 1, "seq").get(0), v)),
            Map.entry("eq", relation(Relation.EQUAL)),
            Map.entry("equalto", relation(Relation.EQUAL)),
            Map.entry("==", relation(Relation.EQUAL)),
            Map.entry("ne", relation(Relation.UNEQUAL)),
            Map.entry("!=", relation(Relation.UNEQUAL)),
            Map.entry("lt", relation(Relation.LESS)),
            Map.entry("lessthan", relation(Relation.LESS)),
            Map.entry("<", relation(Relation.LESS)),
            Map.entry("le", relation(Relation.LESS_OR_EQUAL)),
            Map.entry("<=", relation(Relation.LESS_OR_EQUAL)),
            Map.entry("gt", relation(Relation.GREATER)),
            Map.entry("greaterthan", relation(Relation.GREATER)),
            Map.entry(">", relation(Relation.GREATER)),
            Map.entry("ge", relation(Relation.GREATER_OR_EQUAL)),
            Map.entry(">=", relation(Relation.GREATER_OR_EQUAL)));

    private static final Set<String> WITH_ARGUMENTS = Set.of(
            "sameas",
            "divisibleby",
            "in",
            "eq",
            "equalto",
            "==",
            "ne",
            "!=",
            "lt",
            "lessthan",
            "<",
            "le",
            "<=",
            "gt",
            "greaterthan",
            ">",
            "ge",
            ">=");

    private Tests() {}

    static Expression.@Nullable Test find(String name) {
        Expression.Test test = ALL.get(name);
        if (test == null || WITH_ARGUMENTS.contains(name)) {
            return test;
        }
        return (rendering, value, arguments) -> {
            arguments.bind(name, 0);
            return test.holds(rendering, value, arguments);
        };
    }

    private static boolean isSequence(Object value) {
        return value instanceof TemplateText
                || value instanceof ListValue
                || value instanceof DictValue
                || value instanceof RangeValue
                || value instanceof Undefined;
    }

    private static boolean isCase(Rendering rendering, Object value, IntPredicate predicate) {
        TemplateText text = rendering.text(value);
        rendering.budget().scan(4L * text.charCount());
        return StringMethods.isCase(text, predicate);
    }

    private static boolean isSame(Object a, Object b) {
        return a == b || ((a instanceof Boolean || a instanceof Long) && a.equals(b));
    }

    private static boolean remains(Rendering rendering, Object value, Object divisor, Object rest) {
        if (!Numbers.isNumber(value) && !(value instanceof Undefined)) {
            throw Fault.evaluation("a number expected, not " + Types.name(value));
        }
        return rendering.comparison().equal(rendering.arithmetic().remainder(value, divisor), rest);
    }

    private static Expression.Test relation(Relation relation) {
        return (rendering, value, arguments) -> Operator.Compare.holds(
                rendering.comparison(),
                value,
                relation,
                arguments.bind("the test", 1, "other").get(0));
    }
}
