package dev.longspan.template;

import java.util.List;

/** The operators. */
final class Operator {
    private Operator() {}

    /** {@code -a} and {@code +a}. */
    record Unary(Place place, boolean minus, Expression operand) implements Expression {
        @Override
        public Object evaluate(Frame frame) {
            Object value = frame.evaluate(operand);
            Arithmetic arithmetic = frame.rendering().arithmetic();
            return minus ? arithmetic.negate(value) : arithmetic.plus(value);
        }
    }

    /** The arithmetic operators of two operands. */
    enum Sign {
        ADD("+"),
        SUBTRACT("-"),
        MULTIPLY("*"),
        DIVIDE("/"),
        FLOOR_DIVIDE("//"),
        REMAINDER("%"),
        POWER("**");

        private final String text;

        Sign(String text) {
            this.text = text;
        }

        String text() {
            return text;
        }
    }

    /** An arithmetic operator. */
    record Binary(Place place, Sign sign, Expression left, Expression right) implements Expression {
        @Override
        public Object evaluate(Frame frame) {
            Object a = frame.evaluate(left);
            Object b = frame.evaluate(right);
            Arithmetic arithmetic = frame.rendering().arithmetic();
            return switch (sign) {
                case ADD -> arithmetic.add(a, b);
                case SUBTRACT -> arithmetic.subtract(a, b);
                case MULTIPLY -> arithmetic.multiply(a, b);
                case DIVIDE -> arithmetic.divide(a, b);
                case FLOOR_DIVIDE -> arithmetic.floorDivide(a, b);
                case REMAINDER -> arithmetic.remainder(a, b);
                case POWER -> arithmetic.power(a, b);
            };
        }
    }

    /** {@code and}, {@code or}: gives the operand that decides. */
    record Logic(Place place, boolean and, Expression left, Expression right) implements Expression {
        @Override
        public Object evaluate(Frame frame) {
            Object a = frame.evaluate(left);
            return Types.truth(a) == and ? frame.evaluate(right) : a;
        }
    }

    /** {@code not a}. */
    record Not(Place place, Expression operand) implements Expression {
        @Override
        public Object evaluate(Frame frame) {
            return !frame.isTrue(operand);
        }
    }

    /** The comparisons. */
    enum Relation {
        EQUAL,
        UNEQUAL,
        LESS,
        LESS_OR_EQUAL,
        GREATER,
        GREATER_OR_EQUAL,
        IN,
        NOT_IN
    }

    /**
     * One comparison, or a chain of them such as {@code 0 < x < 9}.
     *
     * @param relations one for each operand but the first
     */
    record Compare(Place place, List<Expression> operands, List<Relation> relations) implements Expression {
        @Override
        public Object evaluate(Frame frame) {
            Object left = frame.evaluate(operands.get(0));
            for (int i = 0; i < relations.size(); i++) {
                Object right = frame.evaluate(operands.get(i + 1));
                if (!holds(frame.rendering().comparison(), left, relations.get(i), right)) {
                    return false;
                }
                left = right;
            }
            return true;
        }

        static boolean holds(Comparison by, Object a, Relation relation, Object b) {
            return switch (relation) {
                case EQUAL -> by.equal(a, b);
                case UNEQUAL -> !by.equal(a, b);
                case IN -> by.contains(b, a);
                case NOT_IN -> !by.contains(b, a);
                case LESS -> by.compare(a, b, "<") < 0 && areOrdered(by, a, b);
                case GREATER -> by.compare(a, b, ">") > 0 && areOrdered(by, a, b);
                case LESS_OR_EQUAL -> by.compare(a, b, "<=") <= 0 && areOrdered(by, a, b);
                case GREATER_OR_EQUAL -> by.compare(a, b, ">=") >= 0 && areOrdered(by, a, b);
            };
        }

        private static boolean areOrdered(Comparison by, Object a, Object b) {
            return !by.isNaN(a) && !by.isNaN(b);
        }
    }

    /** {@code a ~ b ~ c}: the operands as text, joined. */
    record Join(Place place, List<Expression> operands) implements Expression {
        @Override
        public Object evaluate(Frame frame) {
            TemplateText joined = TemplateText.EMPTY;
            for (Expression operand : operands) {
                TemplateText text = frame.rendering().text(frame.evaluate(operand));
                joined = joined.concat(text.withSafe(false), frame.budget());
            }
            return joined;
        }
    }
}
