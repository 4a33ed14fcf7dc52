package dev.longspan.template;

import dev.longspan.ChatTemplateException;
import dev.longspan.ChatTemplateException.Reason;
import java.io.Serial;

/** A fault whose place in the template is not known yet; the innermost node that is being evaluated adds it. */
final class Fault extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    private final Reason reason;
    private final String problem;

    private Fault(Reason reason, String problem) {
        super(problem, null, false, false);
        this.reason = reason;
        this.problem = problem;
    }

    static Fault evaluation(String problem) {
        return new Fault(Reason.EVALUATION, problem);
    }

    static Fault limit(String problem) {
        return new Fault(Reason.LIMIT, problem);
    }

    static Fault raised(String problem) {
        return new Fault(Reason.RAISED, problem);
    }

    ChatTemplateException at(Place place) {
        return new ChatTemplateException(reason, problem, place.line(), place.column());
    }
}
