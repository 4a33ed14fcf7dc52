package dev.longspan.tck;

import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** Reads a class path as Java does. */
final class ClassPath {
    private static final String ALL_JARS = "*";

    private ClassPath() {}

    /** {@return jars and folders; a folder with a star behind it stands for the jars in it} */
    static URL[] urls(String classPath) throws IOException {
        List<URL> urls = new ArrayList<>();
        for (String each : classPath.split(File.pathSeparator, -1)) {
            for (Path path : each.isEmpty() ? List.<Path>of() : paths(each)) {
                urls.add(path.toUri().toURL());
            }
        }
        return urls.toArray(URL[]::new);
    }

    private static List<Path> paths(String entry) throws IOException {
        boolean all =
                entry.equals(ALL_JARS) || entry.endsWith("/" + ALL_JARS) || entry.endsWith(File.separator + ALL_JARS);
        Path path = Path.of(all ? entry.substring(0, entry.length() - ALL_JARS.length()) : entry);
        if (all ? !Files.isDirectory(path) : !Files.exists(path)) {
            throw new IllegalArgumentException("--class-path: there is no " + (all ? "folder " : "") + path);
        }
        if (!all) {
            return List.of(path);
        }
        try (Stream<Path> files = Files.list(path)) {
            return files.filter(file -> file.toString().toLowerCase(Locale.ROOT).endsWith(".jar"))
                    .sorted()
                    .toList();
        }
    }
}
