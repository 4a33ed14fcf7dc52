package dev.longspan.tck;

import static dev.longspan.tck.Driver.require;

import dev.longspan.spi.Backend;
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
import java.util.Properties;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A process of its own that opens a backend, computes, and ends without closing it. */
final class ChildProcess {
    private static final long LONGEST_SECONDS = 120;
    /** How long a process may take to exit once its work is done. */
    private static final long LAST_SECONDS = 10;

    private static final String DONE = "done";
    /** Flags without which some backends do not work, or work otherwise. */
    private static final List<String> PASSED_ON = List.of(
            "--add-modules", "--add-opens", "--add-exports", "--enable-native-access", "-Djava.library.path", "-Djna.");
    /** Classes that are loaded when a socket is opened. */
    private static final List<String> SOCKETS =
            List.of("sun.nio.ch.NioSocketImpl", "sun.nio.ch.SocketChannelImpl", "sun.nio.ch.DatagramChannelImpl");

    private ChildProcess() {}

    static void check(Subject subject) throws IOException, InterruptedException {
        if (!ProviderRules.isListed(subject.provider())) {
            throw new NotApplicable("ServiceLoader does not find the provider, so that no other process can open it");
        }
        Path folder = Files.createTempDirectory("longspan-conformance");
        try {
            check(subject, subject.provider().getClass().getName(), folder);
        } finally {
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(folder);
        }
    }

    private static void check(Subject subject, String provider, Path folder) throws IOException, InterruptedException {
        Path printed = folder.resolve("printed");
        Path classes = folder.resolve("classes");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Xlog:class+load=info:file=" + classes);
        for (String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (PASSED_ON.stream().anyMatch(flag::startsWith)) {
                command.add(flag);
            }
        }
        command.add("-Dslf4j.provider=org.slf4j.helpers.NOP_FallbackServiceProvider"); // a log is not printed
        command.add("-cp");
        command.add(String.join(File.pathSeparator, classPath(subject.provider())));
        command.add(ChildProcess.class.getName());
        BackendOptions options = subject.options();
        command.addAll(List.of(
                folder.resolve(DONE).toString(), provider, Integer.toString(options.threads()), options.device()));
        options.settings().forEach((name, value) -> command.add(name + "=" + value));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(printed.toFile());
        // Java says that it has seen these
        builder.environment().keySet().removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"));
        Process process = builder.start();
        boolean ended = ends(process, folder.resolve(DONE));
        if (!ended) {
            process.destroyForcibly().waitFor();
        }
        String text = Files.readAllLines(printed).stream()
                .filter(line -> !line.startsWith("SLF4J")) // which tells that it was told its provider
                .collect(Collectors.joining("\n"));
        require(
                ended,
                "the process did not exit by itself within " + LONGEST_SECONDS + " seconds; it printed: " + text);
        if (process.exitValue() == 0 && !Files.exists(folder.resolve(DONE))) {
            throw new NotApplicable("it supports none of the networks that the process draws");
        }
        require(process.exitValue() == 0, "the process exited with " + process.exitValue() + ": " + text);
        require(text.isEmpty(), "the process printed: " + text);
        try (Stream<String> lines = Files.lines(classes)) {
            List<String> sockets = lines.filter(
                            line -> SOCKETS.stream().anyMatch(each -> line.contains(" " + each + " ")))
                    .toList();
            require(sockets.isEmpty(), "the process opened a socket: " + sockets);
        }
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

    private static @Nullable BackendProvider find(String type) {
        return ServiceLoader.load(BackendProvider.class).stream()
                .filter(each -> each.type().getName().equals(type))
                .map(ServiceLoader.Provider::get)
                .findFirst()
                .orElse(null);
    }

    /** The process: the file that tells that it is done, the provider's class, threads, device, settings. */
    public static void main(String[] args) throws IOException {
        Map<String, String> settings = new TreeMap<>();
        for (int i = 4; i < args.length; i++) {
            int at = args[i].indexOf('=');
            settings.put(args[i].substring(0, at), args[i].substring(at + 1));
        }
        BackendProvider provider = find(args[1]);
        if (provider == null) {
            throw new IllegalStateException("ServiceLoader does not find " + args[1]);
        }
        Properties before = (Properties) System.getProperties().clone();
        Backend backend = provider.open(new BackendOptions(Integer.parseInt(args[2]), args[3], settings));
        RandomModel model;
        try {
            model = Subject.supported(backend, RandomModel::spec, 1);
        } catch (NotApplicable e) {
            return; // and what tells that it is done is missing
        }
        Driver driver = Driver.load(backend, model, 1);
        driver.feed(driver.model().newState(), driver.ids(20));
        for (String name : System.getProperties().stringPropertyNames()) {
            if (!System.getProperty(name).equals(before.getProperty(name))) {
                throw new IllegalStateException("system property " + name + " was set");
            }
        }
        Files.createFile(Path.of(args[0])); // and nothing is closed
    }
}
