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
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
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
    /** How long a process may take to exit once its work is done. */
    private static final long LAST_SECONDS = 10;

    private static final String DONE = "done";
    private static final String PRINTED = "printed";
    /** Flags without which some backends do not work, or work otherwise. */
    private static final List<String> PASSED_ON = List.of(
            "--add-modules", "--add-opens", "--add-exports", "--enable-native-access", "-Djava.library.path", "-Djna.");

    private ChildProcess() {}

    /**
     * How a process ended.
     *
     * @param done what it wrote when its work was done; null if it ended by itself before
     * @param printed what it printed, but for what the logger says of itself, and, of one that did its work, what Java said of its
     *     flags before anything else ran
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
            then.look(run(command(subject, main, flags, folder), folder, longest(subject)), folder);
        } finally {
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(folder);
        }
    }

    /** Less than the rule may take, so that what the process printed is told. */
    private static Duration longest(Subject subject) {
        return subject.timeout().multipliedBy(9).dividedBy(10);
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

    private static Ended run(List<String> command, Path folder, Duration longest)
            throws IOException, InterruptedException {
        Path printed = folder.resolve(PRINTED);
        Path done = folder.resolve(DONE);
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(printed.toFile());
        // Java says that it has seen these
        builder.environment().keySet().removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"));
        Process process = builder.start();
        boolean ended;
        try {
            ended = ends(process, done, longest);
        } finally {
            process.destroyForcibly().waitFor();
        }
        byte[] all = Files.readAllBytes(printed);
        String text = text(all, 0);
        require(
                ended,
                "the process did not exit by itself within " + LAST_SECONDS + " s of its work, or "
                        + longest.toSeconds() + " s; it printed: " + text.strip());
        require(process.exitValue() == 0, "the process exited with " + process.exitValue() + ": " + text.strip());
        if (!Files.exists(done)) {
            return new Ended(null, text);
        }
        String[] told = Files.readString(done).split("\n", 2);
        return new Ended(told[1], text(all, Integer.parseInt(told[0])));
    }

    private static String text(byte[] printed, int from) {
        return withoutLogger(new String(printed, from, printed.length - from, Charset.defaultCharset()));
    }

    /** What was printed, but for what the logger says of itself, such as which provider it found. */
    static String withoutLogger(String printed) {
        return printed.lines()
                .filter(line -> !line.startsWith("SLF4J"))
                .map(line -> line + "\n")
                .collect(Collectors.joining());
    }

    /** Whether the process ends by itself soon after its work. */
    private static boolean ends(Process process, Path done, Duration longest) throws InterruptedException {
        long began = System.nanoTime();
        while (System.nanoTime() - began < longest.toNanos() && !Files.exists(done)) {
            if (process.waitFor(Math.min(1000, longest.toMillis()), TimeUnit.MILLISECONDS)) {
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

    /**
     * What a process is told.
     *
     * @param done the file that tells that it is done
     * @param begun how much was printed before it began
     * @param provider the provider
     * @param options how its backend is opened
     */
    record Arguments(Path done, long begun, BackendProvider provider, BackendOptions options) {
        /** Reads the file, the provider's class, threads, device, settings. */
        static Arguments of(String... args) throws IOException {
            Path done = Path.of(args[0]);
            long begun = Files.size(done.resolveSibling(PRINTED)); // first, before the provider can print
            Map<String, String> settings = new TreeMap<>();
            for (int i = 4; i < args.length; i++) {
                int at = args[i].indexOf('=');
                settings.put(args[i].substring(0, at), args[i].substring(at + 1));
            }
            BackendProvider provider =
                    Services.listed(Thread.currentThread().getContextClassLoader(), fault -> {}).stream()
                            .filter(each -> each.type().getName().equals(args[1]))
                            .map(ServiceLoader.Provider::get)
                            .findFirst()
                            .orElseThrow(() -> new IllegalStateException("ServiceLoader does not find " + args[1]));
            return new Arguments(
                    done, begun, provider, new BackendOptions(Integer.parseInt(args[2]), args[3], settings));
        }

        /** Tells that the work is done. */
        void tell(String result) throws IOException {
            Files.writeString(done, begun + "\n" + result);
        }
    }
}
