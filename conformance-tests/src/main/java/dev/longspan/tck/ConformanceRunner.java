package dev.longspan.tck;

import dev.longspan.spi.Availability;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.BackendProvider;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;

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
              --class-path JARS     where it is found, written as a class path is
              --device ID           the device to open it on
              --threads N           how many threads it may use (2)
              --setting NAME=VALUE  a setting of the backend; may be given several times
              --memory-setting NAME the setting that limits its memory in bytes
              --other ID            another backend, with which checkpoints are exchanged
              --deviation RULE=WHY  a rule that is known not to hold; may be given several times
              --rule RULE           check this rule only; may be given several times
              --seed N              decides everything that is drawn (1); a number, or random
              --tries N             how many cases are drawn for a rule (6)
              --long N              how many tokens the longest context has (32768)
              --timeout SECONDS     how long one rule may take (1200)
              --report FILE         also write the report as JSON
              --list                list the rules

            exits with 0 if the backend conforms, 1 if it does not, 2 if it could not be run, or ended the process itself
            """;

    private final PrintWriter out;
    private String backend = "";
    private String other = "";
    private String device = BackendOptions.ANY_DEVICE;
    private int threads = 2;
    private String memorySetting = "";
    private final Map<String, String> settings = new TreeMap<>();
    private final Map<String, String> deviations = new TreeMap<>();
    private final Map<String, ConformanceRule> rules = new LinkedHashMap<>();
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
        } catch (IllegalArgumentException | IOException e) {
            out.println(e instanceof IllegalArgumentException ? e.getMessage() : e.toString());
            out.println("--help tells the options");
            return MISUSED;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            out.println("interrupted");
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
            case "--threads" -> threads = Numbers.whole(name, value, 1, BackendOptions.MAX_THREADS);
            case "--setting" -> pair(name, value, settings);
            case "--memory-setting" -> memorySetting = value;
            case "--other" -> other = value;
            case "--deviation" -> pair(name, value, deviations);
            case "--rule" -> rules.putIfAbsent(value, ConformanceKit.rule(value));
            case "--list" -> throw new IllegalArgumentException("--list: expected nothing beside it");
            case "--seed" -> seed = Numbers.seed(name, value);
            case "--tries" -> tries = Numbers.whole(name, value, 1);
            case "--long" -> longTokens = Numbers.whole(name, value, ConformanceKit.LEAST_LONG_TOKENS);
            case "--timeout" -> timeout = Duration.ofSeconds(Numbers.whole(name, value, 1));
            case "--report" -> report = value;
            default -> throw new IllegalArgumentException(name + ": there is no such option");
        }
    }

    private static void pair(String name, String value, Map<String, String> target) {
        int at = value.indexOf('=');
        if (at < 1) {
            throw new IllegalArgumentException(name + ": expected NAME=VALUE, found '" + value + "'");
        }
        target.put(value.substring(0, at), value.substring(at + 1));
    }

    private int run() throws IOException, InterruptedException {
        try (URLClassLoader loader = new URLClassLoader(
                ClassPath.urls(classPath), Thread.currentThread().getContextClassLoader())) {
            Candidates found = candidates(loader);
            found.tellFaults(out);
            BackendProvider provider = found.provider(backend);
            ConformanceKit kit = kit(found, provider);
            requireAvailable(provider);
            writeReport(""); // minutes later would be late to find out
            ConformanceReport result = rules.isEmpty() ? kit.run() : kit.run(List.copyOf(rules.values()));
            out.print(result.table());
            writeReport(result.json());
            return result.conforms() ? CONFORMS : DOES_NOT;
        }
    }

    private Candidates candidates(ClassLoader loader) throws InterruptedException {
        try {
            return InTime.call("conformance providers", timeout, () -> new Candidates(loader));
        } catch (ExecutionException e) {
            throw new IllegalArgumentException("the providers cannot be looked for: " + e.getCause(), e);
        }
    }

    private ConformanceKit kit(Candidates found, BackendProvider provider) {
        ConformanceKit kit = ConformanceKit.of(provider)
                .withOptions(new BackendOptions(threads, device, settings))
                .withSeed(seed)
                .withTries(tries)
                .withLongTokens(longTokens)
                .withTimeout(timeout);
        kit = memorySetting.isEmpty() ? kit : kit.withMemorySetting(memorySetting);
        kit = other.isEmpty() ? kit : kit.withOther(found.provider(other));
        for (Map.Entry<String, String> each : deviations.entrySet()) {
            if (!rules.isEmpty() && !rules.containsKey(each.getKey())) {
                throw new IllegalArgumentException(
                        "--deviation: the rule " + each.getKey() + " is not among those that are checked");
            }
            kit = kit.withKnownDeviation(each.getKey(), each.getValue());
        }
        return kit;
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

    private void requireAvailable(BackendProvider provider) throws InterruptedException {
        requireAvailable(provider, settings, "");
        if (!memorySetting.isEmpty()) {
            Map<String, String> limited = new TreeMap<>(settings);
            limited.put(memorySetting, Long.toString(PLENTY));
            requireAvailable(provider, limited, "--memory-setting " + memorySetting + ": ");
        }
    }

    /** A probe that throws or hangs is no misuse: the rules tell what is wrong with it. */
    private void requireAvailable(BackendProvider provider, Map<String, String> given, String option)
            throws InterruptedException {
        BackendOptions options = new BackendOptions(threads, device, given);
        Availability answer;
        try {
            answer = InTime.call("conformance probe", timeout, () -> provider.probe(options));
        } catch (ExecutionException e) {
            out.println("the probe failed: " + e.getCause());
            return;
        }
        if (answer instanceof Availability.Unavailable unavailable) {
            throw new IllegalArgumentException(option + "backend '" + provider.id() + "' is unavailable: "
                    + unavailable.cause() + " " + unavailable.detail() + "; remedy: " + unavailable.remedy());
        }
    }
}
