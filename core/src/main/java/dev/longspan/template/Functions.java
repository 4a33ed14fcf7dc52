package dev.longspan.template;

import dev.longspan.template.Arguments.Bound;
import java.time.ZonedDateTime;
import java.util.Set;

/** The functions that every template knows. */
final class Functions {
    /** What the context names the creation time under; templates call it. */
    static final String STRFTIME_NOW = "strftime_now";

    /** The functions that a template may call without defining them. */
    static final Set<String> KNOWN =
            Set.of("range", "dict", "namespace", "cycler", "joiner", "raise_exception", STRFTIME_NOW, "loop", "caller");

    private static final int MAX_TIME_FORMAT = 1_000;

    private Functions() {}

    static void define(Scope scope) {
        add(scope, new Function("range", (rendering, arguments) -> range(arguments)));
        add(scope, new Function("dict", (rendering, arguments) -> {
            atMostOne("dict", arguments);
            return Methods.newDict(rendering, arguments);
        }));
        add(scope, new Function("namespace", (rendering, arguments) -> {
            atMostOne("namespace", arguments);
            Namespace namespace = new Namespace();
            namespace.attributes().putAll(Methods.newDict(rendering, arguments));
            return namespace;
        }));
        add(scope, new Function("cycler", (rendering, arguments) -> new Cycler(arguments.positional())));
        add(scope, new Function("joiner", (rendering, arguments) -> joiner(arguments)));
        add(scope, new Function("raise_exception", (rendering, arguments) -> {
            throw Fault.raised(rendering
                    .text(arguments.bind("raise_exception", 1, "message").get(0))
                    .chars());
        }));
    }

    private static void add(Scope scope, Function function) {
        scope.set(function.name(), function);
    }

    private static void atMostOne(String function, Arguments arguments) {
        if (arguments.positional().size() > 1) {
            throw Fault.evaluation(function + " expected at most 1 argument, got "
                    + arguments.positional().size());
        }
    }

    private static Object range(Arguments arguments) {
        Bound bound = arguments.bind("range", 1, "start", "stop", "step");
        return bound.has(1)
                ? new RangeValue(bound.integer(0), bound.integer(1), bound.integer(2, 1))
                : new RangeValue(0, bound.integer(0), 1);
    }

    private static Object joiner(Arguments arguments) {
        TemplateText separator = arguments.bind("joiner", 0, "sep").text(0, ", ");
        boolean[] used = {false};
        return new Function("joiner", (rendering, none) -> {
            boolean first = !used[0];
            used[0] = true;
            return first ? TemplateText.EMPTY : separator;
        });
    }

    /** {@code strftime_now(format)} for a fixed time. */
    static Function strftimeNow(ZonedDateTime now) {
        return new Function(STRFTIME_NOW, (rendering, arguments) -> {
            TemplateText format = arguments.bind(STRFTIME_NOW, 1, "format").text(0);
            if (format.charCount() > MAX_TIME_FORMAT) {
                throw Fault.limit("a time format of more than " + MAX_TIME_FORMAT + " chars");
            }
            rendering.budget().steps(8L * format.charCount());
            return rendering.budget().made(new TimeFormat(now).format(format));
        });
    }
}
