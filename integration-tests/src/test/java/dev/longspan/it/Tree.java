package dev.longspan.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The source tree these tests belong to. */
final class Tree {
    private Tree() {}

    static Path root() {
        return Path.of(System.getProperty("longspan.root", ".."))
                .toAbsolutePath()
                .normalize();
    }

    /** {@return every Java source of every module} */
    static List<Path> javaSources() throws IOException {
        try (Stream<Path> modules = Files.list(root())) {
            List<Path> sources = modules.map(module -> module.resolve("src"))
                    .filter(Files::isDirectory)
                    .toList();
            return sources.stream().flatMap(Tree::javaFiles).sorted().toList();
        }
    }

    private static Stream<Path> javaFiles(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(".java")).toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
