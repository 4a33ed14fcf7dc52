package dev.longspan.tck;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/** Notes who broke which rule, for an {@link AssertingBackend}. Any thread. */
final class Contract {
    private final List<String> violations;
    private final AtomicReference<Thread> engine = new AtomicReference<>();

    Contract() {
        this(new CopyOnWriteArrayList<>());
    }

    private Contract(List<String> violations) {
        this.violations = violations;
    }

    /** One for a model, whose calls are made by one thread at a time; what is broken is kept in this one. */
    Contract ofModel() {
        return new Contract(violations);
    }

    List<String> violations() {
        return List.copyOf(violations);
    }

    void backend(boolean kept, String rule, Supplier<String> fault) {
        check("backend", kept, rule, fault);
    }

    void caller(boolean kept, String rule, Supplier<String> fault) {
        check("caller", kept, rule, fault);
    }

    private void check(String side, boolean kept, String rule, Supplier<String> fault) {
        if (!kept) {
            String words = "the " + side + " breaks " + rule + ": " + fault.get();
            violations.add(words);
            throw new AssertionError(words);
        }
    }

    /** Does what only one thread at a time may do. */
    <T> T onEngine(String call, Supplier<T> work) {
        Thread own = Thread.currentThread();
        Thread before = engine.compareAndExchange(null, own);
        caller(
                before == null || before == own,
                "the thread rule",
                () -> call + " on '" + own.getName() + "' while '" + before + "' is at a call");
        try {
            return work.get();
        } finally {
            if (before == null) {
                engine.set(null);
            }
        }
    }
}
