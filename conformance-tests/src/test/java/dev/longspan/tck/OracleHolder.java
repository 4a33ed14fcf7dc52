package dev.longspan.tck;

import dev.longspan.spi.ModelSpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What a state and a checkpoint have in common: tensors that are never written to, and counted pages. */
class OracleHolder {
    final OracleModel model;
    private int length;
    private Map<String, double[]> tensors;
    /** The full ones, which may be shared, and the last, which never is. */
    private final List<Ledger.Page> pages = new ArrayList<>();

    private final long recurrentBytes;
    private boolean closed;

    OracleHolder(OracleModel model, OracleHolder like) {
        this.model = model;
        this.length = like == null ? 0 : like.length;
        this.tensors = like == null ? Map.of() : like.tensors;
        this.recurrentBytes = countsPagesOnly(like) ? 0 : model.backend().recurrent(spec());
        model.ledger().take("a state", recurrentBytes);
        if (like == null) {
            return;
        }
        int full = length / page();
        boolean copies = model.flaw() == Flaw.PAGES_COPIED;
        try {
            for (int i = 0; i < full; i++) {
                if (copies) {
                    pages.add(newPage());
                } else {
                    int holders = like.pages.get(i).retain();
                    pages.add(like.pages.get(i));
                    if (holders > Byte.MAX_VALUE && model.flaw() == Flaw.HOLDERS_ARE_COUNTED_IN_A_BYTE) {
                        like.become(OracleCheckpoint.zeros(like.tensors));
                    }
                }
            }
            if (length % page() > 0) {
                pages.add(newPage());
            }
        } catch (RuntimeException e) {
            if (model.flaw() != Flaw.CHECKPOINT_FAULT_LEAKS) {
                free();
            }
            throw e;
        }
    }

    /** Sets what was read. */
    void set(int tokens, Map<String, double[]> state) {
        grow(tokens - length);
        tensors = state;
    }

    private Ledger.Page newPage() {
        model.ledger().take("a page", pageBytes());
        return new Ledger.Page();
    }

    private long pageBytes() {
        return model.flaw() == Flaw.PAGES_ARE_NOT_COUNTED ? 0 : (long) page() * OracleBackend.tokenBytes(spec());
    }

    private boolean countsPagesOnly(OracleHolder like) {
        return switch (model.flaw()) {
            case CHECKPOINTS_COUNT_PAGES_ONLY -> like instanceof OracleState;
            case FORKS_COUNT_PAGES_ONLY -> this instanceof OracleState && like != null;
            case READ_ONES_COUNT_PAGES_ONLY -> this instanceof OracleCheckpoint && !(like instanceof OracleState);
            default -> false;
        };
    }

    private int page() {
        return model.backend().page();
    }

    ModelSpec spec() {
        return model.network();
    }

    /** Takes the pages for more tokens, all or none. */
    synchronized void grow(int tokens) {
        int before = pages.size();
        try {
            while (pages.size() * page() < length + tokens) {
                pages.add(newPage());
            }
        } catch (RuntimeException e) {
            while (pages.size() > before) {
                pages.remove(pages.size() - 1);
                model.ledger().free(model.flaw() == Flaw.BATCH_FAULT_LEAKS ? 0 : pageBytes());
            }
            throw e;
        }
        length += tokens;
    }

    /** Takes back what was grown and not computed. */
    void shrink(int tokens) {
        length -= tokens;
    }

    Map<String, double[]> state() {
        return tensors;
    }

    void become(Map<String, double[]> next) {
        tensors = new HashMap<>(next);
    }

    int held() {
        return length;
    }

    boolean isClosed() {
        return closed;
    }

    synchronized long countBytes() {
        return recurrentBytes + pages.size() * pageBytes();
    }

    synchronized long countExclusive() {
        long bytes = recurrentBytes;
        for (Ledger.Page page : pages) {
            boolean counted = (model.flaw() == Flaw.EXCLUSIVE_COUNTS_SHARED && this instanceof OracleCheckpoint)
                    || (model.flaw() == Flaw.STATES_SHARE_NOTHING && this instanceof OracleState);
            bytes += page.isShared() && !counted ? 0 : pageBytes();
        }
        return bytes;
    }

    private synchronized void free() {
        model.ledger().free(recurrentBytes);
        for (Ledger.Page page : pages) {
            if (page.release()) {
                model.ledger().free(pageBytes());
            }
        }
        pages.clear();
    }

    /** Closes it because its model is closed. */
    void releaseWithModel() {
        boolean failed = this instanceof OracleState state && state.hasFailed();
        if (model.flaw() == Flaw.STATES_LEFT_OPEN_LEAK) {
            OracleBackend.leak(100_000);
        } else if (failed && model.flaw() == Flaw.FAILED_STATES_ARE_FREED_TWICE) {
            model.ledger().free(pageBytes());
        }
        if (!failed || model.flaw() != Flaw.FAILED_STATES_OUTLIVE_THEIR_MODEL) {
            release();
        }
    }

    /** Closes it; whether it was open. */
    boolean release() {
        if (closed) {
            return false;
        }
        closed = true;
        free();
        return true;
    }
}
