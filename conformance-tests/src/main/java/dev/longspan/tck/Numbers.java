package dev.longspan.tck;

/** Reads numbers that people give; what is none is refused in words that name what it was given for. */
final class Numbers {
    private Numbers() {}

    static long number(String name, String value) {
        try {
            return Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(name + ": expected a number, found '" + value + "'", e);
        }
    }

    /** {@return the number, or another one each time for {@code random}} */
    static long seed(String name, String value) {
        return value.equals("random") ? System.nanoTime() : number(name, value);
    }

    /** {@return a number from one to the other} */
    static int whole(String name, String value, int least, int most) {
        long number = number(name, value);
        if (number < least || number > most) {
            throw new IllegalArgumentException(name + ": expected " + least + " to " + most + ", found " + value);
        }
        return (int) number;
    }

    /** {@return a number from one on} */
    static int whole(String name, String value, int least) {
        return whole(name, value, least, Integer.MAX_VALUE);
    }
}
