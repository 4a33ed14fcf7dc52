package dev.longspan.tck;

import dev.longspan.spi.Backend;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.Feature;
import dev.longspan.spi.Run;
import dev.longspan.spi.SequenceState;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Compares a long sequence with the oracle: in its middle and at its end, in all ways in which ids may come. */
final class LongContext {
    /** How many parts a long sequence has, each with tokens of its own, so that one that is forgotten is missed. */
    private static final int PARTS = 8;
    /** How many tokens are compared in one piece. */
    private static final int PIECE = 80;
    /** The last ones of a piece, which are compared in other ways, too. */
    private static final int STEPS = 16;
    /** How many of them have choices that are clear, so that there is something to compare in every way. */
    private static final int LEAST_CLEAR = 3;
    /** How often a piece is drawn until it has so many. */
    private static final int DRAWS = 12;
    /** Of a prompt that is fed in as few calls as there may be. */
    private static final int MOST_PIECE = 16_384;

    private static final int MOST_TRANSFERRED = 100_000;

    private final Subject subject;
    private final Driver driver;
    private final Oracle oracle;
    private final int[] ids;
    /** What came of the last piece where it first came at once. */
    private List<float[]> end = List.of();

    /** A sequence for a model whose last layer alone chooses, or none. */
    LongContext(Subject subject, Backend backend, RandomModel model, int tokens) {
        this.subject = subject;
        this.driver = Driver.load(backend, model, subject.seed());
        this.oracle = new Oracle(model.spec(), model.weights());
        this.ids = new int[tokens];
        draw(0, tokens);
    }

    /** Random ids, each part of them from a part of the vocabulary. */
    private void draw(int from, int to) {
        int each = driver.model().spec().vocabularySize() / PARTS;
        for (int t = from; t < to; t++) {
            int part = (int) ((long) t * PARTS / ids.length);
            ids[t] = part * each + driver.random().nextInt(each);
        }
    }

    void isRight() {
        int tokens = ids.length;
        int middle = tokens / 2 + driver.random().nextInt(tokens / 4);
        Judge there = drawn(middle);
        Judge judge = drawn(tokens);
        int early = tokens - tokens / 8;
        try (SequenceState state = driver.model().newState()) {
            aPromptIsRight(state, middle, there);
            driver.absorb(state, Arrays.copyOfRange(ids, middle, early), 512);
            try (Checkpoint checkpoint = state.checkpoint()) {
                driver.absorb(state, Arrays.copyOfRange(ids, early, tokens - PIECE), 777);
                try (Checkpoint almost = state.checkpoint()) {
                    end = feedTheEnd(state);
                    agrees(judge, "at the end of " + tokens + " tokens", 0, end);
                    stepsAgree(almost, judge);
                    transfers(almost, judge);
                }
                try (SequenceState again = driver.model().newState(checkpoint)) {
                    driver.absorb(again, Arrays.copyOfRange(ids, early, tokens - PIECE), MOST_PIECE);
                    endsSo(judge, "back at " + early + " and on again", 0, feedTheEnd(again));
                }
            }
        }
    }

    /** The judge of the last piece before a position, which is drawn until enough choices there are clear. */
    private Judge drawn(int to) {
        for (int i = 0; i < DRAWS; i++) {
            Judge judge = new Judge(oracle, Stretch.last(Driver.first(ids, to), PIECE), driver.tolerance());
            if (judge.clear(PIECE - STEPS) >= LEAST_CLEAR) {
                return judge;
            }
            draw(to - PIECE, to);
        }
        throw new NotApplicable("in " + DRAWS + " drawings nearly all choices at " + to + " are too close to call");
    }

    /** To a position, with the logits of the last rows of a piece alone. */
    private void aPromptIsRight(SequenceState state, int to, Judge judge) {
        int piece = Math.min(PIECE, driver.backend().capabilities().maxBatchTokens());
        int rows = Math.min(STEPS, piece);
        driver.absorb(state, Driver.first(ids, to - piece), 512);
        List<float[]> got = Driver.rows(
                driver.forward(new Run(state, ids, to - piece, to, to - rows)).get(0));
        agrees(judge, "in the middle, of a prompt of " + piece + " tokens", PIECE - rows, got);
    }

    private List<float[]> feedTheEnd(SequenceState state) {
        return driver.feed(state, Driver.tail(ids, ids.length - PIECE));
    }

    /** Token by token, alone and beside a short sequence. */
    private void stepsAgree(Checkpoint almost, Judge judge) {
        int first = ids.length - STEPS;
        try (SequenceState state = driver.model().newState(almost)) {
            driver.absorb(state, Arrays.copyOfRange(ids, ids.length - PIECE, first), PIECE);
            if (driver.backend().capabilities().maxRuns() > 1) {
                try (Checkpoint before = state.checkpoint();
                        SequenceState brief = driver.model().newState();
                        SequenceState beside = driver.model().newState(before)) {
                    endsSo(judge, "beside a short sequence", PIECE - STEPS, steps(brief, beside));
                }
            }
            List<float[]> rows = new ArrayList<>();
            for (int t = first; t < ids.length; t++) {
                rows.addAll(driver.piece(state, ids, t, t + 1));
            }
            endsSo(judge, "token by token at the end", PIECE - STEPS, rows);
        }
    }

    private List<float[]> steps(SequenceState brief, SequenceState state) {
        List<float[]> rows = new ArrayList<>();
        for (int id : Driver.tail(ids, ids.length - STEPS)) {
            rows.addAll(Driver.rows(
                    driver.forward(Run.last(brief, id), Run.last(state, id)).get(1)));
        }
        return rows;
    }

    private void transfers(Checkpoint almost, Judge judge) {
        if (driver.transfers() && almost.length() <= MOST_TRANSFERRED) {
            try (Checkpoint read = driver.model().readCheckpoint(MemoryCheckpoint.of(almost));
                    SequenceState state = driver.model().newState(read)) {
                endsSo(judge, "written, read and on", 0, feedTheEnd(state));
            }
        }
    }

    /** As the oracle ends, and as it ended at first where that is claimed. */
    private void endsSo(Judge judge, String what, int first, List<float[]> got) {
        agrees(judge, what, first, got);
        if (driver.backend().capabilities().has(Feature.BATCH_EXACT)) {
            driver.same(what + ", beside those at once, logits", got, end.subList(first, first + got.size()));
        }
    }

    private void agrees(Judge judge, String what, int first, List<float[]> got) {
        if (judge.compareClear(what + ", logits", first, got) == 0) {
            subject.note("nothing was compared " + what + ": all choices are too close to call");
        }
    }
}
