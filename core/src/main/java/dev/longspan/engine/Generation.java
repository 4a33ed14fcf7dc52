package dev.longspan.engine;

import dev.longspan.ChatEvent;
import dev.longspan.ChatMessage;
import dev.longspan.ChatResponse;
import dev.longspan.FinishReason;
import dev.longspan.GenerationException;
import dev.longspan.Timing;
import dev.longspan.TokenUsage;
import dev.longspan.output.OutputParser;
import dev.longspan.spi.Logits;
import dev.longspan.spi.LongspanException;
import dev.longspan.spi.Run;
import dev.longspan.spi.SequenceState;
import dev.longspan.tokenizer.IncrementalDecoder;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One answer on its way: queued, then reading its prompt, then decoding, then ended. Used by the engine's thread alone, but
 * for the reader's side of its {@link EventQueue}, which may cancel it.
 */
final class Generation {
    private static final Logger LOG = LoggerFactory.getLogger(Generation.class);
    private static final int NOT_YET = -1;

    private final GenerationSpec spec;
    private final Vocabulary vocabulary;
    private final EventQueue events;
    private final DeltaBuffer deltas;
    private final OutputParser parser;
    private final IncrementalDecoder decoder;
    private final Sampler sampler;
    private final int[] step = new int[1];
    private final long submitted = System.nanoTime();

    private volatile boolean cancelled;
    private @Nullable SequenceState state;
    private int promptDone;
    private int completionTokens;
    private int thinkingTokens;
    private int nextId = NOT_YET;
    private boolean ended;
    private long started;
    private long prefilled;
    private long firstToken;

    Generation(GenerationSpec spec, Vocabulary vocabulary, Runnable wakeEngine) {
        this.spec = spec;
        this.vocabulary = vocabulary;
        this.events = new EventQueue(
                () -> {
                    cancelled = true;
                    wakeEngine.run();
                },
                wakeEngine);
        this.deltas = new DeltaBuffer(events, spec.flushPolicy(), spec.startsThinking());
        this.parser = new OutputParser(spec.startsThinking(), deltas);
        this.decoder = new IncrementalDecoder();
        this.sampler = new Sampler(spec.temperature(), spec.seed());
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

    boolean isReadingPrompt() {
        return promptDone < spec.prompt().length;
    }

    int promptLeft() {
        return spec.prompt().length - promptDone;
    }

    /** Leaves the queue. */
    void start(SequenceState fresh) {
        started = System.nanoTime();
        state = fresh;
        events.progress(new ChatEvent.PromptProgress(0, spec.prompt().length, 0));
    }

    /** {@return the next part of the prompt as a run; the last part asks for logits} */
    Run promptRun(int tokens) {
        int to = promptDone + tokens;
        int logitsFrom = to == spec.prompt().length ? to - 1 : to;
        return new Run(openState(), spec.prompt(), promptDone, to, logitsFrom);
    }

    /** {@return the run that appends the token chosen last} */
    Run decodeRun() {
        step[0] = nextId;
        return Run.last(openState(), step);
    }

    /** Takes the result of a run of the prompt. */
    void promptRead(int tokens, Logits logits) {
        promptDone += tokens;
        events.progress(new ChatEvent.PromptProgress(promptDone, spec.prompt().length, 0));
        if (!isReadingPrompt()) {
            prefilled = System.nanoTime();
            choose(logits);
        }
    }

    /** Takes the logits behind the last token: chooses the next and ends the answer if it is due. */
    void choose(Logits logits) {
        int id = sampler.sample(logits, 0);
        completionTokens++;
        if (firstToken == 0) {
            firstToken = System.nanoTime();
        }
        boolean wasThinking = parser.isThinking();
        if (vocabulary.isEnd(id)) {
            finish(FinishReason.STOP);
        } else {
            nextId = id;
            parser.accept(decoder.append(vocabulary.visibleBytes(id)));
            deltas.tokenDone();
        }
        if (wasThinking || parser.isThinking()) {
            thinkingTokens++;
        }
        if (!ended && completionTokens == spec.maxTokens()) {
            finish(FinishReason.LENGTH);
        }
    }

    /** Ends with what there is. */
    void finish(FinishReason reason) {
        try {
            parser.accept(decoder.flush());
            parser.finish();
            deltas.flush();
            end(new ChatEvent.Completed(response(reason)));
        } catch (RuntimeException | OutOfMemoryError e) {
            fail(new GenerationException("the answer could not be finished: " + e, e));
        }
    }

    /** Ends without an answer. */
    void fail(LongspanException error) {
        try {
            deltas.flush();
        } catch (RuntimeException | OutOfMemoryError e) {
            LOG.error("the last text of a failed answer was lost", e);
        }
        end(new ChatEvent.Failed(error));
    }

    /** The reader gets the end whatever becomes of the state. */
    private void end(ChatEvent last) {
        if (ended) {
            return;
        }
        ended = true;
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

    private SequenceState openState() {
        SequenceState open = state;
        if (open == null) {
            throw new IllegalStateException("the generation has not begun or has ended");
        }
        return open;
    }

    private ChatResponse response(FinishReason reason) {
        long now = System.nanoTime();
        long begun = started == 0 ? now : started;
        long read = prefilled == 0 ? now : prefilled;
        long first = firstToken == 0 ? now : firstToken;
        double seconds = (now - first) / 1e9;
        double rate = completionTokens > 1 && seconds > 0 ? (completionTokens - 1) / seconds : 0;
        Timing timing = new Timing(
                Duration.ofNanos(begun - submitted),
                Duration.ofNanos(read - begun),
                Duration.ofNanos(now - read),
                Duration.ofNanos(now - submitted),
                Duration.ofNanos(first - submitted),
                rate);
        TokenUsage usage =
                new TokenUsage(spec.prompt().length, completionTokens, Math.min(thinkingTokens, completionTokens), 0);
        return new ChatResponse(
                new ChatMessage.AssistantMessage(deltas.text(), deltas.thinking(), List.of()), reason, usage, timing);
    }
}
