package dev.longspan.reference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.tck.AttentionProperties;
import dev.longspan.tck.AttentionVectors;
import dev.longspan.tck.ModelChecks;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/** The reference backend before the conformance kit: golden vectors, what must hold of attention, and random models. */
class ConformanceProperties {
    @Example
    void everyGoldenVectorOfAttentionHolds() {
        try (Backend backend = open(2)) {
            AttentionVectors.Report report = AttentionVectors.run(backend.attention());
            assertThat(report.mismatches()).isEmpty();
            assertThat(report.compared()).isGreaterThan(100);
        }
    }

    @Property(tries = 12, shrinking = ShrinkingMode.OFF)
    void whatMustHoldOfAttentionHolds(@ForAll long seed) {
        try (Backend backend = open(2)) {
            AttentionProperties properties = new AttentionProperties(backend.attention());
            properties.all().forEach((name, check) -> check.accept(new Random(seed)));
        }
    }

    @Property(tries = 25, shrinking = ShrinkingMode.OFF)
    void randomModelsOfEveryMixComputeWhatTheOracleComputes(@ForAll long seed) {
        try (Backend backend = open(2)) {
            ModelChecks.check(backend, seed);
        }
    }

    private static Backend open(int threads) {
        return new ReferenceBackendProvider().open(BackendOptions.defaults().withThreads(threads));
    }
}
