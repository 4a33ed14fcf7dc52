package dev.longspan.prompt;

import java.util.Arrays;

/** How far two rows of token ids are equal. */
public final class CommonPrefix {
    private CommonPrefix() {}

    /** {@return how many ids both begin with} */
    public static int length(int[] first, int[] second) {
        int difference = Arrays.mismatch(first, second);
        return difference < 0 ? first.length : difference;
    }
}
