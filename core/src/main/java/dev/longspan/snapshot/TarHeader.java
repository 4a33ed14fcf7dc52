package dev.longspan.snapshot;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/**
 * The 512 bytes in front of a regular file in a tar stream, in the form ustar. Sizes of 8 GiB and more are written in base
 * 256, as the common tar programs do.
 *
 * @param path the file's path, with slashes
 * @param size its bytes
 */
record TarHeader(String path, long size) {
    static final int BLOCK = 512;

    private static final int NAME = 0;
    private static final int NAME_LENGTH = 100;
    private static final int MODE = 100;
    private static final int OWNER = 108;
    private static final int GROUP = 116;
    private static final int NUMBER_LENGTH = 8;
    private static final int SIZE = 124;
    private static final int SIZE_LENGTH = 12;
    private static final int TIME = 136;
    private static final int CHECKSUM = 148;
    private static final int TYPE = 156;
    private static final int MAGIC = 257;
    private static final int PREFIX = 345;
    private static final int PREFIX_LENGTH = 155;
    private static final int LARGEST_OCTAL_DIGITS = 11;
    private static final byte BASE_256 = (byte) 0x80;

    /** How many bytes follow the content up to the next header. */
    int padding() {
        return (int) ((BLOCK - size % BLOCK) % BLOCK);
    }

    /**
     * The header's bytes.
     *
     * @param seconds the file's time, since 1970
     */
    byte[] encode(long seconds) {
        byte[] block = new byte[BLOCK];
        int slash = path.lastIndexOf('/');
        text(block, NAME, NAME_LENGTH, path.substring(slash + 1));
        text(block, PREFIX, PREFIX_LENGTH, path.substring(0, Math.max(0, slash)));
        text(block, MODE, NUMBER_LENGTH, "0000600");
        text(block, OWNER, NUMBER_LENGTH, "0000000");
        text(block, GROUP, NUMBER_LENGTH, "0000000");
        number(block, SIZE, size);
        number(block, TIME, seconds);
        block[TYPE] = '0';
        text(block, MAGIC, 6, "ustar");
        text(block, MAGIC + 6, 2, "00");
        Arrays.fill(block, CHECKSUM, CHECKSUM + NUMBER_LENGTH, (byte) ' ');
        text(block, CHECKSUM, NUMBER_LENGTH, String.format(Locale.ROOT, "%06o", sum(block)) + "\0 ");
        return block;
    }

    private static void text(byte[] block, int at, int most, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        if (bytes.length > most) {
            throw new IllegalArgumentException("expected at most " + most + " bytes, found " + text);
        }
        System.arraycopy(bytes, 0, block, at, bytes.length);
    }

    private static void number(byte[] block, int at, long value) {
        String octal = String.format(Locale.ROOT, "%011o", value);
        if (octal.length() == LARGEST_OCTAL_DIGITS) {
            text(block, at, SIZE_LENGTH, octal);
            return;
        }
        block[at] = BASE_256;
        for (int i = 0; i < Long.BYTES; i++) {
            block[at + SIZE_LENGTH - 1 - i] = (byte) (value >>> (Byte.SIZE * i));
        }
    }

    /** Whether a block is one of the empty ones that end a tar stream. */
    static boolean isEnd(byte[] block) {
        for (byte each : block) {
            if (each != 0) {
                return false;
            }
        }
        return true;
    }

    /**
     * Reads a header.
     *
     * @throws IllegalArgumentException if it is anything else than that of a regular file; the message says what was found
     */
    static TarHeader decode(byte[] block) {
        if (!text(block, MAGIC, 5).equals("ustar")) {
            throw new IllegalArgumentException("expected a tar stream of the form ustar, found something else");
        }
        byte[] summed = block.clone();
        Arrays.fill(summed, CHECKSUM, CHECKSUM + NUMBER_LENGTH, (byte) ' ');
        if (octal(block, CHECKSUM, NUMBER_LENGTH) != sum(summed)) {
            throw new IllegalArgumentException("expected a tar header with a right checksum, found a wrong one");
        }
        if (block[TYPE] != '0' && block[TYPE] != 0) {
            throw new IllegalArgumentException(
                    "expected a regular file, found an entry of type '" + (char) (block[TYPE] & 0xFF) + "'");
        }
        String prefix = text(block, PREFIX, PREFIX_LENGTH);
        String name = text(block, NAME, NAME_LENGTH);
        return new TarHeader(prefix.isEmpty() ? name : prefix + "/" + name, size(block));
    }

    private static long size(byte[] block) {
        if (block[SIZE] != BASE_256) {
            return octal(block, SIZE, SIZE_LENGTH);
        }
        long value = 0;
        for (int i = 1; i < SIZE_LENGTH; i++) {
            if (value > Long.MAX_VALUE >> Byte.SIZE) {
                throw new IllegalArgumentException("expected a size below 2^63, found a larger one");
            }
            value = value << Byte.SIZE | (block[SIZE + i] & 0xFF);
        }
        return value;
    }

    private static long octal(byte[] block, int at, int length) {
        String digits = text(block, at, length).strip();
        if (digits.isEmpty() || digits.chars().anyMatch(c -> c < '0' || c > '7')) {
            throw new IllegalArgumentException("expected an octal number in a tar header, found \"" + digits + "\"");
        }
        return Long.parseLong(digits, 8);
    }

    private static String text(byte[] block, int at, int length) {
        int end = at;
        while (end < at + length && block[end] != 0) {
            end++;
        }
        return new String(block, at, end - at, StandardCharsets.ISO_8859_1);
    }

    private static int sum(byte[] block) {
        int sum = 0;
        for (byte each : block) {
            sum += each & 0xFF;
        }
        return sum;
    }
}
