package dev.longspan.engine;

import dev.longspan.ChatEvent;
import dev.longspan.ChatMessage;
import dev.longspan.ChatResponse;
import dev.longspan.FinishReason;
import dev.longspan.GenerationException;
import dev.longspan.Timing;
import dev.longspan.TokenUsage;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.Logits;
import dev.longspan.spi.LongspanException;
import dev.longspan.spi.Run;
import dev.longspan.spi.SequenceState;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request on its way: queued, then reading its prompt, then decoding, then committing, then ended. Used by the engine's
 * thread alone, but for the reader's side of its {@link EventQueue}, which may cancel it, and for {@link #planCommit}.
 */
final class Generation {
    private static final Logger LOG = LoggerFactory.getLogger(Generation.class);
    private static final int[] NO_MARKS = {};

    private final GenerationSpec spec;
    private final TurnOwner owner;
    private final EventQueue events;
    private final Answer answer;
    private final GenerationClock clock = new GenerationClock();
    private final RequestEvent recorded = new RequestEvent();

    private volatile boolean cancelled;
    private Phase phase = Phase.QUEUED;
    private @Nullable Feed feed;
    private int reusedTokens;
    /** The checkpoint that it started from, or took last; perhaps closed by now. */
    private @Nullable SharedCheckpoint newest;

    private ChatMessage.@Nullable AssistantMessage message;
    private int commitTokens;
    private @Nullable FinishReason finishReason;
    private @Nullable LongspanException error;

    private volatile boolean returned;
    private boolean planning;
    private final AtomicReference<TurnOwner.@Nullable CommitPlan> planned = new AtomicReference<>();
    private volatile boolean planUnwanted;
    private volatile @Nullable LongspanException planError;

    private enum Phase {
        QUEUED,
        RETURNING,
        PROMPT,
        DECODING,
        PLANNING,
        COMMITTING,
        ENDED
    }

    Generation(
            GenerationSpec spec,
            TurnOwner owner,
            Vocabulary vocabulary,
            Runnable wakeEngine,
            BooleanSupplier onEngine) {
        this.spec = spec;
        this.owner = owner;
        this.events = new EventQueue(
                () -> {
                    cancelled = true;
                    wakeEngine.run();
                },
                wakeEngine,
                onEngine);
        this.answer = new Answer(spec, vocabulary, events, clock);
        recorded.begin();
    }

    EventQueue events() {
        return events;
    }

    GenerationSpec spec() {
        return spec;
    }

    /** {@return whether it is to be ended: what is being committed is not} */
    boolean mustCancel() {
        return cancelled && (phase == Phase.QUEUED || phase == Phase.RETURNING || takesTokens());
    }

    private boolean takesTokens() {
        return phase == Phase.PROMPT || phase == Phase.DECODING;
    }

    boolean hasEnded() {
        return phase == Phase.ENDED;
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

    /** {@return whether it can take part in the next step} */
    boolean canRun() {
        return phase == Phase.COMMITTING || (takesTokens() && events.hasRoom());
    }

    /** {@return whether it waits for its reader, and holds no place in a batch meanwhile} */
    boolean isUnread() {
        return takesTokens() && !events.hasRoom();
    }

    /** {@return for how long its reader has left it waiting, in nanoseconds} */
    long nanosUnread() {
        return takesTokens() ? events.nanosFull() : 0;
    }

    /** {@return whether it takes a share of the prompts' part of a step; else it reads one token} */
    boolean isReading() {
        return phase != Phase.DECODING || openFeed().left() > 1;
    }

    /** {@return how many ids wait to be read} */
    int readingLeft() {
        return openFeed().left();
    }

    private Feed openFeed() {
        Feed open = feed;
        if (open == null) {
            throw new IllegalStateException("the generation has not begun or has ended");
        }
        return open;
    }

    /** {@return how many checkpoints will be kept of it beside its state} */
    int checkpoints() {
        return owner.checkpoints();
    }

    /** {@return how many of its tokens lie in pages that others hold already} */
    int sharedTokens() {
        return owner.sharedTokens(spec.prompt());
    }

    /** {@return whether what it starts from stays where it is from now on} For the first in the queue. */
    boolean claim() {
        return owner.claim();
    }

    /** {@return what must come back from disk before it starts; null if nothing} Once it is claimed. */
    @Nullable
    ParkedSize parked() {
        return owner.parked();
    }

    /** {@return how many bytes it would free by letting go of the state that its turn holds} Once it is claimed. */
    long yieldableBytes() {
        return owner.yieldableBytes();
    }

    /** {@return whether it let go of the state that its turn holds} Once it is claimed. */
    boolean yieldsState() {
        return owner.yieldsState();
    }

    /** Leaves the queue, to start once its state has come back. {@return what brings it back; the engine is woken by the caller} */
    Runnable bringBack() {
        phase = Phase.RETURNING;
        return () -> {
            try {
                owner.bringBack();
            } finally {
                returned = true;
            }
        };
    }

    /** {@return whether its state has come back, so that it is to be started} */
    boolean hasReturned() {
        return phase == Phase.RETURNING && returned;
    }

    /** {@return how many of its tokens come back from disk and are counted there} */
    int returningTokens() {
        return phase == Phase.RETURNING ? sharedTokens() : 0;
    }

    /** {@return the bytes that its state holds at this moment} */
    long stateBytes() {
        Feed open = feed;
        return open == null ? 0 : open.state().bytes();
    }

    /** Begins to read: it leaves the queue, or its state has come back. */
    void start(LanguageModel model) {
        clock.started();
        phase = Phase.PROMPT;
        SharedCheckpoint base = owner.base(spec.prompt());
        try {
            reusedTokens = base == null ? 0 : base.length();
            newest = base;
            int size = spec.prompt().length;
            if (reusedTokens == size && !spec.decodes()) {
                clock.prefilled();
                commit(base == null ? null : base.retain());
                return;
            }
            Feed begun = new Feed(base == null ? model.newState() : model.newState(base.checkpoint()));
            feed = begun;
            begun.set(spec.prompt(), reusedTokens, size, owner.marks());
            events.progress(new ChatEvent.PromptProgress(reusedTokens, size, reusedTokens));
        } finally {
            if (base != null) {
                base.release();
            }
        }
    }

    /** {@return the next ids as a run; the last part of a prompt, and each token behind it, asks for logits} */
    Run run(int tokens) {
        return openFeed().run(tokens, phase != Phase.COMMITTING && spec.decodes());
    }

    /** Takes the result of a run. {@return whether a checkpoint was taken on the way} */
    boolean read(int tokens, Logits logits, SamplingScratch scratch) {
        Feed open = openFeed();
        boolean marked = open.advance(tokens);
        if (marked) {
            SharedCheckpoint taken = new SharedCheckpoint(open.state().checkpoint(), newest);
            newest = taken;
            owner.take(taken);
        }
        if (phase == Phase.PROMPT) {
            events.progress(new ChatEvent.PromptProgress(open.done(), open.size(), reusedTokens));
        }
        if (open.left() == 0) {
            allRead(open, logits, scratch);
        }
        return marked;
    }

    private void allRead(Feed open, Logits logits, SamplingScratch scratch) {
        if (phase == Phase.COMMITTING) {
            commit(new SharedCheckpoint(open.state().checkpoint()));
        } else if (!spec.decodes()
                && mustCancel()) { // during its last step: who has cancelled it wants nothing to change
            cancel();
        } else if (!spec.decodes()) {
            clock.prefilled();
            commit(new SharedCheckpoint(open.state().checkpoint()));
        } else {
            boolean first = phase == Phase.PROMPT;
            if (first) {
                phase = Phase.DECODING;
                clock.prefilled();
            }
            if (!first || !answer.begin()) {
                answer.choose(logits, scratch);
            }
            goOn();
        }
    }

    /** Sets what is read next, or ends the answer. */
    private void goOn() {
        FinishReason end = answer.end();
        LongspanException failure = answer.failure();
        if (failure != null) {
            fail(failure);
        } else if (end != null) {
            finish(end);
        } else {
            openFeed().set(answer.next().array(), 0, answer.next().size(), NO_MARKS);
        }
    }

    /** Ends with what there is: cancelled. */
    void cancel() {
        try {
            answer.cut();
        } catch (Throwable e) {
            fail(new GenerationException("the answer could not be finished: " + e, e));
            return;
        }
        finish(FinishReason.CANCELLED);
    }

    private void finish(FinishReason reason) {
        finishReason = reason;
        ChatMessage.AssistantMessage whole = answer.message();
        message = reason == FinishReason.CANCELLED && events.isClosed() ? events.handedOut(whole) : whole;
        clock.decoded();
        if (feed == null || !owner.commits(reason, message)) {
            abandon();
            end();
        } else {
            phase = Phase.PLANNING;
        }
    }

    /** {@return whether {@link #planCommit} is to be called, and it was not yet} */
    boolean wantsPlan() {
        return phase == Phase.PLANNING && !planning;
    }

    /** {@return the work of planning the commit, for a thread where it may take its time; the engine is woken by the caller} */
    Runnable planCommit() {
        planning = true;
        ChatMessage.AssistantMessage given = message;
        int[] absorbed = absorbed();
        return () -> {
            try {
                if (given != null) {
                    planned.set(owner.plan(given, absorbed));
                }
                if (planUnwanted) {
                    dropPlan();
                }
            } catch (LongspanException e) {
                planError = e;
            } catch (RuntimeException | Error e) {
                planError = new GenerationException("the answer could not be committed: " + e, e);
            }
        };
    }

    /** The prompt, and behind it what the state has read of the answer. */
    private int[] absorbed() {
        int length = openFeed().state().length();
        int[] ids = Arrays.copyOf(spec.prompt(), length);
        int own = length - spec.prompt().length;
        if (own > 0) {
            System.arraycopy(answer.ids().array(), 0, ids, spec.prompt().length, own);
        }
        return ids;
    }

    /** Goes on with the commit once it is planned. */
    void proceed(LanguageModel model) {
        LongspanException fault = planError;
        TurnOwner.CommitPlan ready = planned.get();
        if (phase != Phase.PLANNING || (fault == null && ready == null)) {
            return;
        }
        if (fault != null) {
            finishReason = null;
            fail(fault);
            return;
        }
        if (ready == null) {
            return;
        }
        planned.set(null);
        phase = Phase.COMMITTING;
        SharedCheckpoint base = ready.base();
        try {
            beginCommit(model, ready, base);
        } finally {
            if (base != null) {
                base.release();
            }
        }
    }

    /** Lets go of what a plan that nobody follows starts from. */
    private void dropPlan() {
        TurnOwner.CommitPlan plan = planned.getAndSet(null);
        SharedCheckpoint base = plan == null ? null : plan.base();
        if (base != null) {
            base.release();
        }
    }

    private void beginCommit(LanguageModel model, TurnOwner.CommitPlan ready, @Nullable SharedCheckpoint base) {
        int size = ready.ids().length;
        int from = ready.continues() ? openFeed().state().length() : base == null ? 0 : base.length();
        commitTokens = size - from;
        if (size == from && !ready.continues()) {
            commit(base == null ? null : base.retain());
            return;
        }
        if (!ready.continues()) {
            closeState();
            newest = base;
            feed = new Feed(base == null ? model.newState() : model.newState(base.checkpoint()));
        }
        Feed open = openFeed();
        if (size == from) {
            commit(new SharedCheckpoint(open.state().checkpoint()));
        } else {
            open.set(ready.ids(), from, size, ready.marks());
        }
    }

    private void commit(@Nullable SharedCheckpoint head) {
        owner.committed(head, commitTokens);
        finishReason = finishReason == null ? FinishReason.STOP : finishReason;
        end();
    }

    /** Ends without an answer. */
    void fail(@Nullable LongspanException reason) {
        if (reason == null) {
            return;
        } else if (phase == Phase.ENDED) {
            if (!events.hasEnd()) { // there was no memory for saying how it ended
                events.end(new ChatEvent.Failed(reason));
            }
            return;
        }
        error = reason;
        finishReason = null;
        planUnwanted = true;
        dropPlan();
        try {
            answer.flush();
        } catch (Throwable e) {
            LOG.error("the last text of a failed answer was lost", e);
        }
        abandon();
        end();
    }

    private void abandon() {
        try {
            owner.abandoned();
        } catch (RuntimeException | Error e) {
            LOG.error("a turn could not be taken back in order", e);
        }
    }

    private void closeState() {
        Feed open = feed;
        feed = null;
        if (open != null) {
            SequenceState state = open.state();
            try {
                state.close();
            } catch (RuntimeException | Error e) {
                LOG.error("a state could not be closed", e);
            }
        }
    }

    /** The reader gets the end whatever becomes of the state. */
    private void end() {
        phase = Phase.ENDED;
        closeState();
        clock.ended();
        FinishReason reason = finishReason;
        LongspanException fault = error;
        ChatEvent last = reason != null || fault == null
                ? new ChatEvent.Completed(response(reason == null ? FinishReason.STOP : reason))
                : new ChatEvent.Failed(fault);
        try {
            recorded.finish(
                    fault == null ? String.valueOf(reason) : fault.getClass().getSimpleName(), usage());
        } finally {
            events.end(last);
        }
    }

    private ChatResponse response(FinishReason reason) {
        ChatMessage.AssistantMessage whole = message;
        return new ChatResponse(whole == null ? answer.message() : whole, reason, usage(), timing());
    }

    /** {@return the tokens so far} */
    TokenUsage usage() {
        return new TokenUsage(spec.prompt().length, answer.size(), answer.thinkingTokens(), reusedTokens);
    }

    /** {@return the times so far} */
    Timing timing() {
        return clock.timing(answer.size());
    }
}
