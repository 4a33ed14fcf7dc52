package dev.longspan.template;

import java.util.function.BiFunction;

/**
 * A function known to every template, or a method together with its value.
 *
 * @param name its name
 * @param body what it does
 */
record Function(String name, BiFunction<Rendering, Arguments, Object> body) implements Callable {
    @Override
    public Object call(Rendering rendering, Arguments arguments) {
        return body.apply(rendering, arguments);
    }
}
