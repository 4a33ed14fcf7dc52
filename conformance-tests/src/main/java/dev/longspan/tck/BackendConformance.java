package dev.longspan.tck;

import dev.longspan.spi.BackendProvider;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.Isolated;

/**
 * The kit as tests of JUnit 5: a class that extends this and names its provider is the whole proof of a backend.
 *
 * <pre>{@code
 * class MyBackendTest extends BackendConformance {
 *     @Override
 *     protected BackendProvider provider() {
 *         return new MyBackendProvider();
 *     }
 * }
 * }</pre>
 *
 * <p>System properties choose what is run: {@value #SEED} the seed, or {@code random}; {@value #TRIES} how many cases are drawn
 * for a rule; {@value #RULE} the id of the only rule; {@value #LONG} how many tokens the longest context has. A failure tells the
 * properties that run it again.
 *
 * <p>Where tests run in parallel, these run alone, one after the other: some rules count threads, files and memory of the process,
 * and look at what it prints.
 */
@Execution(ExecutionMode.SAME_THREAD)
@Isolated
public abstract class BackendConformance {
    /** The property for the seed: a number, or {@code random}. */
    public static final String SEED = "longspan.tck.seed";

    /** The property for the number of cases that are drawn for a rule. */
    public static final String TRIES = "longspan.tck.tries";

    /** The property for the id of the only rule that is run. */
    public static final String RULE = "longspan.tck.rule";

    /** The property for the tokens of the longest context. */
    public static final String LONG = "longspan.tck.long";

    /** Makes the tests. */
    protected BackendConformance() {}

    /** {@return the provider of the backend} */
    protected abstract BackendProvider provider();

    /**
     * {@return the kit, with what it should know of this backend} Override it to give options, known deviations, the setting that
     * limits memory, or a second backend.
     *
     * @param kit the kit for {@link #provider}
     */
    protected ConformanceKit configure(ConformanceKit kit) {
        return kit;
    }

    /** {@return one test for each rule} */
    @TestFactory
    Stream<DynamicTest> rules() {
        ConformanceKit kit = fromProperties(configure(ConformanceKit.of(provider())));
        String only = System.getProperty(RULE);
        if (only != null) {
            ConformanceRule rule = ConformanceKit.rule(only);
            return Stream.of(DynamicTest.dynamicTest(rule.toString(), () -> check(kit.run(rule))));
        }
        List<RuleOutcome> outcomes = new ArrayList<>();
        Stream<DynamicTest> tests = ConformanceKit.rules().stream()
                .map(rule -> DynamicTest.dynamicTest(rule.toString(), () -> {
                    RuleOutcome outcome = kit.run(rule);
                    outcomes.add(outcome);
                    check(outcome);
                }));
        return Stream.concat(
                tests,
                Stream.of(DynamicTest.dynamicTest(
                        "N1 and S: some network was compared, and some state", () -> requireProof(outcomes))));
    }

    private static void requireProof(List<RuleOutcome> outcomes) {
        List<String> unproved = ConformanceReport.unproved(outcomes);
        if (outcomes.isEmpty() || !unproved.isEmpty()) {
            throw new AssertionError(
                    outcomes.isEmpty() ? ConformanceReport.COMPUTES_NOTHING : String.join("; ", unproved));
        }
    }

    static ConformanceKit fromProperties(ConformanceKit kit) {
        ConformanceKit changed = kit;
        String seed = System.getProperty(SEED);
        if (seed != null) {
            changed = changed.withSeed(Numbers.seed(SEED, seed));
        }
        String tries = System.getProperty(TRIES);
        String tokens = System.getProperty(LONG);
        changed = tries == null ? changed : changed.withTries(Numbers.whole(TRIES, tries, 1));
        return tokens == null
                ? changed
                : changed.withLongTokens(Numbers.whole(LONG, tokens, ConformanceKit.LEAST_LONG_TOKENS));
    }

    private static void check(RuleOutcome outcome) {
        if (!outcome.conforms()) {
            String words = outcome.rule() + "\n" + outcome.message() + "\nlook at: "
                    + outcome.rule().hint();
            throw new AssertionError(words, outcome.fault().orElse(null));
        }
        Assumptions.assumeTrue(outcome.status() != RuleOutcome.Status.SKIPPED, outcome.message());
    }
}
