package dev.longspan;

import java.time.Duration;
import java.util.OptionalLong;
import java.util.function.Supplier;

/**
 * How a turn of a session is begun and ended.
 *
 * @param expectedSequence the turn is refused if the session's sequence is another; empty: whatever it is
 * @param patience for how long to wait while another turn runs; 0: the turn is refused at once
 * @param rule what becomes of a turn that is cancelled; asked when it is, on the engine's thread
 */
public record TurnOptions(OptionalLong expectedSequence, Duration patience, Supplier<Cancelled> rule) {
    /** Any sequence, no patience, and what was handed out is kept. */
    public static final TurnOptions DEFAULT =
            new TurnOptions(OptionalLong.empty(), Duration.ZERO, () -> Cancelled.KEEP);

    /** What becomes of a turn that is cancelled. */
    public enum Cancelled {
        /** What was handed out is the answer; if that is nothing, the turn is taken back. */
        KEEP,
        /** The turn is taken back whole. */
        DISCARD
    }

    /** Checks the components. */
    public TurnOptions {
        if (patience.isNegative()) {
            throw new InvalidRequestException("patience", "expected no negative time, found " + patience);
        }
    }

    /**
     * {@return these options for a session of one sequence only}
     *
     * @param sequence the sequence that the session must have
     */
    public TurnOptions withExpectedSequence(long sequence) {
        return new TurnOptions(OptionalLong.of(sequence), patience, rule);
    }

    /**
     * {@return these options with patience}
     *
     * @param time for how long to wait while another turn runs
     */
    public TurnOptions withPatience(Duration time) {
        return new TurnOptions(expectedSequence, time, rule);
    }

    /**
     * {@return these options with another rule for cancelling}
     *
     * @param rule what becomes of a turn that is cancelled
     */
    public TurnOptions withCancelled(Cancelled rule) {
        return withCancelled(() -> rule);
    }

    /**
     * {@return these options with a rule for cancelling that is asked for when a turn is cancelled}
     *
     * @param asked tells what becomes of the turn; called on the engine's thread, and must be quick
     */
    public TurnOptions withCancelled(Supplier<Cancelled> asked) {
        return new TurnOptions(expectedSequence, patience, asked);
    }

    /** {@return what becomes of a turn that is cancelled at this moment} */
    public Cancelled cancelled() {
        return rule.get();
    }
}
