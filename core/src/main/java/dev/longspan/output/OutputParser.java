package dev.longspan.output;

import dev.longspan.ToolCallException;
import dev.longspan.ToolCallException.Reason;
import dev.longspan.ToolParser;
import dev.longspan.ToolSpecification;
import dev.longspan.text.ThinkingTags;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Splits a model's text into thinking, answer and tool calls, and ends it at a stop string, however the text is cut into
 * pieces.
 *
 * <p>{@code <think>…</think>} is thinking. Stop strings count in the visible text only. Text is held back only as long as it
 * could still become something else. For one thread at a time.
 */
public final class OutputParser {
    /** The index of {@link ThinkingTags#OPEN} among the openings. */
    private static final int THINK = 0;

    private static final long NOWHERE = Long.MAX_VALUE;

    private final OutputRules rules;
    private final DeltaSink sink;
    private final @Nullable ToolParser calls;
    private final VisibleText visible;
    private final StringMatcher close = new StringMatcher(ThinkingTags.CLOSE);
    private final StringBuilder thought = new StringBuilder();
    private final StringBuilder block = new StringBuilder();
    /** What is being taken, from an index on. */
    private final StringBuilder pending = new StringBuilder();

    private int pendingFrom;

    private boolean thinking;
    private ToolParser.@Nullable Reader reader;
    private int callDeltaFrom;
    private int callCount;
    private boolean stopped;
    private @Nullable ToolCallException error;
    /** Where the first visible character came, since the start or the last block, that is no white space and no semicolon. */
    private long firstWord = NOWHERE;
    /** Where an opening was found to begin no block. */
    private long noBlockAt = NOWHERE;
    /** Where in the visible text a thinking block was closed last. */
    private long closedAt = NOWHERE;
    /** Whether a newline belongs to the end of a thinking block, and is no text. */
    private boolean dropNewlines;

    /**
     * Makes a parser.
     *
     * @param rules how the output is to be read
     * @param sink takes the pieces
     */
    public OutputParser(OutputRules rules, DeltaSink sink) {
        this.rules = rules;
        this.sink = sink;
        this.thinking = rules.startsThinking();
        this.calls = rules.toolParser();
        List<String> openings = new ArrayList<>(List.of(ThinkingTags.OPEN));
        if (calls != null) {
            openings.addAll(calls.openings());
        }
        this.visible = new VisibleText(rules.stop(), openings, this::counts);
    }

    /** {@return whether the output is inside a thinking block} */
    public boolean isThinking() {
        return thinking;
    }

    /** {@return whether nothing came behind the end of a thinking block, no newline either} */
    public boolean justClosedThinking() {
        return !thinking && reader == null && visible.position() == closedAt;
    }

    /** {@return whether a stop string has ended the text, or a call that is to be the only one} */
    public boolean isStopped() {
        return stopped;
    }

    /** {@return why a call has ended the text; null if none did} */
    public @Nullable ToolCallException error() {
        return error;
    }

    /** {@return how many calls there were so far} */
    public int callCount() {
        return callCount;
    }

    /** Takes the next piece of the model's text: whole characters. Behind a stop string or an error it is dropped. */
    public void accept(String piece) {
        take(piece);
        if (hasEnded()) {
            return;
        }
        if (thinking) {
            emitThinking(thought.length() - close.matched());
        } else if (reader == null) {
            emitText(visible.release());
        } else {
            emitCallDelta(reader);
        }
    }

    /**
     * Ends the output: what was held back is text after all.
     *
     * @param byModel whether the model ended it, so that a call which is not complete is an error; else it is text
     */
    public void finish(boolean byModel) {
        if (hasEnded()) {
            return;
        }
        for (ToolParser.Reader open = reader; open != null && !hasEnded(); open = reader) {
            if (byModel && open.isCertain()) {
                fail(Reason.INCOMPLETE, "expected its end, found the end of the answer");
                return;
            }
            endBlock(open);
        }
        if (thinking) {
            emitThinking(thought.length());
        } else if (!hasEnded()) {
            stopped = visible.endsWithStop();
            emitText(stopped ? visible.beforeStop() : visible.rest());
        }
    }

    private boolean hasEnded() {
        return stopped || error != null;
    }

    private void take(String piece) {
        pending.append(piece);
        while (pendingFrom < pending.length() && !hasEnded()) {
            char next = pending.charAt(pendingFrom++);
            if (thinking) {
                takeThought(next);
            } else if (reader == null) {
                takeVisible(next);
            } else {
                takeBlock(reader, next);
            }
        }
        pending.setLength(0);
        pendingFrom = 0;
    }

    /** Has text taken next, before what waits already. */
    private void takeAgain(String text) {
        pending.replace(0, pendingFrom, text);
        pendingFrom = 0;
    }

    private void takeThought(char next) {
        thought.append(next);
        if (close.accept(next)) {
            emitThinking(thought.length() - ThinkingTags.CLOSE.length());
            thought.setLength(0);
            close.reset();
            thinking = false;
            closedAt = visible.position();
            dropNewlines = rules.dropsNewlines();
        }
    }

    private void takeVisible(char next) {
        if (dropNewlines && next == '\n') {
            closedAt = NOWHERE;
            return;
        }
        dropNewlines = false;
        boolean blank = Character.isWhitespace(next) || next == ';';
        firstWord = blank ? firstWord : Math.min(firstWord, visible.position());
        int found = visible.accept(next);
        if (found == VisibleText.STOP) {
            emitText(visible.beforeStop());
            stopped = true;
        } else if (found == THINK) {
            long start = visible.position() - ThinkingTags.OPEN.length();
            firstWord = firstWord == start ? NOWHERE : firstWord;
            emitText(visible.before(found));
            thinking = true;
        } else if (found != VisibleText.NOTHING && calls != null) {
            open(calls, found);
        }
    }

    private boolean counts(int opening, long start) {
        return opening == THINK
                || (start != noBlockAt && (calls == null || calls.opensAnywhere() || firstWord >= start));
    }

    private void open(ToolParser parser, int found) {
        emitText(visible.before(found));
        ToolParser.Reader begun = parser.reader(rules.tools());
        reader = begun;
        callDeltaFrom = 0;
        takeAgain(parser.openings().get(found - 1));
    }

    private void takeBlock(ToolParser.Reader open, char next) {
        block.append(next);
        ToolParser.Reader.State state = open.accept(next);
        if (callDeltaFrom == 0 && !open.name().isEmpty()) {
            callDeltaFrom = block.length();
            sink.callDelta(callCount, open.name(), "");
        }
        if (state == ToolParser.Reader.State.COMPLETE) {
            emitCallDelta(open);
            complete(open);
        } else if (state == ToolParser.Reader.State.NO_CALL) {
            noCall();
        }
    }

    private void complete(ToolParser.Reader open) {
        List<ToolParser.Call> found;
        try {
            found = open.calls();
        } catch (ToolCallException e) {
            fail(e.reason(), e.detail());
            return;
        }
        if (found.isEmpty()) {
            fail(Reason.MALFORMED, "expected a call, found none");
            return;
        }
        for (ToolParser.Call call : found) {
            if (!rules.callsAllowed()) {
                fail(Reason.NOT_ALLOWED, "found a call of '" + call.name() + "'");
            } else if (!rules.tools().isEmpty() && !isOffered(call.name())) {
                fail(
                        Reason.UNKNOWN_TOOL,
                        "expected one of "
                                + rules.tools().stream()
                                        .map(ToolSpecification::name)
                                        .toList() + ", found '" + call.name() + "'");
            } else if (callCount >= rules.maxCalls()) {
                fail(Reason.TOO_MANY, "expected at most " + rules.maxCalls() + ", found one of '" + call.name() + "'");
            } else {
                sink.call(callCount, call.name(), call.arguments());
                callCount++;
                stopped = rules.singleCall();
            }
            if (hasEnded()) {
                return;
            }
        }
        reader = null;
        block.setLength(0);
        firstWord = NOWHERE;
    }

    private boolean isOffered(String name) {
        return rules.tools().stream().anyMatch(tool -> tool.name().equals(name));
    }

    /** What was taken for a block is text, and is read as such. */
    private void noCall() {
        String text = block.toString();
        block.setLength(0);
        reader = null;
        noBlockAt = visible.position();
        takeAgain(text);
    }

    /** The end has come inside a block: what can only be a call is text as it stands. */
    private void endBlock(ToolParser.Reader open) {
        if (open.isCertain()) {
            emitText(block.toString());
            block.setLength(0);
            reader = null;
        } else {
            noCall();
            take("");
        }
    }

    private void fail(Reason reason, String detail) {
        error = new ToolCallException(reason, detail, block.toString());
    }

    private void emitThinking(int length) {
        if (length > 0) {
            sink.thinking(thought.substring(0, length));
            thought.delete(0, length);
        }
    }

    private void emitText(String text) {
        if (!text.isEmpty()) {
            sink.text(text);
        }
    }

    private void emitCallDelta(ToolParser.Reader open) {
        if (callDeltaFrom > 0 && callDeltaFrom < block.length() && !open.name().isEmpty()) {
            sink.callDelta(callCount, open.name(), block.substring(callDeltaFrom));
            callDeltaFrom = block.length();
        }
    }
}
