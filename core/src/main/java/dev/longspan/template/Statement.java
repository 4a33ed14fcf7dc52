package dev.longspan.template;

import dev.longspan.template.Frame.Flow;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A node of the template that writes text or sets names. */
sealed interface Statement
        permits Statement.Data,
                Statement.Output,
                Statement.If,
                Statement.For,
                Statement.Jump,
                Statement.Set,
                Statement.SetBlock,
                Statement.With,
                Statement.FilterBlock,
                Statement.MacroDefinition,
                Statement.CallBlock,
                Statement.Group {

    /** What a round of a loop costs beside its body, in steps: names of its own. */
    int ROUND = 2;

    /** Where it starts in the template. */
    Place place();

    /** Runs it; {@link Frame#run} counts and calls this. */
    Flow run(Frame frame);

    /** The template's own text. */
    record Data(Place place, TemplateText text) implements Statement {
        @Override
        public Flow run(Frame frame) {
            frame.write(text);
            return Flow.ON;
        }
    }

    /** {@code {{ value }}}. */
    record Output(Place place, Expression value) implements Statement {
        @Override
        public Flow run(Frame frame) {
            frame.write(frame.rendering().text(frame.evaluate(value)));
            return Flow.ON;
        }
    }

    /** Branches with their conditions; the last condition may be null, for {@code else}. */
    record If(Place place, List<Branch> branches) implements Statement {
        /** One branch. */
        record Branch(@Nullable Expression condition, List<Statement> body) {}

        @Override
        public Flow run(Frame frame) {
            for (Branch branch : branches) {
                if (branch.condition() == null || frame.isTrue(branch.condition())) {
                    return frame.run(branch.body());
                }
            }
            return Flow.ON;
        }
    }

    /** A loop. */
    record For(
            Place place,
            Target target,
            Expression in,
            @Nullable Expression condition,
            List<Statement> body,
            List<Statement> otherwise,
            boolean recursive)
            implements Statement {
        @Override
        public Flow run(Frame frame) {
            loop(frame, frame.evaluate(in), 0);
            return Flow.ON;
        }

        /** Walks over {@code values}; a recursive loop calls this for each level. */
        void loop(Frame frame, Object values, int depth) {
            Iterator<Object> chosen = Types.iterate(values);
            if (condition != null) {
                chosen = new FilteredIterator(chosen, item -> {
                    frame.budget().steps(ROUND);
                    Frame inner = frame.inner();
                    target.assign(inner, item);
                    return inner.isTrue(condition);
                });
            }
            LoopValue loop = new LoopValue(this, frame, chosen, depth);
            boolean empty = true;
            Flow flow = Flow.ON;
            while (flow != Flow.BREAK && loop.advance()) {
                frame.budget().steps(ROUND);
                Frame inner = frame.inner();
                inner.scope().set("loop", loop);
                target.assign(inner, loop.current());
                flow = inner.run(body);
                // as Jinja2 has it: a round that ends early does not count for the else
                empty &= flow != Flow.ON;
            }
            if (empty) {
                frame.inner().run(otherwise);
            }
        }
    }

    /** {@code break} or {@code continue}. */
    record Jump(Place place, Flow flow) implements Statement {
        @Override
        public Flow run(Frame frame) {
            return flow;
        }
    }

    /** {@code set a, b = value}. */
    record Set(Place place, Target target, Expression value) implements Statement {
        @Override
        public Flow run(Frame frame) {
            target.assign(frame, frame.evaluate(value));
            return Flow.ON;
        }
    }

    /** {@code set a} … {@code endset}; the value is a name that stands for the text of the body, maybe filtered. */
    record SetBlock(Place place, Target target, List<Statement> body, Expression value) implements Statement {
        @Override
        public Flow run(Frame frame) {
            target.assign(frame, captured(frame, body, value));
            return Flow.ON;
        }
    }

    /** {@code filter name} … {@code endfilter}. */
    record FilterBlock(Place place, List<Statement> body, Expression value) implements Statement {
        @Override
        public Flow run(Frame frame) {
            frame.write(frame.rendering().text(captured(frame, body, value)));
            return Flow.ON;
        }
    }

    /** The name under which a filter of a block finds the block's text; no template can write it. */
    String BODY = "(body)";

    private static Object captured(Frame frame, List<Statement> body, Expression value) {
        Frame inner = frame.capture();
        inner.run(body);
        Frame filters = frame.inner();
        filters.scope().set(BODY, inner.out().build());
        return filters.evaluate(value);
    }

    /** {@code with a = 1, b = 2}. */
    record With(Place place, List<Target> targets, List<Expression> values, List<Statement> body) implements Statement {
        @Override
        public Flow run(Frame frame) {
            Frame inner = frame.inner();
            for (int i = 0; i < targets.size(); i++) {
                targets.get(i).assign(inner, frame.evaluate(values.get(i)));
            }
            return inner.run(body);
        }
    }

    /** Statements with names of their own, such as those of {@code generation}. */
    record Group(Place place, List<Statement> body) implements Statement {
        @Override
        public Flow run(Frame frame) {
            return frame.inner().run(body);
        }
    }

    /**
     * What a macro or call block takes and does.
     *
     * @param defaults of the last parameters
     * @param special which of the names varargs, kwargs and caller its body mentions
     */
    record Signature(
            String name,
            List<String> parameters,
            List<Expression> defaults,
            List<Statement> body,
            java.util.Set<String> special) {
        boolean uses(String name) {
            return special.contains(name);
        }
    }

    /** {@code macro name(parameters)}. */
    record MacroDefinition(Place place, Signature signature) implements Statement {
        @Override
        public Flow run(Frame frame) {
            frame.scope().set(signature.name(), new Macro(signature, frame.scope()));
            return Flow.ON;
        }
    }

    /** {@code call macro()} … {@code endcall}. */
    record CallBlock(Place place, Expression.Call call, Signature caller) implements Statement {
        @Override
        public Flow run(Frame frame) {
            Object callee = frame.evaluate(call.callee());
            Arguments written = call.arguments().evaluate(frame);
            DictValue named = new DictValue();
            named.putAll(written.named());
            named.put(TemplateText.of("caller"), new Macro(caller, frame.scope()));
            Object result = frame.rendering().call(callee, new Arguments(written.positional(), named));
            frame.write(frame.rendering().text(result));
            return Flow.ON;
        }
    }
}
