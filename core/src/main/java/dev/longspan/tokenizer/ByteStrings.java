package dev.longspan.tokenizer;

import java.util.Arrays;

/** Many short byte strings in one array, by index. Immutable. */
final class ByteStrings {
    private final byte[] content;
    private final int[] offsets;

    private ByteStrings(byte[] content, int[] offsets) {
        this.content = content;
        this.offsets = offsets;
    }

    int size() {
        return offsets.length - 1;
    }

    int length(int index) {
        return offsets[index + 1] - offsets[index];
    }

    byte[] get(int index) {
        return Arrays.copyOfRange(content, offsets[index], offsets[index + 1]);
    }

    void copyTo(int index, byte[] target, int at) {
        System.arraycopy(content, offsets[index], target, at, length(index));
    }

    boolean equals(int index, byte[] other, int from, int to) {
        return Arrays.equals(content, offsets[index], offsets[index + 1], other, from, to);
    }

    int hash(int index, SecretHash hash) {
        return hash.of(content, offsets[index], offsets[index + 1]);
    }

    /** Gathers strings in the order of their indexes. */
    static final class Builder {
        private byte[] content = new byte[1024];
        private final IntBuffer offsets = new IntBuffer();
        private int size;

        Builder() {
            offsets.add(0);
        }

        void add(byte[] bytes) {
            if (size + bytes.length > content.length) {
                content = Arrays.copyOf(content, Math.max(content.length * 2, size + bytes.length));
            }
            System.arraycopy(bytes, 0, content, size, bytes.length);
            size += bytes.length;
            offsets.add(size);
        }

        ByteStrings build() {
            return new ByteStrings(Arrays.copyOf(content, size), offsets.toArray());
        }
    }
}
