package dev.longspan.engine;

import dev.longspan.ChatEvent;
import dev.longspan.FlushPolicy;
import dev.longspan.ToolCall;
import dev.longspan.output.DeltaSink;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * Gathers what the output parser gives into events as the flush policy says, and the whole of it into a message. Text beside
 * tool calls that is white space alone is dropped.
 */
final class DeltaBuffer implements DeltaSink {
    /** Nine letters and digits: some templates take no other ids. */
    private static final int CALL_ID_LENGTH = 9;

    private static final String CALL_ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    private final EventQueue events;
    private final FlushPolicy policy;
    private final long delayNanos;
    private final boolean hideThinking;
    /** Whether calls may come, so that white space waits for what follows. */
    private final boolean expectsCalls;

    private final StringBuilder allThinking = new StringBuilder();
    private final StringBuilder allText = new StringBuilder();
    private final List<ToolCall> calls = new ArrayList<>();
    private final StringBuilder blank = new StringBuilder();
    private final StringBuilder pending = new StringBuilder();
    private Kind pendingKind = Kind.TEXT;
    private String pendingTool = "";
    private boolean any;
    private boolean inText;
    private int tokens;
    private long since;

    private enum Kind {
        THINKING,
        TEXT,
        CALL
    }

    DeltaBuffer(EventQueue events, FlushPolicy policy, boolean hideThinking, boolean expectsCalls) {
        this.events = events;
        this.policy = policy;
        this.delayNanos = TimeUnit.NANOSECONDS.convert(policy.delay());
        this.hideThinking = hideThinking;
        this.expectsCalls = expectsCalls;
    }

    @Override
    public void thinking(String piece) {
        allThinking.append(piece);
        if (!hideThinking) {
            append(Kind.THINKING, piece);
        }
    }

    @Override
    public void text(String piece) {
        if (expectsCalls && !inText && piece.isBlank()) {
            blank.append(piece);
            return;
        }
        inText = true;
        String whole = blank.length() == 0 ? piece : blank + piece;
        blank.setLength(0);
        allText.append(whole);
        append(Kind.TEXT, whole);
    }

    @Override
    public void callDelta(int index, String name, String piece) {
        if (pending.length() > 0 && (pendingKind != Kind.CALL || !pendingTool.equals(name))) {
            flush();
        }
        if (piece.isEmpty()) {
            flush();
            events.add(new ChatEvent.ToolCallDelta(index, name, ""));
            any = true;
        }
        pendingTool = name;
        append(Kind.CALL, piece);
    }

    @Override
    public void call(int index, String name, String arguments) {
        flush();
        blank.setLength(0);
        inText = false;
        ToolCall call = new ToolCall(callId(), name, arguments);
        calls.add(call);
        events.add(new ChatEvent.ToolCallReady(index, call));
        any = true;
    }

    private static String callId() {
        StringBuilder id = new StringBuilder(CALL_ID_LENGTH);
        for (int i = 0; i < CALL_ID_LENGTH; i++) {
            id.append(CALL_ID_LETTERS.charAt(ThreadLocalRandom.current().nextInt(CALL_ID_LETTERS.length())));
        }
        return id.toString();
    }

    /** Is called after each token: hands out what is due. */
    void tokenDone() {
        if (pending.length() == 0) {
            return;
        }
        tokens++;
        if (!any || tokens >= policy.tokens() || System.nanoTime() - since >= delayNanos) {
            flush();
        }
    }

    /** Is called at the end: hands out what is there. */
    void end() {
        if (calls.isEmpty() && blank.length() > 0) {
            String rest = blank.toString();
            blank.setLength(0);
            allText.append(rest);
            append(Kind.TEXT, rest);
        }
        flush();
    }

    /** Hands out what is there. */
    void flush() {
        if (pending.length() > 0) {
            String piece = pending.toString();
            pending.setLength(0);
            any = true;
            events.add(
                    switch (pendingKind) {
                        case THINKING -> new ChatEvent.ThinkingDelta(piece);
                        case TEXT -> new ChatEvent.TextDelta(piece);
                        case CALL -> new ChatEvent.ToolCallDelta(calls.size(), pendingTool, piece);
                    });
        }
        tokens = 0;
    }

    String thinking() {
        return hideThinking ? "" : allThinking.toString();
    }

    String text() {
        return allText.toString();
    }

    List<ToolCall> calls() {
        return calls;
    }

    private void append(Kind kind, String piece) {
        if (pending.length() > 0 && pendingKind != kind) {
            flush();
        }
        if (pending.length() == 0) {
            since = System.nanoTime();
            pendingKind = kind;
        }
        pending.append(piece);
    }
}
