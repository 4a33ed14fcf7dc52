package dev.longspan.tck;

/** Bytes held as whole numbers from 0 to 255 in floats: exact in float32 and in bfloat16, and never NaN. */
final class DigestBytes {
    private final float[] floats;
    private int at;

    DigestBytes(float[] floats, int at) {
        this.floats = floats;
        this.at = at;
    }

    DigestBytes put(long value, int bytes) {
        for (int i = 0; i < bytes; i++) {
            floats[at++] = (value >>> (8 * i)) & 0xFF;
        }
        return this;
    }

    /** The next bytes as a number: 4 bytes are signed, fewer are not. */
    long take(int bytes) {
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            float number = floats[at++];
            if (!(number >= 0 && number <= 255 && number == (int) number)) {
                throw new IllegalArgumentException("expected a whole number from 0 to 255, found " + number);
            }
            value |= (long) number << (8 * i);
        }
        return bytes == 4 ? (int) value : value;
    }
}
