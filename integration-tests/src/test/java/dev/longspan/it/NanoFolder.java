package dev.longspan.it;

import java.nio.file.Files;
import java.nio.file.Path;

/** Where the nano model lies in the source tree. */
final class NanoFolder {
    private NanoFolder() {}

    static Path path() {
        Path folder = root().resolve("nano-model").resolve("model");
        if (!Files.isDirectory(folder)) {
            throw new IllegalStateException("no nano model at " + folder);
        }
        return folder;
    }

    /** {@return the root of the source tree} */
    static Path root() {
        String root = System.getProperty("longspan.root");
        if (root == null || root.isEmpty()) {
            throw new IllegalStateException("the system property longspan.root is not set; Maven sets it");
        }
        return Path.of(root);
    }
}
