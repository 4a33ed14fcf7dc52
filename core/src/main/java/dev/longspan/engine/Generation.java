package dev.longspan.engine;

import dev.longspan.ChatEvent;
import dev.longspan.ChatMessage;
import dev.longspan.ChatResponse;
import dev.longspan.FinishReason;
import dev.longspan.GenerationException;
import dev.longspan.RepetitionDetector;
import dev.longspan.Timing;
import dev.longspan.TokenUsage;
import dev.longspan.output.OutputParser;
import dev.longspan.spi.Logits;
import dev.longspan.spi.LongspanException;
import dev.longspan.spi.Run;
import dev.longspan.spi.SequenceState;
import dev.longspan.tokenizer.IncrementalDecoder;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One answer on its way: queued, then reading its prompt, then decoding, then ended. Used by the engine's thread alone, but
 * for the reader's side of its {@link EventQueue}, which may cancel it.
 *
 * <p>Decoding is a round: choose a token from the logits, show it to the parser, and decide what the state reads next. That
 * is the token, and behind it those that the engine forces: the end of thinking, the beginning of a call.
 */
final class Generation {
    private static final Logger LOG = LoggerFactory.getLogger(Generation.class);

    private final GenerationSpec spec;
    private final Vocabulary vocabulary;
    private final EventQueue events;
    private final DeltaBuffer deltas;
    private final OutputParser parser;
    private final IncrementalDecoder decoder = new IncrementalDecoder();
    private final Sampler sampler;
    private final RepetitionDetector repetition;
    private final long submitted = System.nanoTime();

    private volatile boolean cancelled;
    private @Nullable SequenceState state;
    /** What the state reads next: the prompt, then what {@link #next} holds. */
    private int[] reading;

    private int readingSize;
    private int readingDone;
    private boolean promptRead;
    private final TokenList next = new TokenList();
    private final TokenList answer = new TokenList();
    private int thinkingTokens;
    private boolean endsLine;
    private boolean repetitionClosed;
    private boolean openingWaits;
    private boolean opened;
    private boolean ended;
    private @Nullable FinishReason finishReason;
    private @Nullable LongspanException error;
    private final RequestEvent recorded = new RequestEvent();
    private long started;
    private long prefilled;
    private long firstToken;
    private long lastToken;
    private long endedAt;

    Generation(GenerationSpec spec, Vocabulary vocabulary, Runnable wakeEngine) {
        this.spec = spec;
        this.vocabulary = vocabulary;
        this.events = new EventQueue(
                () -> {
                    cancelled = true;
                    wakeEngine.run();
                },
                wakeEngine);
        this.deltas = new DeltaBuffer(
                events,
                spec.flushPolicy(),
                spec.output().startsThinking(),
                spec.thinkingHidden(),
                spec.output().toolParser() != null);
        this.parser = new OutputParser(spec.output(), deltas);
        this.sampler = new Sampler(spec.sampling(), spec.prompt());
        this.repetition = new RepetitionDetector(spec.repetition());
        this.reading = spec.prompt();
        this.readingSize = reading.length;
        this.endsLine = spec.promptEndsLine();
        this.opened = spec.forcedOpening().length == 0;
        recorded.begin();
    }

    EventQueue events() {
        return events;
    }

    GenerationSpec spec() {
        return spec;
    }

    boolean isCancelled() {
        return cancelled;
    }

    boolean hasEnded() {
        return ended;
    }

    /** {@return why it ended; null if it has not, or failed} */
    @Nullable
    FinishReason finishReason() {
        return finishReason;
    }

    /** {@return why it failed; null if it did not} */
    @Nullable
    LongspanException error() {
        return error;
    }

    /** {@return whether it takes a share of the prompts' part of a step; else it reads one token} */
    boolean isReading() {
        return !promptRead || readingSize > 1;
    }

    /** {@return how many ids wait to be read} */
    int readingLeft() {
        return readingSize - readingDone;
    }

    /** Leaves the queue. */
    void start(SequenceState fresh) {
        started = System.nanoTime();
        state = fresh;
        events.progress(new ChatEvent.PromptProgress(0, spec.prompt().length, 0));
    }

    /** {@return from the request to the start} */
    Duration queueTime() {
        return Duration.ofNanos(started - submitted);
    }

    /** {@return the next ids as a run; the last part asks for logits} */
    Run run(int tokens) {
        SequenceState open = state;
        if (open == null) {
            throw new IllegalStateException("the generation has not begun or has ended");
        }
        int to = readingDone + tokens;
        int logitsFrom = to == readingSize ? to - 1 : to;
        return new Run(open, reading, readingDone, to, logitsFrom);
    }

    /** Takes the result of a run. */
    void read(int tokens, Logits logits, SamplingScratch scratch) {
        readingDone += tokens;
        if (!promptRead) {
            events.progress(new ChatEvent.PromptProgress(readingDone, readingSize, 0));
        }
        if (readingDone < readingSize) {
            return;
        }
        if (!promptRead) {
            promptRead = true;
            prefilled = System.nanoTime();
            if (begin()) {
                return;
            }
        }
        choose(logits, scratch);
    }

    /** {@return whether the answer begins with forced tokens, so that nothing is chosen yet} */
    private boolean begin() {
        next.clear();
        openingWaits = !opened && !parser.isThinking();
        if (parser.isThinking() && spec.thinkingBudget().orElse(1) == 0) {
            closeThinking();
            forceOpeningIfDue();
            readNext();
            return true;
        }
        return false;
    }

    private void choose(Logits logits, SamplingScratch scratch) {
        int id = sampler.sample(logits, 0, scratch);
        next.clear();
        if (openingWaits && !vocabulary.opensThinking(id)) {
            openingWaits = false;
            forceOpeningIfDue();
        } else {
            openingWaits = false;
            take(id);
            forceWhatIsDue();
        }
        readNext();
    }

    /** Adds a token to the answer, and ends the answer if it is due. */
    private void take(int id) {
        answer.add(id);
        sampler.accept(id);
        lastToken = System.nanoTime();
        firstToken = firstToken == 0 ? lastToken : firstToken;
        boolean wasThinking = parser.isThinking();
        boolean isEnd = vocabulary.isEnd(id);
        if (!isEnd) {
            next.add(id);
            byte[] bytes = vocabulary.visibleBytes(id);
            endsLine = bytes.length == 0 ? endsLine : bytes[bytes.length - 1] == '\n';
            parser.accept(decoder.append(bytes));
            deltas.tokenDone();
        }
        if (wasThinking || parser.isThinking()) {
            thinkingTokens++;
        }
        if (isEnd) {
            finish(FinishReason.STOP, true);
        } else if (parser.error() != null || parser.isStopped()) {
            finish(FinishReason.STOP, false);
        } else if (answer.size() == spec.maxTokens()) {
            finish(FinishReason.LENGTH, false);
        }
    }

    private void forceWhatIsDue() {
        if (ended) {
            return;
        }
        if (repetition.isDue(answer.size())
                && repetition.detect(answer.array(), answer.size()).isPresent()) {
            if (!parser.isThinking() || repetitionClosed) {
                finish(FinishReason.REPETITION, false);
                return;
            }
            repetitionClosed = true;
            closeThinking();
        } else if (parser.isThinking()
                && spec.thinkingBudget().isPresent()
                && thinkingTokens >= spec.thinkingBudget().getAsInt()) {
            closeThinking();
        }
        forceOpeningIfDue();
    }

    /** All tokens that are forced for it count as thinking. */
    private void closeThinking() {
        int others = answer.size() - thinkingTokens;
        force(vocabulary.closingOfThinking(!endsLine));
        thinkingTokens = answer.size() - others;
    }

    private void forceOpeningIfDue() {
        if (opened || ended || openingWaits || parser.isThinking()) {
            return;
        }
        opened = true;
        if (parser.justClosedThinking()) {
            force(vocabulary.behindThinking());
        }
        force(spec.forcedOpening());
    }

    private void force(int[] ids) {
        for (int i = 0; i < ids.length && !ended; i++) {
            take(ids[i]);
        }
    }

    private void readNext() {
        if (!ended) {
            reading = next.array();
            readingSize = next.size();
            readingDone = 0;
        }
    }

    /** Ends with what there is: cancelled. */
    void cancel() {
        finish(FinishReason.CANCELLED, false);
    }

    private void finish(FinishReason reason, boolean byEndToken) {
        try {
            parser.accept(decoder.flush());
            parser.finish(byEndToken);
            LongspanException fault = parser.error();
            if (fault != null) {
                fail(fault);
                return;
            }
            deltas.end();
            boolean calls = reason == FinishReason.STOP && parser.callCount() > 0;
            FinishReason told = calls ? FinishReason.TOOL_CALLS : reason;
            ChatEvent last = new ChatEvent.Completed(response(told));
            if (!ended) {
                finishReason = told;
                end(last, told.name());
            }
        } catch (RuntimeException | OutOfMemoryError e) {
            fail(new GenerationException("the answer could not be finished: " + e, e));
        }
    }

    /** Ends without an answer. */
    void fail(LongspanException reason) {
        if (ended) {
            return;
        }
        error = reason;
        try {
            deltas.flush();
        } catch (RuntimeException | OutOfMemoryError e) {
            LOG.error("the last text of a failed answer was lost", e);
        }
        end(new ChatEvent.Failed(reason), reason.getClass().getSimpleName());
    }

    /** The reader gets the end whatever becomes of the state. */
    private void end(ChatEvent last, String outcome) {
        ended = true;
        endedAt = System.nanoTime();
        recorded.finish(outcome, usage());
        SequenceState open = state;
        state = null;
        try {
            if (open != null) {
                open.close();
            }
        } catch (RuntimeException | Error e) {
            LOG.error("a state could not be closed", e);
        } finally {
            events.end(last);
        }
    }

    private ChatResponse response(FinishReason reason) {
        ChatMessage.AssistantMessage message =
                new ChatMessage.AssistantMessage(deltas.text(), deltas.thinking(), deltas.calls());
        return new ChatResponse(message, reason, usage(), timing());
    }

    /** {@return the tokens so far} */
    TokenUsage usage() {
        return new TokenUsage(spec.prompt().length, answer.size(), thinkingTokens, 0);
    }

    /** {@return the times so far} */
    Timing timing() {
        long now = endedAt == 0 ? System.nanoTime() : endedAt;
        long begun = started == 0 ? now : started;
        long read = prefilled == 0 ? now : prefilled;
        long first = firstToken == 0 ? now : firstToken;
        long last = lastToken == 0 ? read : lastToken;
        double seconds = (last - first) / 1e9;
        double rate = answer.size() > 1 && seconds > 0 ? (answer.size() - 1) / seconds : 0;
        return new Timing(
                Duration.ofNanos(begun - submitted),
                Duration.ofNanos(read - begun),
                Duration.ofNanos(last - read),
                Duration.ofNanos(now - submitted),
                Duration.ofNanos(first - submitted),
                rate);
    }
}
