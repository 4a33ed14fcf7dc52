package dev.longspan.template;

/** What all frames of one rendering share. Not thread-safe. */
final class Rendering {
    private final Budget budget;
    private final Comparison comparison;
    private final Representation representation;
    private final Arithmetic arithmetic;

    Rendering(TemplateLimits limits) {
        budget = new Budget(limits);
        comparison = new Comparison(budget);
        representation = new Representation(budget);
        arithmetic = new Arithmetic(budget);
    }

    Budget budget() {
        return budget;
    }

    Comparison comparison() {
        return comparison;
    }

    Representation representation() {
        return representation;
    }

    Arithmetic arithmetic() {
        return arithmetic;
    }

    TemplateText text(Object value) {
        return representation.text(value);
    }

    /** Calls a value, if it can be called. */
    Object call(Object callee, Arguments arguments) {
        if (callee instanceof Callable callable) {
            budget.enter();
            Object result = callable.call(this, arguments);
            budget.leave();
            return result;
        }
        if (callee instanceof Undefined undefined) {
            throw undefined.fault();
        }
        throw Fault.evaluation("'" + Types.name(callee) + "' object is not callable");
    }
}
