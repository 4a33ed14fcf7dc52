package dev.longspan.template;

import java.util.List;

/**
 * Where nodes are evaluated: the names they see and the text they write to.
 *
 * @param rendering what all frames share
 * @param scope the names
 * @param out the text written so far
 */
record Frame(Rendering rendering, Scope scope, TemplateTextBuilder out) {
    /** A frame with names of its own, writing to the same text. */
    Frame inner() {
        return new Frame(rendering, new Scope(scope), out);
    }

    /** A frame with names and a text of its own. */
    Frame capture() {
        return new Frame(rendering, new Scope(scope), new TemplateTextBuilder());
    }

    Budget budget() {
        return rendering.budget();
    }

    Object evaluate(Expression node) {
        Budget budget = rendering.budget();
        try {
            budget.step();
            budget.enter();
            Object value = node.evaluate(this);
            budget.leave();
            return value;
        } catch (Fault fault) {
            throw fault.at(node.place());
        }
    }

    boolean isTrue(Expression node) {
        return Types.truth(evaluate(node));
    }

    /** Runs statements until one leaves the loop round. */
    Flow run(List<Statement> body) {
        for (Statement statement : body) {
            Flow flow = run(statement);
            if (flow != Flow.ON) {
                return flow;
            }
        }
        return Flow.ON;
    }

    private Flow run(Statement statement) {
        Budget budget = rendering.budget();
        try {
            budget.step();
            budget.enter();
            Flow flow = statement.run(this);
            budget.leave();
            return flow;
        } catch (Fault fault) {
            throw fault.at(statement.place());
        }
    }

    void write(TemplateText text) {
        rendering.budget().output((long) out.length() + text.charCount());
        rendering.budget().chars(text.charCount());
        out.append(text);
    }

    /** How a statement ends. */
    enum Flow {
        ON,
        CONTINUE,
        BREAK
    }
}
