package dev.longspan.tck;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.spi.Availability;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.BackendProvider;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The kit is itself tested: a right backend keeps all rules, and each flaw is noticed by the rules that are meant to. */
class FlawsTest {
    private static ConformanceKit kit(BackendProvider provider, Flaw flaw) {
        return ConformanceKit.of(provider)
                .withOptions(new BackendOptions(1, BackendOptions.ANY_DEVICE, Map.of(OracleProvider.FLAW, flaw.name())))
                .withMemorySetting(OracleProvider.MEMORY)
                .withOther(new OracleProvider())
                .withTries(2)
                .withLongTokens(1000);
    }

    private static ConformanceKit kit(Flaw flaw) {
        return kit(new OracleProvider(flaw), flaw);
    }

    @ParameterizedTest
    @EnumSource(
            value = Flaw.class,
            names = {"NONE", "CLAIMS_LITTLE", "ROUNDS_TO_BF16", "ROUNDS_TO_F16"})
    void withoutAFlawEveryRuleHolds(Flaw none) {
        ConformanceReport report = kit(none).run();
        assertThat(report.conforms()).as(report.table()).isTrue();
        List<String> passed = report.ids(RuleOutcome.Status.PASSED);
        assertThat(passed).hasSizeGreaterThan(40);
        if (none == Flaw.CLAIMS_LITTLE) {
            assertThat(passed).contains("C1.transfer", "C1.attention");
        }
    }

    /** Rounding as such is right, whatever is drawn. */
    @ParameterizedTest
    @EnumSource(
            value = Flaw.class,
            names = {"ROUNDS_TO_BF16", "ROUNDS_TO_F16"})
    void aBackendThatRoundsKeepsTheRulesOfNetworksForManySeeds(Flaw rounds) {
        List<ConformanceRule> rules = ConformanceKit.rules().stream()
                .filter(
                        rule -> rule.id()
                                .matches(
                                        "N1\\.(mamba|attention|spans|mlp|experts|network|everything|steps|large)|.*\\.choices|X1\\.(across|types)"))
                .toList();
        ConformanceReport report = kit(rounds).withTries(25).withSeed(1000).run(rules);
        assertThat(report.conforms()).as(report.table()).isTrue();
    }

    /** What is read from one that rounds is rounded by both, and is right, also for a backend whose batches are exact. */
    @ParameterizedTest
    @EnumSource(
            value = Flaw.class,
            names = {"NONE", "ROUNDS_TO_BF16", "ROUNDS_TO_F16"})
    void checkpointsAreExchangedWithABackendThatRounds(Flaw rounds) {
        RuleOutcome outcome = kit(Flaw.CLAIMS_EXACTNESS)
                .withOther(new OracleProvider(rounds))
                .withTries(25)
                .run(ConformanceKit.rule("X1.across"));
        assertThat(outcome.status()).as(outcome.message()).isEqualTo(RuleOutcome.Status.PASSED);
    }

    /** What a backend need not be: it may know less, take less at once, and hold its memory otherwise. */
    @ParameterizedTest
    @EnumSource(
            value = Flaw.class,
            names = {
                "KNOWS_NO_ATTENTION",
                "KNOWS_NO_STATE",
                "SMALL_BATCHES",
                "SINGLE_TOKENS",
                "LARGE_PAGES",
                "WORKSPACE_IS_LATE",
                "WORKSPACE_GROWS",
                "WORKSPACE_STAYS"
            })
    void anotherKindOfBackendKeepsTheRulesOfMemory(Flaw kind) {
        List<ConformanceRule> rules = ConformanceKit.rules().stream()
                .filter(rule -> rule.id().matches("(M|B4|S5|P4.threads).*"))
                .toList();
        ConformanceReport report = kit(kind).run(rules);
        assertThat(report.conforms()).as(report.table()).isTrue();
        boolean oneRun = kind == Flaw.SINGLE_TOKENS;
        boolean grows = kind != Flaw.KNOWS_NO_ATTENTION && kind != Flaw.KNOWS_NO_STATE;
        List<String> passed = report.ids(RuleOutcome.Status.PASSED);
        assertThat(passed.contains("M4.batch")).as(report.table()).isEqualTo(grows && !oneRun);
        assertThat(passed.contains("M4.held")).as(report.table()).isEqualTo(kind != Flaw.KNOWS_NO_STATE);
    }

    @Test
    void aBackendThatCannotBeOpenedWithSoLittleMemoryIsNotAtFault() {
        Flaw kind = Flaw.NEEDS_MUCH_MEMORY;
        List<ConformanceRule> rules = ConformanceKit.rules().stream()
                .filter(rule -> rule.id().matches("M4.*|M2.limit|P[13].*"))
                .toList();
        ConformanceReport report = kit(kind).run(rules);
        assertThat(report.ids(RuleOutcome.Status.FAILED)).as(report.table()).isEmpty();
        assertThat(report.ids(RuleOutcome.Status.SKIPPED))
                .containsExactly("M4.refused", "M4.load", "M4.batch", "M4.held");
        assertThat(report.table()).contains("bytes of memory it cannot be opened", "give at least 16777216 bytes");
    }

    @Test
    void aBackendThatComputesNoNetworkDoesNotConform() {
        ConformanceReport report = kit(Flaw.KNOWS_NO_NETWORK).run();
        assertThat(report.ids(RuleOutcome.Status.FAILED)).as(report.table()).isEmpty();
        assertThat(report.ids(RuleOutcome.Status.PASSED)).isNotEmpty();
        assertThat(report.conforms()).isFalse();
        assertThat(report.table()).contains("does NOT conform", "no rule N1 passed");
        assertThat(report.json()).contains("\"conforms\": false", "no rule N1 passed");
    }

    @Test
    void aBackendThatKnowsOneUsualSizeIsCheckedWithIt() {
        List<ConformanceRule> rules = ConformanceKit.rules().stream()
                .filter(rule -> rule.id().matches("S.*|N1.(mamba|spans|network|long|dense)|B2.limits|M2.*"))
                .toList();
        ConformanceReport report = kit(Flaw.KNOWS_HEADS_OF_128).withTries(1).run(rules);
        assertThat(report.conforms()).as(report.table()).isTrue();
        assertThat(report.ids(RuleOutcome.Status.SKIPPED)).as(report.table()).isEmpty();
    }

    @Test
    void aBackendOfWhichNoStateIsCheckedDoesNotConform() {
        List<ConformanceRule> rules = List.of(ConformanceKit.rule("S3.back"), ConformanceKit.rule("N1.mlp"));
        ConformanceReport report = kit(Flaw.KNOWS_HEADS_OF_100).run(rules);
        assertThat(report.ids(RuleOutcome.Status.SKIPPED)).containsExactly("S3.back");
        assertThat(report.conforms()).isFalse();
        assertThat(report.table()).contains("does NOT conform", "no rule of states passed");
        ConformanceReport without = kit(Flaw.KNOWS_NO_STATE).run(rules);
        assertThat(without.conforms()).as(without.table()).isTrue();
        assertThat(without.table()).contains("it supports no layer that has a state");
    }

    @Test
    void whatIsLeftOutOfARuleThatPassesIsTold() {
        RuleOutcome outcome = kit(Flaw.CLAIMS_MUCH).run(ConformanceKit.rule("B2.limits"));
        assertThat(outcome.status()).as(outcome.message()).isEqualTo(RuleOutcome.Status.PASSED);
        assertThat(outcome.message())
                .contains("checked with 1024 of 2147483647 runs", "checked with 16384 of 2147483647 tokens");
    }

    @ParameterizedTest
    @EnumSource(Flaw.class)
    void aFlawIsNoticedByItsRulesInTheRightWords(Flaw flaw) {
        List<ConformanceRule> rules =
                flaw.rules().stream().map(ConformanceKit::rule).toList();
        Duration patience = flaw == Flaw.CLOSE_HANGS ? Duration.ofSeconds(3) : ConformanceKit.DEFAULT_TIMEOUT;
        ConformanceReport report = kit(flaw).withTimeout(patience).run(rules);
        assertThat(report.ids(RuleOutcome.Status.FAILED)).as(report.table()).isEqualTo(flaw.rules());
        assertThat(report.outcomes())
                .allSatisfy(each -> assertThat(each.message())
                        .contains("[again: -Dlongspan.tck.rule=" + each.rule().id() + " "));
        if (!rules.isEmpty()) {
            assertThat(report.outcomes().get(0).message()).contains(flaw.words());
            assertThat(report.table()).contains(rules.get(0).hint());
        }
    }

    /** All rules against all flaws: minutes. */
    @Tag("soak")
    @ParameterizedTest
    @EnumSource(Flaw.class)
    void aFlawIsNoticedByNoOtherRule(Flaw flaw) {
        Duration patience = flaw == Flaw.CLOSE_HANGS ? Duration.ofMinutes(1) : ConformanceKit.DEFAULT_TIMEOUT;
        ConformanceReport report = kit(flaw).withTimeout(patience).run();
        assertThat(new TreeSet<>(report.ids(RuleOutcome.Status.FAILED)))
                .as(report.table())
                .isEqualTo(new TreeSet<>(flaw.rules()));
    }

    @Test
    void everyRuleNoticesSomeFlaw() {
        TreeSet<String> noticed = new TreeSet<>(List.of("P2.service")); // see below
        for (Flaw flaw : Flaw.values()) {
            noticed.addAll(flaw.rules());
        }
        List<String> all = new ArrayList<>();
        ConformanceKit.rules().forEach(rule -> all.add(rule.id()));
        assertThat(all).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(noticed);
    }

    /** A provider that is in no list of services. */
    private static final class Unlisted implements BackendProvider {
        private final OracleProvider right = new OracleProvider();

        @Override
        public String id() {
            return right.id();
        }

        @Override
        public int spiVersion() {
            return right.spiVersion();
        }

        @Override
        public Availability probe(BackendOptions options) {
            return right.probe(options);
        }

        @Override
        public Backend open(BackendOptions options) {
            return right.open(options);
        }
    }

    @Test
    void aProviderThatIsNoServiceIsNoticed() {
        ConformanceReport report = kit(new Unlisted(), Flaw.NONE)
                .run(List.of(ConformanceKit.rule("P2.service"), ConformanceKit.rule("P4.process")));
        assertThat(report.ids(RuleOutcome.Status.FAILED)).containsExactly("P2.service");
        assertThat(report.ids(RuleOutcome.Status.SKIPPED)).containsExactly("P4.process");
        assertThat(report.outcomes().get(0).message()).contains("ServiceLoader does not find", "Unlisted");
    }

    @Test
    void aKnownDeviationIsAFailureOnceItIsGone() {
        ConformanceRule rule = ConformanceKit.rule("L2.lowest");
        ConformanceKit flawed =
                kit(Flaw.ARG_MAX_IS_THE_LAST).withKnownDeviation("L2.lowest", "the reduction is as it is");
        RuleOutcome known = flawed.run(rule);
        assertThat(known.status()).isEqualTo(RuleOutcome.Status.KNOWN_DEVIATION);
        assertThat(known.conforms()).isTrue();
        assertThat(known.message()).isEqualTo("the reduction is as it is");
        RuleOutcome gone = kit(Flaw.NONE)
                .withKnownDeviation("L2.lowest", "the reduction is as it is")
                .run(rule);
        assertThat(gone.status()).isEqualTo(RuleOutcome.Status.DEVIATION_IS_GONE);
        assertThat(gone.conforms()).isFalse();
    }

    @Test
    void aFailureTellsTheSeedAndHowToRunItAgain() {
        RuleOutcome outcome = kit(Flaw.ARG_MAX_IS_THE_LAST).withSeed(42).run(ConformanceKit.rule("L2.lowest"));
        assertThat(outcome.message())
                .contains("-Dlongspan.tck.rule=L2.lowest")
                .contains("-Dlongspan.tck.seed=42")
                .contains("-Dlongspan.tck.tries=1");
        RuleOutcome again =
                kit(Flaw.ARG_MAX_IS_THE_LAST).withSeed(42).withTries(1).run(ConformanceKit.rule("L2.lowest"));
        assertThat(again.message()).isEqualTo(outcome.message());
    }

    @Test
    void aFailureTellsTheOptionsOfTheCommandThatRunItAgain() {
        BackendOptions options = new BackendOptions(1, "cpu", Map.of("no-such-setting", "it's so"));
        String message = kit(Flaw.NONE)
                .withOptions(options)
                .withTimeout(Duration.ofMinutes(1))
                .run(ConformanceKit.rule("P4.silence"))
                .message();
        assertThat(message)
                .contains("--rule P4.silence --seed 1 --tries 2 --long 1000 --threads 1 --device cpu ")
                .contains("--setting 'no-such-setting=it'\\''s so' --memory-setting memoryLimitBytes")
                .contains("--other oracle --timeout 60]");
    }
}
