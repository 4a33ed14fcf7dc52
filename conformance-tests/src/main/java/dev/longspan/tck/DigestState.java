package dev.longspan.tck;

import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.SequenceState;

/** A state of the digest model. */
final class DigestState implements SequenceState {
    final DigestLanguageModel model;
    final DigestHolding holding;
    private boolean closed;
    private boolean failed;

    DigestState(DigestLanguageModel model, DigestHolding holding) {
        this.model = model;
        this.holding = holding;
    }

    void requireUsable() {
        if (closed || failed) {
            throw new IllegalStateException(closed ? "the state is closed" : "the state has failed: close it");
        }
    }

    void fail() {
        failed = true;
    }

    @Override
    public int length() {
        synchronized (model.memory()) {
            requireUsable();
            return holding.length();
        }
    }

    @Override
    public long bytes() {
        synchronized (model.memory()) {
            requireUsable();
            return holding.bytes();
        }
    }

    @Override
    public long exclusiveBytes() {
        synchronized (model.memory()) {
            requireUsable();
            return holding.exclusiveBytes();
        }
    }

    @Override
    public Checkpoint checkpoint() {
        synchronized (model.memory()) {
            requireUsable();
            return model.register(new DigestCheckpoint(model, holding.copy()));
        }
    }

    @Override
    public void close() {
        synchronized (model.memory()) {
            if (!closed) {
                closed = true;
                holding.drop();
                model.forget(this);
            }
        }
    }
}
