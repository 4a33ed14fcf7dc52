package dev.longspan.template;

import java.util.List;

/** What {@code set} and {@code for} assign to. */
sealed interface Target {
    /** Assigns a value. */
    void assign(Frame frame, Object value);

    /** A name. */
    record Name(String name) implements Target {
        @Override
        public void assign(Frame frame, Object value) {
            frame.scope().set(name, value);
        }
    }

    /** An attribute of a namespace. */
    record Attribute(String namespace, String name) implements Target {
        @Override
        public void assign(Frame frame, Object value) {
            if (!(frame.scope().get(namespace) instanceof Namespace target)) {
                throw Fault.evaluation("cannot assign attribute '" + name + "': '" + namespace + "' is no namespace");
            }
            frame.budget().elements(1);
            target.attributes().put(TemplateText.of(name), value);
        }
    }

    /** Several targets, among which the elements of a value are shared out. */
    record Several(List<Target> targets) implements Target {
        @Override
        public void assign(Frame frame, Object value) {
            List<Object> items = Types.elements(value, frame.budget());
            if (items.size() != targets.size()) {
                throw Fault.evaluation("expected " + targets.size() + " values to unpack, got " + items.size());
            }
            for (int i = 0; i < items.size(); i++) {
                targets.get(i).assign(frame, items.get(i));
            }
        }
    }
}
