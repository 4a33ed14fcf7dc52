package dev.longspan.model;

import dev.longspan.spi.ModelLoadException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Sizes and times of a model's weights, configuration and templates when it was loaded, to tell later whether they are still those. Immutable. */
public final class FolderStamp {
    private final Path folder;
    private final Map<String, String> files;

    private FolderStamp(Path folder, Map<String, String> files) {
        this.folder = folder;
        this.files = files;
    }

    /**
     * {@return a folder's stamp}
     *
     * @throws ModelLoadException if it cannot be read
     */
    public static FolderStamp of(Path folder) {
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> entries = Files.list(folder)) {
            for (Path entry : entries.toList()) {
                if (Files.isRegularFile(entry) && isOfModel(String.valueOf(entry.getFileName()))) {
                    BasicFileAttributes found = Files.readAttributes(entry, BasicFileAttributes.class);
                    files.put(
                            String.valueOf(entry.getFileName()),
                            found.size() + " " + found.lastModifiedTime().toMillis() + " " + found.fileKey());
                }
            }
        } catch (IOException e) {
            throw new ModelLoadException(folder.toString(), "", "cannot be read: " + e, e);
        }
        return new FolderStamp(folder, files);
    }

    private static boolean isOfModel(String name) {
        return name.endsWith(".safetensors") || name.endsWith(".json") || name.endsWith(".jinja");
    }

    /**
     * Refuses a folder of which a file is no longer the one that was loaded.
     *
     * @throws ModelLoadException names the file
     */
    public void requireUnchanged() {
        Map<String, String> now = of(folder).files;
        files.forEach((name, stamp) -> {
            if (!stamp.equals(now.get(name))) {
                throw new ModelLoadException(
                        name,
                        "",
                        "expected the file that was loaded, found another one in " + folder
                                + ": what the engine holds can no longer be told from what the folder holds");
            }
        });
    }
}
