package dev.longspan.tck;

import dev.longspan.spi.Capabilities;
import dev.longspan.spi.Feature;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One rule that the kit checks. Its id begins with the number of the rule of {@link dev.longspan.spi} that it checks a part of.
 */
public final class ConformanceRule {
    private final String id;
    private final RuleLevel level;
    private final String title;
    private final String hint;
    private final @Nullable Feature feature;
    private final boolean claimed;
    private final Body body;

    /** Checks a rule: returns if it holds. */
    interface Body {
        void check(Subject subject) throws Exception;
    }

    private ConformanceRule(
            String id,
            RuleLevel level,
            String title,
            String hint,
            @Nullable Feature feature,
            boolean claimed,
            Body body) {
        this.id = id;
        this.level = level;
        this.title = title;
        this.hint = hint;
        this.feature = feature;
        this.claimed = claimed;
        this.body = body;
    }

    static ConformanceRule required(String id, String title, String hint, Body body) {
        return new ConformanceRule(id, RuleLevel.REQUIRED, title, hint, null, true, body);
    }

    static ConformanceRule numeric(String id, String title, String hint, Body body) {
        return new ConformanceRule(id, RuleLevel.NUMERIC, title, hint, null, true, body);
    }

    /** A rule for backends that claim a feature. */
    static ConformanceRule claimed(Feature feature, String id, String title, String hint, Body body) {
        return new ConformanceRule(id, RuleLevel.CAPABILITY, title, hint, feature, true, body);
    }

    /** A rule for backends that do not claim a feature. */
    static ConformanceRule unclaimed(Feature feature, String id, String title, String hint, Body body) {
        return new ConformanceRule(id, RuleLevel.CAPABILITY, title, hint, feature, false, body);
    }

    /** {@return its name, such as {@code B1.pieces}} */
    public String id() {
        return id;
    }

    /** {@return what it means to break it} */
    public RuleLevel level() {
        return level;
    }

    /** {@return what must hold, in a sentence} */
    public String title() {
        return title;
    }

    /** {@return what to look at if it does not hold} */
    public String hint() {
        return hint;
    }

    /** {@return the feature that decides whether it is checked; empty if it always is} */
    public Optional<Feature> feature() {
        return Optional.ofNullable(feature);
    }

    /** Why a backend need not keep it; null if it must. */
    @Nullable
    String exemption(Capabilities capabilities) {
        if (feature == null || capabilities.has(feature) == claimed) {
            return null;
        }
        return feature + (claimed ? " is not claimed" : " is claimed");
    }

    /** Whether it compares networks with the oracle. */
    boolean isOfNetworks() {
        return id.startsWith("N1.");
    }

    /** Whether it is about what a network with a state remembers. */
    boolean isOfStates() {
        return id.matches("S[2346]\\..*");
    }

    Body body() {
        return body;
    }

    @Override
    public String toString() {
        return id + ": " + title;
    }
}
