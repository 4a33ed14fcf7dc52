package dev.longspan.tck;

import static dev.longspan.tck.Driver.require;

import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.BackendProvider;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A process of its own with a backend in it. */
final class ChildProcess {
    private static final long LONGEST_SECONDS = 300;
    /** How long a process may take to exit once its work is done. */
    private static final long LAST_SECONDS = 10;

    private static final String DONE = "done";
    /** Flags without which some backends do not work, or work otherwise. */
    private static final List<String> PASSED_ON = List.of(
            "--add-modules", "--add-opens", "--add-exports", "--enable-native-access", "-Djava.library.path", "-Djna.");

    private ChildProcess() {}

    /**
     * How a process ended.
     *
     * @param done what it wrote when its work was done; null if it ended by itself before
     * @param printed what it printed, but for what the logger says of itself
     */
    record Ended(@Nullable String done, String printed) {}

    /** What is done with a process that has ended, before its folder is deleted. */
    interface Then {
        void look(Ended ended, Path folder) throws IOException;
    }

    /**
     * Runs a class's main with the arguments that {@link Arguments} reads, and requires that the process exits with 0.
     *
     * @param flags for Java, where {@code %s} is the folder of the process
     */
    static void run(Subject subject, Class<?> main, List<String> flags, Then then)
            throws IOException, InterruptedException {
        if (!ProviderRules.isListed(subject.provider())) {
            throw new NotApplicable("ServiceLoader does not find the provider, so that no other process can open it");
        }
        Path folder = Files.createTempDirectory("longspan-conformance");
        try {
            then.look(run(command(subject, main, flags, folder), folder), folder);
        } finally {
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(folder);
        }
    }

    private static List<String> command(Subject subject, Class<?> main, List<String> flags, Path folder) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        for (String flag : flags) {
            command.add(flag.replace("%s", folder.toString()));
        }
        for (String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (PASSED_ON.stream().anyMatch(flag::startsWith)) {
                command.add(flag);
            }
        }
        command.add("-Dslf4j.provider=org.slf4j.helpers.NOP_FallbackServiceProvider"); // a log is not printed
        command.add("-cp");
        command.add(String.join(File.pathSeparator, classPath(subject.provider())));
        command.add(main.getName());
        BackendOptions options = subject.options();
        command.addAll(List.of(
                folder.resolve(DONE).toString(),
                subject.provider().getClass().getName(),
                Integer.toString(options.threads()),
                options.device()));
        options.settings().forEach((name, value) -> command.add(name + "=" + value));
        return command;
    }

    private static Ended run(List<String> command, Path folder) throws IOException, InterruptedException {
        Path printed = folder.resolve("printed");
        Path done = folder.resolve(DONE);
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(printed.toFile());
        // Java says that it has seen these
        builder.environment().keySet().removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"));
        Process process = builder.start();
        boolean ended;
        try {
            ended = ends(process, done);
        } finally {
            process.destroyForcibly().waitFor();
        }
        String text = Files.readAllLines(printed).stream()
                .filter(line -> !line.startsWith("SLF4J")) // which tells that it was told its provider
                .collect(Collectors.joining("\n"));
        require(
                ended,
                "the process did not exit by itself within " + LAST_SECONDS + " s of its work, or " + LONGEST_SECONDS
                        + " s; it printed: " + text);
        require(process.exitValue() == 0, "the process exited with " + process.exitValue() + ": " + text);
        return new Ended(Files.exists(done) ? Files.readString(done) : null, text);
    }

    /** Whether the process ends by itself soon after its work. */
    private static boolean ends(Process process, Path done) throws InterruptedException {
        for (long i = 0; i < LONGEST_SECONDS && !Files.exists(done); i++) {
            if (process.waitFor(1, TimeUnit.SECONDS)) {
                return true;
            }
        }
        return process.waitFor(LAST_SECONDS, TimeUnit.SECONDS);
    }

    /** Where the classes of this process and those of the provider come from. */
    private static List<String> classPath(BackendProvider provider) {
        List<String> all = new ArrayList<>();
        for (String property : List.of("java.class.path", "jdk.module.path")) {
            String value = System.getProperty(property, "");
            if (!value.isEmpty()) {
                all.add(value);
            }
        }
        if (provider.getClass().getClassLoader() instanceof URLClassLoader loader) {
            for (URL url : loader.getURLs()) {
                all.add(Path.of(URI.create(url.toString())).toString());
            }
        }
        return all;
    }

    /** What a process is told: the file that tells that it is done, the provider's class, threads, device, settings. */
    record Arguments(Path done, BackendProvider provider, BackendOptions options) {
        static Arguments of(String... args) {
            Map<String, String> settings = new TreeMap<>();
            for (int i = 4; i < args.length; i++) {
                int at = args[i].indexOf('=');
                settings.put(args[i].substring(0, at), args[i].substring(at + 1));
            }
            BackendProvider provider = ServiceLoader.load(BackendProvider.class).stream()
                    .filter(each -> each.type().getName().equals(args[1]))
                    .map(ServiceLoader.Provider::get)
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException("ServiceLoader does not find " + args[1]));
            return new Arguments(
                    Path.of(args[0]), provider, new BackendOptions(Integer.parseInt(args[2]), args[3], settings));
        }

        /** Tells that the work is done. */
        void tell(String result) throws IOException {
            Files.writeString(done, result);
        }
    }
}
