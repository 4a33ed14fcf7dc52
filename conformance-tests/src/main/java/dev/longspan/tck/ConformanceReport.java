package dev.longspan.tck;

import dev.longspan.spi.BackendOptions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * What came of all rules.
 *
 * @param backend the id of the backend
 * @param description what it says of itself; empty if it could not be opened
 * @param seed what decided everything that was drawn
 * @param tries how many cases were drawn for a rule
 * @param longTokens how many tokens the longest context had
 * @param options how the backend was opened
 * @param outcomes one for each rule, in the kit's order
 */
public record ConformanceReport(
        String backend,
        String description,
        long seed,
        int tries,
        int longTokens,
        BackendOptions options,
        List<RuleOutcome> outcomes) {
    static final String CHECKS_NOTHING = "every rule that was checked was skipped: nothing says that any is kept";

    static final String COMPUTES_NOTHING =
            "no rule N1 passed: nothing says that it computes any network as it is defined";

    static final String KEEPS_NOTHING =
            "no rule of states passed, though layers that have one are supported: nothing says that states are right";

    /** Copies the components. */
    public ConformanceReport {
        outcomes = List.copyOf(outcomes);
    }

    /**
     * {@return whether the backend keeps all rules, but for known deviations, and there was any to keep}
     *
     * <p>One of the rules N1 must have passed, if they were checked: what computes no network does not conform. The same holds for the
     * rules of states (S2, S3, S4 and S6), unless the backend supports no layer that has a state.
     */
    public boolean conforms() {
        return outcomes.stream().allMatch(RuleOutcome::conforms)
                && unproved(outcomes).isEmpty();
    }

    /** What nothing was proved of, though rules that prove it were checked; a sentence for each. */
    static List<String> unproved(List<RuleOutcome> outcomes) {
        List<String> unproved = new ArrayList<>();
        if (outcomes.stream().allMatch(each -> each.status() == RuleOutcome.Status.SKIPPED)) {
            unproved.add(CHECKS_NOTHING);
        }
        List<RuleOutcome> networks = of(outcomes, ConformanceRule::isOfNetworks);
        if (!networks.isEmpty() && nonePassed(networks)) {
            unproved.add(COMPUTES_NOTHING);
        }
        List<RuleOutcome> states = of(outcomes, ConformanceRule::isOfStates);
        if (states.stream().anyMatch(each -> !each.message().equals(Subject.NO_STATE)) && nonePassed(states)) {
            unproved.add(KEEPS_NOTHING);
        }
        return unproved;
    }

    private static List<RuleOutcome> of(List<RuleOutcome> outcomes, Predicate<ConformanceRule> which) {
        return outcomes.stream().filter(each -> which.test(each.rule())).toList();
    }

    private static boolean nonePassed(List<RuleOutcome> outcomes) {
        return outcomes.stream().noneMatch(each -> each.status() == RuleOutcome.Status.PASSED);
    }

    /** {@return the ids of the rules that ended so} */
    public List<String> ids(RuleOutcome.Status status) {
        return outcomes.stream()
                .filter(each -> each.status() == status)
                .map(each -> each.rule().id())
                .toList();
    }

    /** {@return a table for people, one line for each rule, and what to look at for each that failed} */
    public String table() {
        StringBuilder out = new StringBuilder();
        out.append("backend '").append(backend).append("', seed ").append(seed).append('\n');
        if (!description.isEmpty()) {
            out.append(description).append('\n');
        }
        for (RuleOutcome each : outcomes) {
            out.append(String.format(
                    Locale.ROOT,
                    "%-20s %-10s %-17s %7.2f s  %s%n",
                    each.rule().id(),
                    each.rule().level(),
                    each.status(),
                    each.time().toMillis() / 1000.0,
                    each.rule().title()));
            if (!each.message().isEmpty()) {
                out.append("    ").append(each.message()).append('\n');
            }
            if (each.status() == RuleOutcome.Status.FAILED) {
                out.append("    look at: ").append(each.rule().hint()).append('\n');
            }
        }
        Map<RuleOutcome.Status, Long> counts = outcomes.stream()
                .collect(Collectors.groupingBy(RuleOutcome::status, LinkedHashMap::new, Collectors.counting()));
        out.append(conforms() ? "conforms" : "does NOT conform").append(": ");
        out.append(counts.entrySet().stream()
                .map(each -> each.getValue() + " " + each.getKey().name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", ")));
        unproved(outcomes).forEach(each -> out.append('\n').append(each));
        return out.append('\n').toString();
    }

    /** {@return the report as JSON, for programs; {@code unproved} tells what else than a failed rule speaks against it} */
    public String json() {
        String settings = new TreeMap<>(options.settings())
                .entrySet().stream()
                        .map(each -> quoted(each.getKey()) + ": " + quoted(each.getValue()))
                        .collect(Collectors.joining(", "));
        String unproved =
                unproved(outcomes).stream().map(ConformanceReport::quoted).collect(Collectors.joining(", "));
        return "{\n  \"backend\": " + quoted(backend) + ",\n  \"description\": " + quoted(description)
                + ",\n  \"seed\": " + seed + ",\n  \"tries\": " + tries + ",\n  \"longTokens\": " + longTokens
                + ",\n  \"threads\": " + options.threads() + ",\n  \"device\": " + quoted(options.device())
                + ",\n  \"settings\": {" + settings + "},\n  \"conforms\": " + conforms() + ",\n  \"unproved\": ["
                + unproved + "],\n  \"rules\": [\n"
                + outcomes.stream().map(ConformanceReport::json).collect(Collectors.joining(",\n")) + "\n  ]\n}\n";
    }

    private static String json(RuleOutcome outcome) {
        ConformanceRule rule = outcome.rule();
        return "    {\"id\": " + quoted(rule.id()) + ", \"level\": "
                + quoted(rule.level().name()) + ", \"status\": "
                + quoted(outcome.status().name()) + ", \"millis\": "
                + outcome.time().toMillis() + ",\n     \"title\": " + quoted(rule.title()) + ",\n     \"hint\": "
                + quoted(rule.hint()) + ",\n     \"message\": " + quoted(outcome.message()) + "}";
    }

    private static String quoted(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < ' ') {
                out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.append('"').toString();
    }
}
