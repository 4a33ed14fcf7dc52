package dev.longspan.tvm.build;

import dev.longspan.tvm.runtime.StandIn;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Compiles the kernels for processors: {@code KernelCompiler sources toolchain output}. Python, TVM's compiler, LLVM and its linker come from jars on
 * the class path and are unpacked to a folder; nothing of the machine's own is used. The same sources give the same bytes.
 */
public final class KernelCompiler {
    private static final String PLATFORM = "linux-x86_64";
    private static final List<String> LIBRARIES = List.of("openblas", "dnnl");

    private final Path sources;
    private final Path toolchain;
    private final Path output;

    private KernelCompiler(Path sources, Path toolchain, Path output) {
        this.sources = sources;
        this.toolchain = toolchain;
        this.output = output;
    }

    /** Compiles. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        if (arguments.length != 3) {
            throw new IllegalArgumentException("expected sources, toolchain and output");
        }
        new KernelCompiler(
                        Path.of(arguments[0]).toAbsolutePath(),
                        Path.of(arguments[1]).toAbsolutePath(),
                        Path.of(arguments[2]).toAbsolutePath())
                .compile();
    }

    private void compile() throws IOException, InterruptedException {
        unpack();
        Path standIns = standIns();
        Path python = at("cpython").resolve("python3.13");
        Path linker = at("llvm").resolve("lld");
        for (Path program : List.of(python, linker)) {
            if (!program.toFile().setExecutable(true)) {
                throw new IOException("cannot be made executable: " + program);
            }
        }
        Files.createDirectories(output);
        ProcessBuilder builder = new ProcessBuilder(
                python.toString(), "-s", sources.resolve("build.py").toString(), output.toString());
        Map<String, String> environment = builder.environment();
        environment.put("PYTHONHOME", at("cpython").toString());
        environment.put(
                "PYTHONPATH",
                path(
                        at("numpy").resolve("python"),
                        tool("tvm", PLATFORM + "-gpu").resolve("python")));
        environment.put("PYTHONDONTWRITEBYTECODE", "1");
        environment.put("PYTHONHASHSEED", "0");
        environment.put("LLD", linker.toString());
        environment.put("TVM_HOME", standIns.toString());
        List<Path> libraries = new ArrayList<>(List.of(standIns, at("llvm"), at("cpython")));
        LIBRARIES.forEach(library -> libraries.add(at(library)));
        environment.put("LD_LIBRARY_PATH", path(libraries.toArray(Path[]::new)));
        int result = builder.inheritIO().start().waitFor();
        if (result != 0) {
            throw new IOException("the compiler ended with " + result);
        }
        Files.writeString(output.resolve("stamp"), KernelStamp.of(sources, KernelStamp.TVM) + "\n");
    }

    private static String path(Path... parts) {
        return Stream.of(parts).map(Path::toString).collect(Collectors.joining(File.pathSeparator));
    }

    private Path at(String tool) {
        return tool(tool, PLATFORM);
    }

    private Path tool(String tool, String platform) {
        return toolchain.resolve("org/bytedeco").resolve(tool).resolve(platform);
    }

    /** Unpacks the jars of the class path that are tools, each once. */
    private void unpack() throws IOException {
        for (String element : new LinkedHashSet<>(
                List.of(System.getProperty("java.class.path").split(File.pathSeparator)))) {
            String name = Path.of(element).getFileName().toString();
            Path done = toolchain.resolve(name + ".unpacked");
            if (!element.contains("bytedeco") || !name.contains(PLATFORM) || Files.exists(done)) {
                continue;
            }
            try (JarFile jar = new JarFile(element)) {
                for (Enumeration<JarEntry> all = jar.entries(); all.hasMoreElements(); ) {
                    unpack(jar, all.nextElement());
                }
            }
            Files.writeString(done, "");
        }
    }

    private void unpack(JarFile jar, JarEntry entry) throws IOException {
        Path target = toolchain.resolve(entry.getName()).normalize();
        if (entry.isDirectory() || !entry.getName().startsWith("org/bytedeco/") || !target.startsWith(toolchain)) {
            return;
        }
        Files.createDirectories(target.getParent());
        try (InputStream in = jar.getInputStream(entry)) {
            Files.copy(in, target, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** Writes libraries in place of those that the compiler asks for and does not need; it looks all functions up at once. */
    private Path standIns() throws IOException {
        Map<String, List<String>> functions = new TreeMap<>();
        for (String line : Files.readAllLines(sources.resolve("stand-ins.txt"))) {
            if (!line.startsWith("#")) {
                String[] parts = line.split(" ", 2);
                functions
                        .computeIfAbsent(parts[0], library -> new ArrayList<>())
                        .add(parts[1]);
            }
        }
        Path folder = Files.createDirectories(toolchain.resolve("stand-ins"));
        for (Map.Entry<String, List<String>> library : functions.entrySet()) {
            List<String> versions = library.getValue().stream()
                    .filter(function -> function.contains("@"))
                    .map(function -> function.substring(function.indexOf('@') + 1))
                    .distinct()
                    .toList();
            Files.write(
                    folder.resolve(library.getKey()),
                    StandIn.library(library.getKey(), library.getValue(), versions, 1));
        }
        return folder;
    }
}
