package dev.longspan.cli;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Options that are not on the command line: from the environment, else from a properties file. */
final class GivenDefaults implements IDefaultValueProvider {
    private static final String PREFIX = "LONGSPAN_";
    private static final String CONFIG = "--config";
    /** What the environment says to the script that starts the command. */
    private static final Set<String> OTHERS = Set.of("LONGSPAN_OPTS");

    private static final Pattern INJECTED =
            Pattern.compile("LONGSPAN_(\\w+_)?SERVICE_(HOST|PORT)(_\\w+)?|LONGSPAN_(\\w+_)?PORT_\\d+_\\w+");
    private static final Pattern ADDRESS = Pattern.compile("(tcp|udp|sctp)://.*");

    private final Map<String, String> environment;
    private final Properties file = new Properties();

    /**
     * Reads the file, if one is named.
     *
     * @param args the command line, of which only the name of the file counts here
     * @throws StartException if the file cannot be read
     */
    GivenDefaults(Map<String, String> environment, List<String> args) {
        this.environment = new TreeMap<>(environment);
        // Kubernetes tells of a service that has our name in variables that look like ours
        this.environment
                .entrySet()
                .removeIf(each -> INJECTED.matcher(each.getKey()).matches()
                        || ADDRESS.matcher(each.getValue()).matches());
        String name = named(args);
        if (name != null) {
            try (Reader reader = Files.newBufferedReader(Path.of(name), StandardCharsets.UTF_8)) {
                file.load(reader);
            } catch (IOException | IllegalArgumentException e) {
                throw new StartException(CONFIG + ": cannot read " + name + ": " + e, e);
            }
        }
    }

    private @Nullable String named(List<String> args) {
        for (int i = 0; i < args.size(); i++) {
            if (args.get(i).startsWith(CONFIG + "=")) {
                return args.get(i).substring(CONFIG.length() + 1);
            } else if (args.get(i).equals(CONFIG) && i + 1 < args.size()) {
                return args.get(i + 1);
            }
        }
        String given = environment.getOrDefault(PREFIX + "CONFIG", "");
        return given.isEmpty() ? null : given;
    }

    /** Refuses what no option has the name of, and what the file gives no value; the file cannot name another one. */
    void check(CommandSpec command) {
        for (OptionSpec option : command.options()) {
            String name = option.longestName().replaceFirst("^--", "");
            String written = file.getProperty(name);
            if (written != null && written.isBlank() && isSetting(option) && !isSwitchedOn(option, written)) {
                throw new StartException("--" + name + " has no value in the properties file");
            }
        }
        Set<String> names =
                command.options().stream().map(OptionSpec::longestName).collect(Collectors.toSet());
        Set<String> settings = command.options().stream()
                .filter(GivenDefaults::isSetting)
                .map(OptionSpec::longestName)
                .collect(Collectors.toSet());
        TreeSet<String> unknown = new TreeSet<>();
        for (String key : file.stringPropertyNames()) {
            if (!settings.contains("--" + key) || CONFIG.equals("--" + key)) {
                unknown.add(key + " in the properties file");
            }
        }
        for (String key : environment.keySet()) {
            String option = "--"
                    + key.substring(Math.min(key.length(), PREFIX.length()))
                            .toLowerCase(Locale.ROOT)
                            .replace('_', '-');
            if (key.startsWith(PREFIX) && !OTHERS.contains(key) && !names.contains(option)) {
                unknown.add(key + " in the environment");
            }
        }
        if (!unknown.isEmpty()) {
            throw new StartException("there is no option for " + String.join(", ", unknown));
        }
    }

    /** Help and version are asked for by whoever types the command. */
    private static boolean isSetting(OptionSpec option) {
        return !option.usageHelp() && !option.versionHelp();
    }

    @Override
    public @Nullable String defaultValue(ArgSpec argument) {
        if (!(argument instanceof OptionSpec option) || !isSetting(option)) {
            return null;
        }
        String name = option.longestName().replaceFirst("^--", "");
        String variable = PREFIX + name.toUpperCase(Locale.ROOT).replace('-', '_');
        String given = environment.getOrDefault(variable, "");
        if (!given.isEmpty()) { // as a variable is that was not set where it was passed on from
            return given;
        }
        String written = file.getProperty(name);
        if (written == null) {
            return null;
        }
        return isSwitchedOn(option, written) ? "true" : written.strip();
    }

    /** In the file a switch may stand without a value, as on the command line. */
    private static boolean isSwitchedOn(OptionSpec option, String written) {
        return written.isBlank() && option.typeInfo().isBoolean();
    }
}
