package dev.longspan.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/** Python's operators on numbers, strings and lists. */
final class Arithmetic {
    private final Budget budget;

    Arithmetic(Budget budget) {
        this.budget = budget;
    }

    Object add(Object a, Object b) {
        if (a instanceof TemplateText x && b instanceof TemplateText y) {
            return concat(x, y);
        }
        if (a instanceof ListValue x && b instanceof ListValue y && x.tuple() == y.tuple()) {
            budget.elements((long) x.items().size() + y.items().size());
            List<Object> joined = new ArrayList<>(x.items().size() + y.items().size());
            joined.addAll(x.items());
            joined.addAll(y.items());
            return new ListValue(joined, x.tuple());
        }
        if (a instanceof Long x && b instanceof Long y) {
            long sum = x + y;
            return ((x ^ sum) & (y ^ sum)) < 0 ? (Object) Numbers.big(a).add(Numbers.big(b)) : sum;
        }
        check("+", a, b);
        return isReal(a, b)
                ? (Object) (Numbers.real(a) + Numbers.real(b))
                : integer(Numbers.big(a).add(Numbers.big(b)));
    }

    /** Joins two strings; if one counts as escaped HTML, the other is escaped and the result counts so, too. */
    private TemplateText concat(TemplateText a, TemplateText b) {
        TemplateText left = a;
        TemplateText right = b;
        if (a.isSafe() != b.isSafe()) {
            left = a.isSafe() ? a : TextFunctions.escapeHtml(a, budget);
            right = b.isSafe() ? b : TextFunctions.escapeHtml(b, budget);
        }
        return left.concat(right, budget);
    }

    Object subtract(Object a, Object b) {
        check("-", a, b);
        return isReal(a, b)
                ? (Object) (Numbers.real(a) - Numbers.real(b))
                : integer(Numbers.big(a).subtract(Numbers.big(b)));
    }

    Object multiply(Object a, Object b) {
        if (isSequence(a) && isCount(b)) {
            return repeat(a, b);
        }
        if (isSequence(b) && isCount(a)) {
            return repeat(b, a);
        }
        check("*", a, b);
        if (isReal(a, b)) {
            return Numbers.real(a) * Numbers.real(b);
        }
        BigInteger x = Numbers.big(a);
        BigInteger y = Numbers.big(b);
        budget.integerBits((long) x.bitLength() + y.bitLength());
        return integer(x.multiply(y));
    }

    private static boolean isSequence(Object value) {
        return value instanceof TemplateText || value instanceof ListValue;
    }

    private static boolean isCount(Object value) {
        return value instanceof Boolean || Numbers.isInteger(value);
    }

    private Object repeat(Object value, Object by) {
        long count = Math.max(0, Numbers.clamp(by));
        if (value instanceof ListValue list) {
            budget.elements(count * list.items().size());
            List<Object> items = new ArrayList<>((int) count * list.items().size());
            for (int i = 0; i < count && !list.items().isEmpty(); i++) {
                items.addAll(list.items());
            }
            return new ListValue(items, list.tuple());
        }
        TemplateText text = (TemplateText) value;
        budget.chars(count * text.charCount());
        if (text.isEmpty() || count == 0) {
            return TemplateText.EMPTY.withSafe(text.isSafe());
        }
        if (text.marks().length == 0) {
            return new TemplateText(text.chars().repeat((int) count), text.marks(), text.isSafe());
        }
        budget.elements(count);
        TemplateTextBuilder out = new TemplateTextBuilder();
        for (int i = 0; i < count; i++) {
            out.append(text);
        }
        return out.build(text.isSafe());
    }

    Object divide(Object a, Object b) {
        check("/", a, b);
        if (Numbers.real(b) == 0) {
            throw Fault.evaluation("division by zero");
        }
        return Numbers.real(a) / Numbers.real(b);
    }

    Object floorDivide(Object a, Object b) {
        check("//", a, b);
        budget.integerBits(bits(a));
        if (Numbers.real(b) == 0) {
            throw Fault.evaluation("integer division or modulo by zero");
        }
        if (isReal(a, b)) {
            double x = Numbers.real(a);
            double y = Numbers.real(b);
            return Math.rint((x - (Double) remainder(a, b)) / y);
        }
        return integer(floor(Numbers.big(a), Numbers.big(b)));
    }

    private static BigInteger floor(BigInteger a, BigInteger b) {
        BigInteger[] parts = a.divideAndRemainder(b);
        boolean lower = parts[1].signum() != 0 && parts[1].signum() != b.signum();
        return lower ? parts[0].subtract(BigInteger.ONE) : parts[0];
    }

    /** The remainder with the sign of the divisor; for strings, formatting. */
    Object remainder(Object a, Object b) {
        if (a instanceof TemplateText format) {
            return new PercentFormat(format, b, budget).format();
        }
        check("%", a, b);
        budget.integerBits(bits(a));
        if (Numbers.real(b) == 0) {
            throw Fault.evaluation("integer division or modulo by zero");
        }
        if (isReal(a, b)) {
            double y = Numbers.real(b);
            double rest = Numbers.real(a) % y;
            return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest == 0 ? Math.copySign(0.0, y) : rest;
        }
        BigInteger x = Numbers.big(a);
        BigInteger y = Numbers.big(b);
        return integer(x.subtract(floor(x, y).multiply(y)));
    }

    Object power(Object a, Object b) {
        check("**", a, b);
        if (isReal(a, b) || Numbers.big(b).signum() < 0) {
            double base = Numbers.real(a);
            if (base == 0 && Numbers.real(b) < 0) {
                throw Fault.evaluation("0.0 cannot be raised to a negative power");
            }
            double result = Math.pow(base, Numbers.real(b));
            if (Double.isNaN(result) && !Double.isNaN(base)) {
                throw Fault.evaluation("a negative number cannot be raised to a fractional power");
            }
            return result;
        }
        BigInteger base = Numbers.big(a);
        if (base.bitLength() > 1) {
            budget.integerBits((long) base.bitLength() * Numbers.clamp(b));
        }
        return integer(base.bitLength() > 1 ? base.pow(Numbers.clamp(b)) : small(base, Numbers.big(b)));
    }

    /** Powers of 0 and ±1, whose exponent may be of any size. */
    private static BigInteger small(BigInteger base, BigInteger exponent) {
        return base.pow(exponent.signum() == 0 ? 0 : exponent.testBit(0) ? 1 : 2);
    }

    Object negate(Object value) {
        checkSigned("-", value);
        return value instanceof Double number
                ? (Object) (-number)
                : Numbers.integer(Numbers.big(value).negate());
    }

    Object plus(Object value) {
        checkSigned("+", value);
        return value instanceof Boolean flag ? (Object) (flag ? 1L : 0L) : value;
    }

    private static void checkSigned(String sign, Object value) {
        if (value instanceof Undefined undefined) {
            throw undefined.fault();
        }
        if (!Numbers.isNumber(value)) {
            throw Fault.evaluation("bad operand type for unary " + sign + ": '" + Types.name(value) + "'");
        }
    }

    private Object integer(BigInteger value) {
        budget.integerBits(value.bitLength());
        return Numbers.integer(value);
    }

    private static int bits(Object number) {
        return number instanceof BigInteger big ? big.bitLength() : 0;
    }

    private static boolean isReal(Object a, Object b) {
        return a instanceof Double || b instanceof Double;
    }

    private static void check(String sign, Object a, Object b) {
        for (Object operand : new Object[] {a, b}) {
            if (operand instanceof Undefined undefined) {
                throw undefined.fault();
            }
        }
        if (!Numbers.isNumber(a) || !Numbers.isNumber(b)) {
            throw Fault.evaluation("unsupported operand type(s) for " + sign + ": '" + Types.name(a) + "' and '"
                    + Types.name(b) + "'");
        }
    }
}
