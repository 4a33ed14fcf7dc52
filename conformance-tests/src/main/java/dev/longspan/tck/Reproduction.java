package dev.longspan.tck;

import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.BackendProvider;
import java.util.Map;
import java.util.TreeMap;

/** Knows which case of a rule is checked, and tells how to run that one again. Any thread. */
final class Reproduction {
    /** What a shell takes as it is. */
    private static final String PLAIN = "[A-Za-z0-9_./:=,@%+-]+";

    private final ConformanceKit.Settings settings;
    private final ConformanceRule rule;
    private volatile boolean one;
    private volatile long seed;

    Reproduction(ConformanceKit.Settings settings, ConformanceRule rule) {
        this.settings = settings;
        this.rule = rule;
        this.seed = settings.seed();
    }

    /** From now on one case is checked. */
    void begin(long ofSeed) {
        seed = ofSeed;
        one = true;
    }

    /** The case is done: what comes now is of the whole rule. */
    void end() {
        seed = settings.seed();
        one = false;
    }

    /** The properties for JUnit, where the test class gives all else, and the options for the command. */
    String words() {
        int tries = one ? 1 : settings.tries();
        String properties = " -D" + BackendConformance.RULE + "=" + rule.id() + " -D" + BackendConformance.SEED + "="
                + seed + " -D" + BackendConformance.TRIES + "=" + tries;
        StringBuilder options = new StringBuilder();
        option(options, "--rule", rule.id());
        option(options, "--seed", Long.toString(seed));
        option(options, "--tries", Integer.toString(tries));
        if (settings.longTokens() != ConformanceKit.DEFAULT_LONG_TOKENS) {
            properties += " -D" + BackendConformance.LONG + "=" + settings.longTokens();
            option(options, "--long", Integer.toString(settings.longTokens()));
        }
        opening(options);
        return " [again:" + properties + ", or" + options + "]";
    }

    private void opening(StringBuilder options) {
        BackendOptions given = settings.options();
        if (given.threads() != ConformanceKit.DEFAULT_THREADS) {
            option(options, "--threads", Integer.toString(given.threads()));
        }
        if (!given.device().equals(BackendOptions.ANY_DEVICE)) {
            option(options, "--device", given.device());
        }
        for (Map.Entry<String, String> each : new TreeMap<>(given.settings()).entrySet()) {
            option(options, "--setting", each.getKey() + "=" + each.getValue());
        }
        settings.memorySetting().ifPresent(name -> option(options, "--memory-setting", name));
        settings.other().map(BackendProvider::id).ifPresent(id -> option(options, "--other", id));
        if (!settings.timeout().equals(ConformanceKit.DEFAULT_TIMEOUT)) {
            option(
                    options,
                    "--timeout",
                    Long.toString(Math.max(1, settings.timeout().toSeconds())));
        }
    }

    private static void option(StringBuilder options, String name, String value) {
        String quoted = value.matches(PLAIN) ? value : "'" + value.replace("'", "'\\''") + "'";
        options.append(' ').append(name).append(' ').append(quoted);
    }
}
