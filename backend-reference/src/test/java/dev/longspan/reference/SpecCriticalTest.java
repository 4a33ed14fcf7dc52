package dev.longspan.reference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.tck.ConformanceKit;
import dev.longspan.tck.RuleOutcome;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The rules that look at the numbers, with few cases each: what mutation testing runs again and again. */
@Tag("fast")
class SpecCriticalTest {
    private static void holds(String... rules) {
        ConformanceKit kit =
                ConformanceKit.of(new ReferenceBackendProvider()).withTries(3).withLongTokens(1500);
        for (String rule : rules) {
            RuleOutcome outcome = kit.run(ConformanceKit.rule(rule));
            assertThat(outcome.status()).as(outcome.message()).isEqualTo(RuleOutcome.Status.PASSED);
        }
    }

    @Test
    void vectors() {
        holds("A1.vectors");
    }

    @Test
    void anchors() {
        holds("A1.search");
    }

    @Test
    void partsOfAttention() {
        holds("A1.window", "A1.spans", "A1.merge");
    }

    @Test
    void wholeAttention() {
        holds("A1.attend", "A1.pieces", "A1.everything", "A1.reach", "A1.lost", "A1.groups", "A1.reads");
    }

    @Test
    void argumentsOfAttention() {
        holds("A1.arguments");
    }

    @Test
    void mamba() {
        holds("N1.mamba");
    }

    @Test
    void experts() {
        holds("N1.experts");
    }

    @Test
    void attentionInANetwork() {
        holds("N1.attention", "N1.spans");
    }

    @Test
    void networks() {
        holds("N1.network", "N1.everything");
    }

    @Test
    void splitsAndCheckpoints() {
        holds("B1.pieces", "B1.steps", "B2.batch", "S3.back", "X1.continues");
    }

    @Test
    void aLongContext() {
        holds("N1.long");
    }

    @Test
    void thePlanIsABound() {
        holds("M2.bound");
    }
}
