package dev.longspan.engine;

import dev.longspan.ChatEvent;
import dev.longspan.FlushPolicy;
import dev.longspan.output.DeltaSink;

/**
 * Gathers pieces of thinking and text into events as the flush policy says, and the whole of both. The newlines at the start
 * of the text behind a thinking block are dropped.
 */
final class DeltaBuffer implements DeltaSink {
    private final EventQueue events;
    private final FlushPolicy policy;
    private final StringBuilder allThinking = new StringBuilder();
    private final StringBuilder allText = new StringBuilder();
    private final StringBuilder pending = new StringBuilder();
    private boolean pendingThinking;
    private boolean any;
    private boolean dropNewlines;
    private int tokens;
    private long since;

    DeltaBuffer(EventQueue events, FlushPolicy policy, boolean startsThinking) {
        this.events = events;
        this.policy = policy;
        this.dropNewlines = startsThinking;
    }

    @Override
    public void thinking(String piece) {
        dropNewlines = true;
        allThinking.append(piece);
        append(piece, true);
    }

    @Override
    public void text(String piece) {
        String rest = dropNewlines ? withoutLeadingNewlines(piece) : piece;
        if (!rest.isEmpty()) {
            dropNewlines = false;
            allText.append(rest);
            append(rest, false);
        }
    }

    /** Is called after each token: hands out what is due. */
    void tokenDone() {
        if (pending.length() == 0) {
            return;
        }
        tokens++;
        if (!any
                || tokens >= policy.tokens()
                || System.nanoTime() - since >= policy.delay().toNanos()) {
            flush();
        }
    }

    /** Hands out what is there. */
    void flush() {
        if (pending.length() > 0) {
            String piece = pending.toString();
            pending.setLength(0);
            any = true;
            events.add(pendingThinking ? new ChatEvent.ThinkingDelta(piece) : new ChatEvent.TextDelta(piece));
        }
        tokens = 0;
    }

    String thinking() {
        return allThinking.toString();
    }

    String text() {
        return allText.toString();
    }

    private static String withoutLeadingNewlines(String piece) {
        int start = 0;
        while (start < piece.length() && piece.charAt(start) == '\n') {
            start++;
        }
        return piece.substring(start);
    }

    private void append(String piece, boolean thinking) {
        if (pending.length() > 0 && pendingThinking != thinking) {
            flush();
        }
        if (pending.length() == 0) {
            since = System.nanoTime();
            pendingThinking = thinking;
        }
        pending.append(piece);
    }
}
