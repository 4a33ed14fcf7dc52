package dev.longspan.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** A file of text that a user brings into the conversation. */
final class TextFile {
    /** The most bytes of a file. */
    static final int MOST_BYTES = 64 << 20;

    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private TextFile() {}

    /**
     * {@return a file's text}
     *
     * @throws CommandException if there is no such file, or it is too large, empty, or not UTF-8
     */
    static String read(String name) {
        try {
            Path file = Path.of(name);
            if (Files.isDirectory(file)) {
                throw new CommandException(name + ": expected a file, found a folder");
            }
            return decode(name, bytes(name, file));
        } catch (InvalidPathException | NoSuchFileException e) {
            throw new CommandException(name + ": there is no such file", e);
        } catch (IOException e) {
            throw new CommandException(name + ": cannot be read: " + e, e);
        }
    }

    private static byte[] bytes(String name, Path file) throws IOException {
        if (Files.size(file) <= MOST_BYTES) {
            try (InputStream content = Files.newInputStream(file)) {
                byte[] bytes = content.readNBytes(MOST_BYTES + 1); // it may have grown
                if (bytes.length <= MOST_BYTES) {
                    return bytes;
                }
            }
        }
        throw new CommandException(name + ": expected at most " + (MOST_BYTES >> 20) + " MiB, found more");
    }

    private static String decode(String name, byte[] bytes) {
        ByteBuffer source = ByteBuffer.wrap(bytes);
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(source).toString();
        } catch (CharacterCodingException e) {
            throw new CommandException(
                    name + ": expected text in UTF-8, found something else at byte " + source.position(), e);
        }
        String content = text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text;
        if (content.isBlank()) {
            throw new CommandException(name + ": expected text, found none");
        }
        return content;
    }
}
