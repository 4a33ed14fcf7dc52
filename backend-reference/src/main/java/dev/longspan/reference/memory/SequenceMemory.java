package dev.longspan.reference.memory;

/** All that a state or a checkpoint holds: pages and recurrent states, and how many tokens they stand for. */
public final class SequenceMemory {
    private final StateLayout layout;
    private final MemoryLedger ledger;
    private final PageTable pages;
    private final RecurrentState recurrent;
    private volatile int length;
    private boolean released;

    private SequenceMemory(
            StateLayout layout, MemoryLedger ledger, PageTable pages, RecurrentState recurrent, int length) {
        this.layout = layout;
        this.ledger = ledger;
        this.pages = pages;
        this.recurrent = recurrent;
        this.length = length;
    }

    /**
     * {@return the memory of an empty sequence}
     *
     * @param layout the sizes
     * @param ledger where its bytes are booked
     */
    public static SequenceMemory empty(StateLayout layout, MemoryLedger ledger) {
        return new SequenceMemory(layout, ledger, new PageTable(layout, ledger), recurrent(layout, ledger), 0);
    }

    /** {@return a sequence that continues this one: full pages shared, the rest copied} */
    public SequenceMemory copy() {
        SequenceMemory copy = withPagesOf(length);
        copy.recurrent.copyFrom(recurrent);
        return copy;
    }

    /** {@return a sequence that shares the keys and values of the first tokens, its recurrent states empty} */
    SequenceMemory withPagesOf(int tokens) {
        RecurrentState states = recurrent(layout, ledger);
        boolean done = false;
        try {
            SequenceMemory made = new SequenceMemory(layout, ledger, pages.prefix(tokens), states, tokens);
            done = true;
            return made;
        } finally {
            if (!done) {
                ledger.release(layout.recurrentBytes());
            }
        }
    }

    private static RecurrentState recurrent(StateLayout layout, MemoryLedger ledger) {
        return ledger.allocate("recurrent states", layout.recurrentBytes(), () -> new RecurrentState(layout));
    }

    /** {@return how many tokens it stands for} */
    public int length() {
        return length;
    }

    /** {@return the pages of keys and values} */
    public PageTable pages() {
        return pages;
    }

    /** {@return the recurrent states} */
    public RecurrentState recurrent() {
        return recurrent;
    }

    /** {@return the sizes} */
    public StateLayout layout() {
        return layout;
    }

    /**
     * Makes room for more tokens, or changes nothing.
     *
     * @param tokens how many in all
     * @throws dev.longspan.spi.BackendMemoryException if there is no memory for them
     */
    public void reserve(int tokens) {
        pages.grow(tokens);
    }

    /**
     * Counts tokens as absorbed.
     *
     * @param tokens how many more
     */
    public void advance(int tokens) {
        int before = length;
        length = before + tokens;
    }

    /** {@return the bytes it refers to, shared pages included} */
    public long bytes() {
        return layout.recurrentBytes() + pages.bytes();
    }

    /** {@return the bytes that nobody else refers to} */
    public long exclusiveBytes() {
        return layout.recurrentBytes() + pages.exclusiveBytes();
    }

    /** Gives everything back; a second call does nothing. */
    public synchronized void release() {
        if (!released) {
            released = true;
            pages.truncate(0);
            ledger.release(layout.recurrentBytes());
        }
    }
}
