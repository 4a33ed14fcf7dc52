package dev.longspan.tck;

import java.time.Duration;
import java.util.Optional;

/**
 * What came of a rule.
 *
 * @param rule the rule
 * @param status how it ended
 * @param message why it did not pass: the fault and how to run it again, the reason for leaving it out, or the known deviation;
 *     of one that passed, what it left out, if anything
 * @param fault what was thrown, if it failed
 * @param time how long it took
 */
public record RuleOutcome(
        ConformanceRule rule, Status status, String message, Optional<Throwable> fault, Duration time) {
    /** How a rule ended. */
    public enum Status {
        /** It holds. */
        PASSED,
        /** It does not hold. */
        FAILED,
        /** There is nothing to check. */
        SKIPPED,
        /** It does not hold, which is known. */
        KNOWN_DEVIATION,
        /** It holds, though it is told to be a known deviation: take it off the list. */
        DEVIATION_IS_GONE
    }

    /** What is said of a fault: an assertion speaks for itself, of anything else the place is told, too. */
    static String words(Throwable fault) {
        if (fault instanceof AssertionError) {
            return String.valueOf(fault.getMessage());
        }
        StackTraceElement[] trace = fault.getStackTrace();
        return fault + (trace.length == 0 ? "" : " at " + trace[0]);
    }

    /** {@return whether the backend conforms as far as this rule goes} */
    public boolean conforms() {
        return status != Status.FAILED && status != Status.DEVIATION_IS_GONE;
    }
}
