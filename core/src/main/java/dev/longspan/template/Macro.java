package dev.longspan.template;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A macro, or the body of a call block.
 *
 * @param signature what it takes and does
 * @param closure the names around its definition
 */
record Macro(Statement.Signature signature, Scope closure) implements Callable {
    @Override
    public String name() {
        return signature.name();
    }

    @Nullable
    Object attribute(String attribute) {
        return switch (attribute) {
            case "name" -> TemplateText.of(name());
            case "arguments" ->
                new ListValue(
                        signature.parameters().stream()
                                .<Object>map(TemplateText::of)
                                .toList(),
                        true);
            case "catch_kwargs" -> signature.uses("kwargs");
            case "catch_varargs" -> signature.uses("varargs");
            case "caller" -> signature.uses("caller");
            default -> null;
        };
    }

    @Override
    public Object call(Rendering rendering, Arguments arguments) {
        Frame frame = new Frame(rendering, new Scope(closure), new TemplateTextBuilder());
        List<String> parameters = signature.parameters();
        DictValue named = new DictValue();
        named.putAll(arguments.named());
        int given = Math.min(parameters.size(), arguments.positional().size());
        rendering.budget().elements(parameters.size());
        int required = parameters.size() - signature.defaults().size();
        for (int i = 0; i < parameters.size(); i++) {
            String parameter = parameters.get(i);
            Object value = named.remove(parameter);
            if (i < given) {
                if (value != null) {
                    throw Fault.evaluation("macro '" + name() + "' got two values for '" + parameter + "'");
                }
                value = arguments.positional().get(i);
            } else if (value == null) {
                value = i < required
                        ? new Undefined("parameter '" + parameter + "' was not provided")
                        : frame.evaluate(signature.defaults().get(i - required));
            }
            frame.scope().set(parameter, value);
        }
        surplus(
                frame,
                arguments.positional().subList(given, arguments.positional().size()),
                named);
        frame.run(signature.body());
        return frame.out().build();
    }

    private void surplus(Frame frame, List<Object> positional, DictValue named) {
        if (!signature.parameters().contains("caller")) {
            Object caller = named.remove("caller");
            if (caller != null && !signature.uses("caller")) {
                throw Fault.evaluation("macro '" + name() + "' does not call caller()");
            }
            if (signature.uses("caller")) {
                frame.scope().set("caller", caller != null ? caller : new Undefined("no caller defined"));
            }
        }
        if (signature.uses("kwargs")) {
            frame.scope().set("kwargs", named);
        } else if (named.size() > 0) {
            throw Fault.evaluation("macro '" + name() + "' takes no keyword argument '"
                    + named.keys().get(0) + "'");
        }
        if (signature.uses("varargs")) {
            frame.scope().set("varargs", new ListValue(new ArrayList<>(positional), true));
        } else if (!positional.isEmpty()) {
            throw Fault.evaluation("macro '" + name() + "' takes not more than "
                    + signature.parameters().size() + " argument(s)");
        }
    }
}
