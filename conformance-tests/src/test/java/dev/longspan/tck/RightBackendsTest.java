package dev.longspan.tck;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The kit is itself tested: backends that are right keep all rules, however they differ in what they need not be. */
class RightBackendsTest {
    @ParameterizedTest
    @EnumSource(
            value = Flaw.class,
            names = {"NONE", "ROUNDS_TO_BF16"})
    void withoutAFlawEveryRuleHolds(Flaw none) {
        // what is rounded is drawn again below, and more often
        everyRuleHolds(none, none == Flaw.NONE ? ConformanceKit.DEFAULT_TRIES : 2);
    }

    /** Three minutes. */
    @Tag("soak")
    @ParameterizedTest
    @EnumSource(
            value = Flaw.class,
            names = {"CLAIMS_LITTLE", "ROUNDS_TO_F16"})
    void withoutAFlawEveryRuleHoldsInOthersToo(Flaw none) {
        everyRuleHolds(none, ConformanceKit.DEFAULT_TRIES);
    }

    private static void everyRuleHolds(Flaw none, int tries) {
        ConformanceReport report = OracleKits.of(none).withTries(tries).run();
        assertThat(report.conforms()).as(report.table()).isTrue();
        List<String> passed = report.ids(RuleOutcome.Status.PASSED);
        assertThat(passed).hasSizeGreaterThan(40);
        if (none == Flaw.CLAIMS_LITTLE) {
            assertThat(passed).contains("C1.transfer", "C1.attention");
        }
    }

    /** Where a log is written to is for those to say who run the backend. */
    @Test
    void aLogIsNotPrinted() {
        RuleOutcome outcome = OracleKits.of(Flaw.LOGS).run(ConformanceKit.rule("P4.silence"));
        assertThat(outcome.status()).as(outcome.message()).isEqualTo(RuleOutcome.Status.PASSED);
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
                                        "N1\\.(mamba|attention|spans|mlp|experts|network|everything|steps|large|gates)|.*\\.choices|X1\\.(across|types)"))
                .toList();
        ConformanceReport report =
                OracleKits.of(rounds).withTries(25).withSeed(1000).run(rules);
        assertThat(report.conforms()).as(report.table()).isTrue();
    }

    /** What is read from one that rounds is rounded by both, and is right, also for a backend whose batches are exact. */
    @ParameterizedTest
    @EnumSource(
            value = Flaw.class,
            names = {"NONE", "ROUNDS_TO_BF16", "ROUNDS_TO_F16"})
    void checkpointsAreExchangedWithABackendThatRounds(Flaw rounds) {
        RuleOutcome outcome = OracleKits.of(Flaw.CLAIMS_EXACTNESS)
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
        ConformanceReport report = OracleKits.of(kind).run(rules);
        assertThat(report.conforms()).as(report.table()).isTrue();
        boolean oneRun = kind == Flaw.SINGLE_TOKENS;
        boolean grows = kind != Flaw.KNOWS_NO_ATTENTION && kind != Flaw.KNOWS_NO_STATE;
        List<String> passed = report.ids(RuleOutcome.Status.PASSED);
        assertThat(passed.contains("M4.batch")).as(report.table()).isEqualTo(grows && !oneRun);
        assertThat(passed.contains("M4.held")).as(report.table()).isEqualTo(kind != Flaw.KNOWS_NO_STATE);
    }

    /** Whatever else ran before in this process. */
    @Test
    void aThreadOfTheWholeProcessIsNoFault() {
        RuleOutcome outcome = OracleKits.of(Flaw.KEEPS_ONE_THREAD).run(ConformanceKit.rule("P4.threads"));
        assertThat(outcome.status()).as(outcome.message()).isEqualTo(RuleOutcome.Status.PASSED);
    }

    /** One run of one token is enough for most that the rules of batches and logits say. */
    @ParameterizedTest
    @EnumSource(
            value = Flaw.class,
            names = {"SMALL_BATCHES", "SINGLE_TOKENS"})
    void smallBatchesAreNoExcuse(Flaw kind) {
        List<ConformanceRule> rules = ConformanceKit.rules().stream()
                .filter(rule -> rule.id().matches("B3.back|B5.*|L[123].*|X2.closing"))
                .toList();
        ConformanceReport report = OracleKits.of(kind).run(rules);
        assertThat(report.conforms()).as(report.table()).isTrue();
        assertThat(report.ids(RuleOutcome.Status.SKIPPED)).as(report.table()).isEmpty();
        assertThat(report.table().contains("a batch has one run")).isEqualTo(kind == Flaw.SINGLE_TOKENS);
    }

    @Test
    void aBackendThatCannotBeOpenedWithSoLittleMemoryIsNotAtFault() {
        Flaw kind = Flaw.NEEDS_MUCH_MEMORY;
        List<ConformanceRule> rules = ConformanceKit.rules().stream()
                .filter(rule -> rule.id().matches("M4.*|M2.limit|P[13].*"))
                .toList();
        ConformanceReport report = OracleKits.of(kind).run(rules);
        assertThat(report.ids(RuleOutcome.Status.FAILED)).as(report.table()).isEmpty();
        assertThat(report.ids(RuleOutcome.Status.SKIPPED))
                .containsExactly("M4.refused", "M4.load", "M4.batch", "M4.held");
        assertThat(report.table()).contains("bytes of memory it cannot be opened", "give at least 16777216 bytes");
    }

    @Test
    void aBackendThatComputesNoNetworkDoesNotConform() {
        ConformanceReport report = OracleKits.of(Flaw.KNOWS_NO_NETWORK).run();
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
        ConformanceReport report =
                OracleKits.of(Flaw.KNOWS_HEADS_OF_128).withTries(1).run(rules);
        assertThat(report.conforms()).as(report.table()).isTrue();
        assertThat(report.ids(RuleOutcome.Status.SKIPPED)).as(report.table()).isEmpty();
    }

    @Test
    void aBackendOfWhichNoStateIsCheckedDoesNotConform() {
        List<ConformanceRule> rules = List.of(ConformanceKit.rule("S3.back"), ConformanceKit.rule("N1.mlp"));
        ConformanceReport report = OracleKits.of(Flaw.KNOWS_HEADS_OF_100).run(rules);
        assertThat(report.ids(RuleOutcome.Status.SKIPPED)).containsExactly("S3.back");
        assertThat(report.conforms()).isFalse();
        assertThat(report.table()).contains("does NOT conform", "no rule of states passed");
        ConformanceReport without = OracleKits.of(Flaw.KNOWS_NO_STATE).run(rules);
        assertThat(without.conforms()).as(without.table()).isTrue();
        assertThat(without.table()).contains("it supports no layer that has a state");
    }

    @Test
    void whatIsLeftOutOfARuleThatPassesIsTold() {
        RuleOutcome outcome = OracleKits.of(Flaw.CLAIMS_MUCH).run(ConformanceKit.rule("B2.limits"));
        assertThat(outcome.status()).as(outcome.message()).isEqualTo(RuleOutcome.Status.PASSED);
        assertThat(outcome.message())
                .contains("checked with 1024 of 2147483647 runs", "checked with 16384 of 2147483647 tokens");
    }
}
