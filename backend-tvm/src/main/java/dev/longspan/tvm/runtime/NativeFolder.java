package dev.longspan.tvm.runtime;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;

/**
 * The folder that native libraries are unpacked to. A file that is there already is used only if it has the same bytes; a new one
 * is written under another name and then renamed, so that several processes can do so at once.
 */
final class NativeFolder {
    private final Path folder;

    private NativeFolder(Path folder) {
        this.folder = folder;
    }

    /**
     * {@return a folder, made if it is missing}
     *
     * @throws TvmUnavailableException if it cannot be written
     */
    static NativeFolder at(Path folder) {
        try {
            return new NativeFolder(Files.createDirectories(folder).toRealPath());
        } catch (IOException e) {
            throw cannotWrite(folder, e);
        }
    }

    private static TvmUnavailableException cannotWrite(Path path, IOException cause) {
        return new TvmUnavailableException(
                "the folder for native libraries cannot be written",
                path + ": " + cause,
                "make it writable, or name another one by the setting '" + NativeOptions.FOLDER_SETTING + "'",
                cause);
    }

    /** {@return the path of a file with these bytes} */
    Path file(String name, byte[] content) {
        Path file = folder.resolve(name);
        try {
            if (Files.isRegularFile(file)
                    && Files.size(file) == content.length
                    && Arrays.equals(Files.readAllBytes(file), content)) {
                return file;
            }
            Path temporary = Files.createTempFile(folder, name, ".tmp");
            try {
                Files.write(temporary, content);
                move(temporary, file);
            } finally {
                Files.deleteIfExists(temporary);
            }
            return file;
        } catch (IOException e) {
            throw cannotWrite(file, e);
        }
    }

    private static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /**
     * {@return the path of a file with the bytes of a resource}
     *
     * @throws TvmUnavailableException if there is no such resource
     */
    Path resource(String resource, String name, String remedy) {
        try (InputStream own =
                        NativeFolder.class.getResourceAsStream("/" + resource); // as a module it alone sees its own
                InputStream others = NativeFolder.class.getClassLoader().getResourceAsStream(resource)) {
            InputStream found = own == null ? others : own;
            if (found == null) {
                throw new TvmUnavailableException("a library is not on the class path", resource, remedy, null);
            }
            return file(name, found.readAllBytes());
        } catch (IOException e) {
            throw new TvmUnavailableException("a library cannot be read", resource + ": " + e, remedy, e);
        }
    }
}
