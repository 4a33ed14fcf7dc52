package dev.longspan.cli;

import java.util.Locale;

/** Writes a number of bytes for people. */
final class ByteCount {
    private static final String[] UNITS = {"kB", "MB", "GB", "TB"};

    private ByteCount() {}

    static String of(long count) {
        if (count < 10_000) {
            return count + " bytes";
        }
        double value = count / 1e3;
        int unit = 0;
        while (value >= 1000 && unit < UNITS.length - 1) {
            value /= 1000;
            unit++;
        }
        return String.format(Locale.ROOT, "%.1f %s", value, UNITS[unit]);
    }
}
