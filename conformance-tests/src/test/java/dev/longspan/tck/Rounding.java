package dev.longspan.tck;

import dev.longspan.spi.NumericMode;
import java.util.Arrays;

/** The arithmetic of 16 bits: the nearest number that there is. */
enum Rounding {
    NONE(NumericMode.F32, 52),
    BF16(NumericMode.BF16, 7),
    F16(NumericMode.F16, 10);

    private final NumericMode mode;
    private final int fraction;

    Rounding(NumericMode mode, int fraction) {
        this.mode = mode;
        this.fraction = fraction;
    }

    static Rounding of(Flaw flaw) {
        return switch (flaw) {
            case ROUNDS_TO_BF16, SPANS_FAR_ON_ARE_WRONG_IN_BF16 -> BF16;
            case ROUNDS_TO_F16 -> F16;
            default -> NONE;
        };
    }

    NumericMode mode() {
        return mode;
    }

    double round(double x) {
        if (x == 0 || this == NONE || !Double.isFinite(x)) {
            return x;
        }
        int least = this == F16 ? -14 : -126;
        double unit = Math.scalb(1.0, Math.max(least, Math.getExponent(x)) - fraction);
        double rounded = Math.rint(x / unit) * unit;
        return this == F16 && Math.abs(rounded) > 65504 ? Math.copySign(Double.POSITIVE_INFINITY, x) : rounded;
    }

    double[] round(double[] numbers) {
        return this == NONE ? numbers : Arrays.stream(numbers).map(this::round).toArray();
    }
}
