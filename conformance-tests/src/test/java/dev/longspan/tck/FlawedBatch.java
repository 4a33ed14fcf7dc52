package dev.longspan.tck;

import dev.longspan.spi.Batch;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.Run;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** What is wrong with a run by where it stands in its batch, and by what else there is. */
final class FlawedBatch {
    /** Where some flaws take a prompt, a batch or a network for too large. */
    private static final int MANY = 128;
    /** No more threads than usual ones. */
    private static final int FEW = 2;
    /** Behind what all rules but those of long contexts compare. */
    private static final int FAR = 660;
    /** No more tokens than these are taken for steps. */
    private static final int STEPS = 16;

    private static final int PAGE = 256;
    /** More than most rules feed at once. */
    private static final int LONG = 200;
    /** By so much a sum in another order may be off. */
    private static final double NEARLY_ONE = 1 + 0x1p-21;
    /** The backend whose call of forward has begun last, for a flaw of all of them. */
    private static final AtomicReference<OracleBackend> COMPUTING = new AtomicReference<>();

    private final OracleModel model;
    private final Batch batch;
    private final Flaw flaw;
    private int index;
    private boolean noneBefore;
    private boolean someBefore;
    private double @Nullable [][] first;

    FlawedBatch(OracleModel model, Batch batch) {
        this.model = model;
        this.batch = batch;
        this.flaw = model.flaw();
        COMPUTING.set(model.backend());
    }

    /** What a run of the batch begins with. */
    Map<String, double[]> past(int length, Map<String, double[]> right) {
        boolean lost = flaw == Flaw.LATER_RUNS_LOSE_THEIR_PAGES && index > 0 && length > 64;
        return lost ? OracleCheckpoint.zeros(right) : right;
    }

    /** A logit as it is handed out. */
    double spoiled(double right, int id) {
        if (flaw == Flaw.LONG_SUMS_OF_STEPS_DIFFER) {
            boolean differs =
                    batch.runs().get(index).size() == 1 && model.network().hiddenSize() > 2 * MANY;
            return differs ? right * NEARLY_ONE : right;
        }
        if (flaw == Flaw.LONG_CONTEXTS_OF_STEPS_DIFFER) {
            return isFarOn() && batch.runs().get(index).size() == 1 ? right * NEARLY_ONE : right;
        }
        return right + (spoils() ? 1 + id % 3 : 0);
    }

    /** Whether the logits of a run are wrong. */
    private boolean spoils() {
        return switch (flaw) {
            case RUNS_BEHIND_PROMPTS_ARE_WRONG -> index > 0 && batch.tokens() > MANY;
            case STEPS_TAKE_THE_FIRST_LENGTH -> isFullOfSteps() && length(index) != length(0);
            case LONG_PROMPTS_ARE_WRONG -> batch.runs().size() == 1 && batch.tokens() == 2 * MANY && isWhole();
            case RUNS_BEHIND_LONG_PROMPTS_ARE_WRONG ->
                index == 1 && batch.runs().get(0).size() == MANY;
            case ROWS_BEHIND_NONE_ARE_WRONG -> noneBefore;
            case ROWS_BEHIND_SOME_ARE_WRONG -> someBefore;
            case MANY_THREADS_ARE_WRONG -> model.backend().threads() > FEW;
            case LONG_ROWS_OF_MANY_THREADS_ARE_WRONG ->
                model.backend().threads() > FEW && model.network().hiddenSize() > 2 * MANY;
            case LAST_NETWORK_COUNTS -> !model.backend().isLast(model.network());
            case LARGE_SIZES_ARE_WRONG -> model.network().vocabularySize() > 2 * MANY;
            case LARGE_STEPS_ARE_WRONG ->
                model.network().vocabularySize() > 2 * MANY
                        && batch.runs().get(index).size() == 1;
            case LARGE_SIZES_GO_ON_WRONG ->
                model.network().vocabularySize() > 2 * MANY
                        && length(index) >= batch.runs().get(index).size();
            case LONG_RUNS_OF_SPANS_ARE_WRONG -> isLong() && hasSpans();
            case LONG_RUNS_OF_EXPERTS_ARE_WRONG ->
                isLong() && model.network().layers().stream().anyMatch(layer -> layer instanceof LayerSpec.Experts);
            case STEPS_ONTO_A_PAGE_ARE_WRONG -> batch.tokens() == 1 && length(index) == PAGE;
            case BACKENDS_SHARE_A_BUFFER -> COMPUTING.get() != model.backend();
            case PIECES_FAR_ON_ARE_WRONG -> isFarOn() && batch.runs().get(index).size() > STEPS;
            case SPANS_FAR_ON_ARE_WRONG_IN_BF16 -> isFarOn() && hasSpans();
            default -> false;
        };
    }

    private boolean isLong() {
        return batch.runs().get(index).size() > LONG;
    }

    private boolean isFarOn() {
        return length(index) > FAR;
    }

    private boolean hasSpans() {
        return model.network().layers().stream()
                .anyMatch(layer -> layer instanceof LayerSpec.Attention attention && attention.span() != null);
    }

    private boolean isFullOfSteps() {
        return batch.runs().size() == model.backend().capabilities().maxRuns()
                && batch.tokens() == batch.runs().size();
    }

    private int length(int run) {
        return batch.runs().get(run).state() instanceof OracleState state ? state.held() - (run <= index ? 1 : 0) : 0;
    }

    private boolean isWhole() {
        return batch.runs().get(0).logitsRows() == batch.tokens();
    }

    /** Goes on to the next run, when the logits of one are computed. */
    void next(Run run, OracleState state, double[][] logits) {
        if (flaw == Flaw.FORKS_MEET_IN_A_BATCH && state.parent() != null) {
            for (Run before : batch.runs().subList(0, index)) {
                if (before.state() instanceof OracleState other && other.parent() == state.parent()) {
                    other.mix(state.state());
                }
            }
        }
        first = first == null ? logits : first;
        noneBefore |= run.logitsRows() == 0;
        someBefore |= run.logitsRows() != run.size() && run.logitsRows() > 1;
        index++;
    }

    /** The rows in which argMax looks. */
    double[][] searched(double[][] right, OracleResult computed) {
        if (flaw == Flaw.ARG_MAX_IS_OF_THE_FIRST_RUN && first != null && first.length > 0) {
            return resized(first, right.length);
        } else if (flaw == Flaw.ARG_MAX_COUNTS_FROM_THE_FIRST_TOKEN) {
            double[][] rows = new double[right.length][];
            for (int r = 0; r < rows.length; r++) {
                rows[r] = computed.logits(r);
            }
            return rows;
        }
        return right;
    }

    private static double[][] resized(double[][] rows, int count) {
        double[][] resized = new double[count][];
        for (int r = 0; r < count; r++) {
            resized[r] = rows[Math.min(r, rows.length - 1)];
        }
        return resized;
    }
}
