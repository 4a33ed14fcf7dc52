package dev.longspan.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * Where the benchmarks' models are. A model's name is {@code nano}, the name of a {@linkplain HybridShape#named synthetic
 * one}, or the path of a folder; the first two are written when they are first asked for, under the folder that the system
 * property {@value #PROPERTY} names, else under {@code target/models}.
 */
final class ModelFolders {
    static final String PROPERTY = "longspan.bench.models";

    private ModelFolders() {}

    /** {@return the folder under which models are written} */
    static Path home() {
        return Path.of(System.getProperty(PROPERTY, "target/models"));
    }

    /** {@return the folder of a model} */
    static Path find(String name) throws IOException {
        Path home = home();
        if (name.equals("nano")) {
            return nano(home);
        }
        if (HybridShape.isKnown(name)) {
            Path folder = home.resolve(name);
            if (!Files.exists(folder)) {
                SyntheticHybrid.write(HybridShape.named(name), folder, 1);
            }
            return folder;
        }
        Path folder = Path.of(name);
        if (!Files.isRegularFile(folder.resolve("config.json"))) {
            throw new IllegalArgumentException("model: expected nano, one of " + HybridShape.names()
                    + ", or a folder with a config.json, found " + name);
        }
        return folder;
    }

    private static Path nano(Path home) throws IOException {
        Path folder = home.resolve("nano");
        if (!Files.exists(folder)) {
            Path unfinished = Files.createTempDirectory(Files.createDirectories(home), ".unfinished-");
            NanoModel.copyTo(unfinished);
            Files.move(unfinished, folder, StandardCopyOption.ATOMIC_MOVE);
        }
        return folder;
    }
}
