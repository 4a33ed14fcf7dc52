package dev.longspan.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import org.jspecify.annotations.Nullable;

/** Integers of any size and floats: conversion, order, and text as Python writes it. */
final class Numbers {
    private static final int REPR_DIGITS = 17;

    private Numbers() {}

    static boolean isInteger(Object value) {
        return value instanceof Long || value instanceof BigInteger;
    }

    /** Whether Python counts it as a number: int, float and bool. */
    static boolean isNumber(Object value) {
        return value instanceof Long
                || value instanceof Double
                || value instanceof BigInteger
                || value instanceof Boolean;
    }

    /** The smallest representation of an integer. */
    static Object integer(BigInteger value) {
        return value.bitLength() < Long.SIZE ? (Object) value.longValue() : value;
    }

    static BigInteger big(Object value) {
        if (value instanceof BigInteger big) {
            return big;
        }
        return BigInteger.valueOf(value instanceof Boolean flag ? (flag ? 1 : 0) : (Long) value);
    }

    static double real(Object value) {
        if (value instanceof Double number) {
            return number;
        }
        if (value instanceof Boolean flag) {
            return flag ? 1 : 0;
        }
        double number = ((Number) value).doubleValue();
        if (Double.isInfinite(number)) {
            throw Fault.evaluation("int too large to convert to float");
        }
        return number;
    }

    /** An integer or bool as int, cut to the range of int. */
    static int clamp(Object value) {
        BigInteger big = big(value);
        if (big.bitLength() < Integer.SIZE) {
            return big.intValue();
        }
        return big.signum() < 0 ? Integer.MIN_VALUE : Integer.MAX_VALUE;
    }

    /** Order of two numbers; null if one is not a number (NaN). */
    static @Nullable Integer compare(Object a, Object b) {
        if (!(a instanceof Double) && !(b instanceof Double)) {
            return a instanceof Long x && b instanceof Long y ? Long.compare(x, y) : big(a).compareTo(big(b));
        }
        if (a instanceof Double x && b instanceof Double y) {
            return x.isNaN() || y.isNaN() ? null : Integer.valueOf(x < y ? -1 : x > y ? 1 : 0);
        }
        if (b instanceof Double) {
            Integer turned = compare(b, a);
            return turned == null ? null : -turned;
        }
        double x = (Double) a;
        if (Double.isNaN(x)) {
            return null;
        }
        return Double.isInfinite(x) ? (x > 0 ? 1 : -1) : new BigDecimal(x).compareTo(new BigDecimal(big(b)));
    }

    /** Python's {@code repr} of a float: the shortest digits that give the same float again. */
    static String repr(double value) {
        if (Double.isNaN(value)) {
            return "nan";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        String sign = value < 0 || (value == 0 && 1 / value < 0) ? "-" : "";
        double magnitude = Math.abs(value);
        if (magnitude == 0) {
            return sign + "0.0";
        }
        BigDecimal shortest = shortest(magnitude);
        String digits = shortest.unscaledValue().toString();
        int point = digits.length() - shortest.scale();
        int end = digits.length();
        while (end > 1 && digits.charAt(end - 1) == '0') {
            end--;
        }
        digits = digits.substring(0, end);
        return sign + (point > 16 || point < -3 ? scientific(digits, point) : positional(digits, point));
    }

    private static BigDecimal shortest(double value) {
        BigDecimal exact = cut(new BigDecimal(value));
        for (int precision = 1; precision < REPR_DIGITS; precision++) {
            BigDecimal best = null;
            for (RoundingMode mode : new RoundingMode[] {RoundingMode.DOWN, RoundingMode.UP}) {
                BigDecimal candidate = exact.round(new MathContext(precision, mode));
                boolean same = candidate.doubleValue() == value;
                if (same
                        && (best == null
                                || candidate
                                                .subtract(exact)
                                                .abs()
                                                .compareTo(best.subtract(exact).abs())
                                        < 0)) {
                    best = candidate;
                }
            }
            if (best != null) {
                return best;
            }
        }
        return exact.round(new MathContext(REPR_DIGITS, RoundingMode.HALF_EVEN));
    }

    /** A number that rounds to 17 digits and fewer as a longer one does: whatever is cut off leaves a last digit. */
    private static BigDecimal cut(BigDecimal exact) {
        BigDecimal start = exact.round(new MathContext(2 * REPR_DIGITS, RoundingMode.DOWN));
        return start.compareTo(exact) == 0 ? exact : start.add(BigDecimal.valueOf(1, start.scale() + 1));
    }

    private static String positional(String digits, int point) {
        if (point <= 0) {
            return "0." + "0".repeat(-point) + digits;
        }
        if (point >= digits.length()) {
            return digits + "0".repeat(point - digits.length()) + ".0";
        }
        return digits.substring(0, point) + "." + digits.substring(point);
    }

    private static String scientific(String digits, int point) {
        int exponent = point - 1;
        String mantissa = digits.length() == 1 ? digits : digits.charAt(0) + "." + digits.substring(1);
        return mantissa + "e" + (exponent < 0 ? "-" : "+") + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
    }
}
