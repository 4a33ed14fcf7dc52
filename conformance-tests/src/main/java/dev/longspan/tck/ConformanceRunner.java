package dev.longspan.tck;

import dev.longspan.spi.Availability;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.BackendProvider;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.TreeMap;

/** The kit as a command, for the builds of others. */
final class ConformanceRunner {
    static final int CONFORMS = 0;
    static final int DOES_NOT = 1;
    static final int MISUSED = 2;

    /** A limit of memory that no machine reaches. */
    private static final long PLENTY = 1L << 50;

    private static final String USAGE = """
            Proves a backend of Longspan against the rules of its contract.

            usage: java -cp JARS dev.longspan.tck.Main [options]
               or: java -jar longspan-conformance-tests-VERSION-all.jar --class-path JARS [options]

              --backend ID          the backend; may be left out if there is one only
              --class-path JARS     where it is found, separated as in a class path
              --device ID           the device to open it on
              --threads N           how many threads it may use (2)
              --setting NAME=VALUE  a setting of the backend; may be given several times
              --memory-setting NAME the setting that limits its memory in bytes
              --other ID            another backend, with which checkpoints are exchanged
              --deviation RULE=WHY  a rule that is known not to hold; may be given several times
              --rule RULE           check this rule only; may be given several times
              --seed N              decides everything that is drawn (1)
              --tries N             how many cases are drawn for a rule (6)
              --long N              how many tokens the longest context has (32768)
              --timeout SECONDS     how long one rule may take (1200)
              --report FILE         also write the report as JSON
              --list                list the rules

            exits with 0 if the backend conforms, 1 if it does not, 2 if it could not be run
            """;

    private final PrintWriter out;
    private String backend = "";
    private String other = "";
    private String device = BackendOptions.ANY_DEVICE;
    private int threads = 2;
    private String memorySetting = "";
    private final Map<String, String> settings = new TreeMap<>();
    private final Map<String, String> deviations = new TreeMap<>();
    private final List<ConformanceRule> rules = new ArrayList<>();
    private long seed = 1;
    private int tries = ConformanceKit.DEFAULT_TRIES;
    private int longTokens = ConformanceKit.DEFAULT_LONG_TOKENS;
    private Duration timeout = ConformanceKit.DEFAULT_TIMEOUT;
    private String report = "";
    private String classPath = "";

    ConformanceRunner(PrintWriter out) {
        this.out = out;
    }

    /** {@return the status to exit with} */
    int run(String... args) {
        try {
            if (List.of(args).contains("--help") || List.of(args).contains("-h")) {
                out.print(USAGE);
                return CONFORMS;
            } else if (List.of(args).equals(List.of("--list"))) {
                ConformanceKit.rules().forEach(rule -> out.println(rule.level() + " " + rule));
                return CONFORMS;
            }
            read(args);
            return run();
        } catch (IllegalArgumentException | IOException | ServiceConfigurationError e) {
            out.println(e instanceof IllegalArgumentException ? e.getMessage() : e.toString());
            out.println("--help tells the options");
            return MISUSED;
        } finally {
            out.flush();
        }
    }

    private void read(String... args) {
        for (int i = 0; i < args.length; i += 2) {
            if (i + 1 == args.length) {
                throw new IllegalArgumentException(args[i] + ": expected a value behind it");
            }
            option(args[i], args[i + 1]);
        }
    }

    private void option(String name, String value) {
        switch (name) {
            case "--backend" -> backend = value;
            case "--class-path" -> classPath = value;
            case "--device" -> device = value;
            case "--threads" -> threads = whole(name, value);
            case "--setting" -> pair(name, value, settings);
            case "--memory-setting" -> memorySetting = value;
            case "--other" -> other = value;
            case "--deviation" -> pair(name, value, deviations);
            case "--rule" -> rules.add(ConformanceKit.rule(value));
            case "--list" -> throw new IllegalArgumentException("--list: expected nothing beside it");
            case "--seed" -> seed = number(name, value);
            case "--tries" -> tries = whole(name, value);
            case "--long" -> longTokens = whole(name, value);
            case "--timeout" -> timeout = Duration.ofSeconds(whole(name, value));
            case "--report" -> report = value;
            default -> throw new IllegalArgumentException(name + ": there is no such option");
        }
    }

    private static long number(String name, String value) {
        try {
            return Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(name + ": expected a number, found '" + value + "'", e);
        }
    }

    private static int whole(String name, String value) {
        long number = number(name, value);
        if (number < 1 || number > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(name + ": expected 1 to " + Integer.MAX_VALUE + ", found " + value);
        }
        return (int) number;
    }

    private static void pair(String name, String value, Map<String, String> target) {
        int at = value.indexOf('=');
        if (at < 1) {
            throw new IllegalArgumentException(name + ": expected NAME=VALUE, found '" + value + "'");
        }
        target.put(value.substring(0, at), value.substring(at + 1));
    }

    private int run() throws IOException {
        try (URLClassLoader loader =
                new URLClassLoader(jars(), Thread.currentThread().getContextClassLoader())) {
            List<BackendProvider> found = ServiceLoader.load(BackendProvider.class, loader).stream()
                    .map(ServiceLoader.Provider::get)
                    .toList();
            ConformanceKit kit = ConformanceKit.of(provider(found, backend))
                    .withOptions(new BackendOptions(threads, device, settings))
                    .withSeed(seed)
                    .withTries(tries)
                    .withLongTokens(longTokens)
                    .withTimeout(timeout);
            kit = memorySetting.isEmpty() ? kit : kit.withMemorySetting(memorySetting);
            kit = other.isEmpty() ? kit : kit.withOther(provider(found, other));
            for (Map.Entry<String, String> each : deviations.entrySet()) {
                if (!rules.isEmpty()
                        && rules.stream().noneMatch(rule -> rule.id().equals(each.getKey()))) {
                    throw new IllegalArgumentException(
                            "--deviation: the rule " + each.getKey() + " is not among those that are checked");
                }
                kit = kit.withKnownDeviation(each.getKey(), each.getValue());
            }
            requireAvailable(provider(found, backend));
            writeReport(""); // minutes later would be late to find out
            ConformanceReport result = rules.isEmpty()
                    ? kit.run()
                    : kit.run(rules.stream().distinct().toList());
            out.print(result.table());
            writeReport(result.json());
            return result.conforms() ? CONFORMS : DOES_NOT;
        }
    }

    private void writeReport(String text) {
        if (report.isEmpty()) {
            return;
        }
        try {
            Files.writeString(Path.of(report), text);
        } catch (IOException e) {
            throw new IllegalArgumentException("--report: cannot write " + report + ": " + e, e);
        }
    }

    private void requireAvailable(BackendProvider provider) {
        requireAvailable(provider, settings, "");
        if (!memorySetting.isEmpty()) {
            Map<String, String> limited = new TreeMap<>(settings);
            limited.put(memorySetting, Long.toString(PLENTY));
            requireAvailable(provider, limited, "--memory-setting " + memorySetting + ": ");
        }
    }

    /** A probe that throws is no misuse: the rules tell what is wrong with it. */
    private void requireAvailable(BackendProvider provider, Map<String, String> given, String option) {
        Availability answer;
        try {
            answer = provider.probe(new BackendOptions(threads, device, given));
        } catch (RuntimeException | LinkageError e) {
            out.println("the probe failed: " + e);
            return;
        }
        if (answer instanceof Availability.Unavailable unavailable) {
            throw new IllegalArgumentException(option + "backend '" + provider.id() + "' is unavailable: "
                    + unavailable.cause() + " " + unavailable.detail() + "; remedy: " + unavailable.remedy());
        }
    }

    private URL[] jars() throws MalformedURLException {
        List<URL> urls = new ArrayList<>();
        for (String each : classPath.split(File.pathSeparator, -1)) {
            if (!each.isEmpty()) {
                Path path = Path.of(each);
                if (!Files.exists(path)) {
                    throw new IllegalArgumentException("--class-path: there is no " + path);
                }
                urls.add(path.toUri().toURL());
            }
        }
        return urls.toArray(URL[]::new);
    }

    private static String idOf(BackendProvider provider) {
        try {
            return provider.id();
        } catch (RuntimeException | LinkageError e) {
            throw new IllegalArgumentException("a " + provider.getClass().getName() + " cannot tell its id: " + e, e);
        }
    }

    private static BackendProvider provider(List<BackendProvider> found, String id) {
        if (found.isEmpty()) {
            throw new IllegalArgumentException("no backend was found: --class-path names its jars");
        }
        List<String> ids = found.stream().map(ConformanceRunner::idOf).toList();
        if (id.isEmpty() && found.size() == 1) {
            return found.get(0);
        }
        return found.stream()
                .filter(each -> each.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        (id.isEmpty() ? "--backend: name one of " : "there is no backend '" + id + "' among ") + ids));
    }
}
