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

/** The kit is itself tested: each flaw is noticed by the rules that are meant to. */
class FlawsTest {
    /** So many of a flaw's rules are run in every build, the most telling ones. */
    private static final int TELLING = 6;

    @ParameterizedTest
    @EnumSource(Flaw.class)
    void aFlawIsNoticedByItsRulesInTheRightWords(Flaw flaw) {
        isNoticed(flaw, telling(flaw));
    }

    /** All of them: ten minutes. */
    @Tag("soak")
    @ParameterizedTest
    @EnumSource(Flaw.class)
    void aFlawIsNoticedByAllItsRules(Flaw flaw) {
        isNoticed(flaw, flaw.rules());
    }

    private static List<String> telling(Flaw flaw) {
        return flaw.rules().stream().limit(TELLING).toList();
    }

    private static void isNoticed(Flaw flaw, List<String> ids) {
        List<ConformanceRule> rules = ids.stream().map(ConformanceKit::rule).toList();
        Duration patience = flaw == Flaw.CLOSE_HANGS ? Duration.ofSeconds(3) : ConformanceKit.DEFAULT_TIMEOUT;
        ConformanceReport report = OracleKits.of(flaw).withTimeout(patience).run(rules);
        assertThat(report.ids(RuleOutcome.Status.FAILED)).as(report.table()).isEqualTo(ids);
        assertThat(report.outcomes())
                .allSatisfy(each -> assertThat(each.message())
                        .contains("[again: -Dlongspan.tck.rule=" + each.rule().id() + " "));
        if (!rules.isEmpty()) {
            assertThat(report.outcomes().get(0).message()).contains(flaw.words());
            assertThat(report.table()).contains(rules.get(0).hint());
        }
    }

    /** All rules against all flaws: two hours. */
    @Tag("soak")
    @ParameterizedTest
    @EnumSource(Flaw.class)
    void aFlawIsNoticedByNoOtherRule(Flaw flaw) {
        Duration patience = flaw == Flaw.CLOSE_HANGS ? Duration.ofMinutes(2) : ConformanceKit.DEFAULT_TIMEOUT;
        ConformanceReport report =
                OracleKits.of(flaw).withTries(1).withTimeout(patience).run();
        assertThat(report.ids(RuleOutcome.Status.FAILED)).as(report.table()).isSubsetOf(flaw.possibleRules());
    }

    @Test
    void everyRuleNoticesSomeFlaw() {
        TreeSet<String> noticed = new TreeSet<>(List.of("P2.service")); // see below
        for (Flaw flaw : Flaw.values()) {
            noticed.addAll(telling(flaw));
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
        ConformanceReport report = OracleKits.of(new Unlisted(), Flaw.NONE)
                .run(List.of(ConformanceKit.rule("P2.service"), ConformanceKit.rule("P4.process")));
        assertThat(report.ids(RuleOutcome.Status.FAILED)).containsExactly("P2.service");
        assertThat(report.ids(RuleOutcome.Status.SKIPPED)).containsExactly("P4.process");
        assertThat(report.outcomes().get(0).message()).contains("ServiceLoader does not find", "Unlisted");
    }

    @Test
    void aKnownDeviationIsAFailureOnceItIsGone() {
        ConformanceRule rule = ConformanceKit.rule("L2.lowest");
        ConformanceKit flawed =
                OracleKits.of(Flaw.ARG_MAX_IS_THE_LAST).withKnownDeviation("L2.lowest", "the reduction is as it is");
        RuleOutcome known = flawed.run(rule);
        assertThat(known.status()).isEqualTo(RuleOutcome.Status.KNOWN_DEVIATION);
        assertThat(known.conforms()).isTrue();
        assertThat(known.message()).isEqualTo("the reduction is as it is");
        RuleOutcome gone = OracleKits.of(Flaw.NONE)
                .withKnownDeviation("L2.lowest", "the reduction is as it is")
                .run(rule);
        assertThat(gone.status()).isEqualTo(RuleOutcome.Status.DEVIATION_IS_GONE);
        assertThat(gone.conforms()).isFalse();
    }

    @Test
    void aFailureTellsTheSeedAndHowToRunItAgain() {
        RuleOutcome outcome =
                OracleKits.of(Flaw.ARG_MAX_IS_THE_LAST).withSeed(42).run(ConformanceKit.rule("L2.lowest"));
        assertThat(outcome.message())
                .contains("-Dlongspan.tck.rule=L2.lowest")
                .contains("-Dlongspan.tck.seed=42")
                .contains("-Dlongspan.tck.tries=1");
        RuleOutcome again = OracleKits.of(Flaw.ARG_MAX_IS_THE_LAST)
                .withSeed(42)
                .withTries(1)
                .run(ConformanceKit.rule("L2.lowest"));
        assertThat(again.message()).isEqualTo(outcome.message());
    }

    @Test
    void aFailureTellsTheOptionsOfTheCommandThatRunItAgain() {
        BackendOptions options = new BackendOptions(1, "cpu", Map.of("no-such-setting", "it's so"));
        String message = OracleKits.of(Flaw.NONE)
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
