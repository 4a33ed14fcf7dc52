package dev.longspan.snapshot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** A running SHA-256. */
public final class Sha256 {
    /** How many hexadecimal digits a hash has. */
    static final int DIGITS = 64;

    private final MessageDigest digest;

    private static final int PIECE = 1 << 16;

    Sha256() {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** Adds the rest of a buffer, whose position moves to its limit. */
    Sha256 add(ByteBuffer bytes) {
        digest.update(bytes);
        return this;
    }

    Sha256 add(byte[] bytes, int offset, int length) {
        digest.update(bytes, offset, length);
        return this;
    }

    /** Adds a text and its length, so that texts one after the other cannot be taken for others. */
    Sha256 add(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, bytes.length));
        digest.update(bytes);
        return this;
    }

    /** The hash in lower-case hexadecimal digits; starts anew. */
    String hex() {
        return HexFormat.of().formatHex(digest.digest());
    }

    static String of(byte[] bytes, int length) {
        return new Sha256().add(bytes, 0, length).hex();
    }

    /**
     * {@return the hash of all that a channel holds, in lower-case hexadecimal digits}
     *
     * @param channel is read from its beginning, and is back there afterwards
     * @throws IOException if it cannot be read
     */
    public static String of(SeekableByteChannel channel) throws IOException {
        Sha256 hash = new Sha256();
        ByteBuffer piece = ByteBuffer.allocate(PIECE);
        channel.position(0);
        while (channel.read(piece) >= 0) {
            hash.add(piece.flip());
            piece.clear();
        }
        channel.position(0);
        return hash.hex();
    }
}
