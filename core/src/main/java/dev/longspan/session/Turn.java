package dev.longspan.session;

import dev.longspan.ChatMessage;
import dev.longspan.ChatStream;
import dev.longspan.FinishReason;
import dev.longspan.SessionClosedException;
import dev.longspan.TurnInfo;
import dev.longspan.TurnInfo.ReuseEnd;
import dev.longspan.TurnOptions;
import dev.longspan.engine.ParkedSize;
import dev.longspan.engine.SharedCheckpoint;
import dev.longspan.engine.TurnOwner;
import dev.longspan.prompt.CommonPrefix;
import dev.longspan.prompt.RenderSettings;
import dev.longspan.spi.BackendMemoryException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One turn of a session: from what was committed before to what is committed after, or back. The state's ids are compared with
 * those that the template makes; nothing is counted.
 */
final class Turn implements TurnOwner {
    private static final Logger LOG = LoggerFactory.getLogger(Turn.class);
    /** The head, and those around the last message of a user. */
    private static final int KEPT = 3;

    private final LiveSession session;
    /** Its checkpoints are known once the turn is claimed and its state is there. */
    private Committed before;

    private final List<ChatMessage> messages;
    private final RenderSettings settings;
    private final TurnOptions options;
    private final int[] prompt;
    private final int matching;
    private final int lastUser;
    /** Used by the engine's thread, and by the one that plans the commit while the engine's does not. */
    private final List<SharedCheckpoint> taken = new ArrayList<>();

    private final ReentrantLock ending = new ReentrantLock();
    private boolean ended;
    private final boolean wantsLogits;
    private final boolean restores;

    private int reused;
    /** How many of the tokens after it lie in pages that the session had before it. */
    private int inherited;
    /** The checkpoint of the cache in whose pages its state goes on. */
    private @Nullable SharedCheckpoint origin;

    private volatile @Nullable ChatStream stream;
    private final TurnEvent recorded = new TurnEvent();

    // what the turn leaves behind: as it was asked, until the answer is known
    private List<ChatMessage> messagesAfter;
    private int[] idsAfter;
    private int[] marks;

    /**
     * Begins a turn.
     *
     * @param messages the whole conversation, the new messages included
     * @param prompt what is read
     */
    Turn(
            LiveSession session,
            Committed before,
            List<ChatMessage> messages,
            RenderSettings settings,
            TurnOptions options,
            int[] prompt,
            Kind kind) {
        recorded.begin();
        this.session = session;
        this.before = before;
        this.messages = List.copyOf(messages);
        this.settings = settings;
        this.options = options;
        this.prompt = prompt;
        this.wantsLogits = kind == Kind.ANSWERS;
        this.restores = kind == Kind.RESTORES;
        this.matching = CommonPrefix.length(before.ids(), prompt);
        this.lastUser = lastUser(this.messages);
        this.messagesAfter = this.messages;
        this.idsAfter = prompt;
        this.marks = marks(prompt);
    }

    /** What a turn is for. */
    enum Kind {
        /** Answers. */
        ANSWERS,
        /** Changes the history without an answer. */
        READS,
        /** Computes a state again; the history stays as it is, and so does the sequence. */
        RESTORES
    }

    /** Notes the stream of the turn. */
    void begun(ChatStream of) {
        stream = of;
        cancelIfClosing();
    }

    /** Cancels the turn of a session that is being closed, now or when it begins. */
    void cancelIfClosing() {
        ChatStream of = stream;
        if (of != null && session.isClosing()) {
            of.cancel();
        }
    }

    private static int lastUser(List<ChatMessage> messages) {
        int last = messages.size() - 1;
        while (last >= 0 && !(messages.get(last) instanceof ChatMessage.UserMessage)) {
            last--;
        }
        return last;
    }

    @Override
    public boolean claim() {
        return session.state().claim();
    }

    @Override
    public @Nullable ParkedSize parked() {
        return session.state().parkedSize();
    }

    @Override
    public void bringBack() {
        try {
            session.state().bringBack();
        } catch (BackendMemoryException e) {
            LOG.info(
                    "there is no memory for the state of session '{}', which is computed again: {}",
                    session.id(),
                    e.toString());
        }
    }

    @Override
    public long yieldableBytes() {
        return session.state().exclusiveBytes();
    }

    @Override
    public boolean yieldsState() {
        return session.state().forget();
    }

    @Override
    public @Nullable SharedCheckpoint base(int[] ids) {
        before = session.committed();
        SharedCheckpoint own = before.newest(mostOwn());
        SharedCheckpoint cached = session.cached(ids, Math.min(ids.length - 1, mostCached()));
        if (cached != null && (own == null || cached.length() > own.length())) {
            taken.add(cached.retain()); // a commit may have to go back to it
            reused = cached.length();
            origin = cached;
            return cached.retain();
        }
        reused = own == null ? 0 : own.length();
        inherited = reused;
        return own == null ? null : own.retain();
    }

    private int mostOwn() {
        return wantsLogits ? Math.min(matching, prompt.length - 1) : matching;
    }

    /**
     * How much of a prompt a cached checkpoint may hold: no more than up to a place where this turn wants one of its own, so that
     * none of those around the last message of a user is missed.
     */
    private int mostCached() {
        if (marks.length == 0) {
            return Integer.MAX_VALUE;
        }
        SharedCheckpoint there = before.newest(Math.min(marks[0], matching));
        boolean hasFirst = marks[0] == 0 || (there != null && there.length() == marks[0]);
        return hasFirst ? marks[1] : marks[0];
    }

    @Override
    public int sharedTokens(int[] ids) {
        return session.state().heldTokens(mostOwn());
    }

    @Override
    public int checkpoints() {
        return KEPT;
    }

    @Override
    public int[] marks() {
        return marks;
    }

    /** Where the last message of a user begins and ends, ascending; nothing if there is none. */
    private int[] marks(int[] ids) {
        return lastUser < 0
                ? new int[0]
                : IntStream.of(boundary(lastUser, ids), boundary(lastUser + 1, ids))
                        .sorted()
                        .toArray();
    }

    private int boundary(int count, int[] ids) {
        return session.boundary(messages.subList(0, count), settings, ids);
    }

    @Override
    public void take(SharedCheckpoint checkpoint) {
        taken.add(checkpoint);
    }

    @Override
    public boolean commits(FinishReason reason, ChatMessage.AssistantMessage message) {
        if (reason != FinishReason.CANCELLED) {
            return !session.isClosing();
        }
        boolean empty = message.text().isEmpty() && message.toolCalls().isEmpty();
        return options.cancelled() == TurnOptions.Cancelled.KEEP && !empty && !session.isClosing();
    }

    /**
     * Says what the state must hold once the answer is in the history.
     *
     * @param ids those ids
     * @param base where to start from again; null to start empty, or if the answer's state goes on
     * @param continues whether the answer's state goes on
     * @param marks where checkpoints are wanted
     */
    @SuppressWarnings("ArrayRecordComponent") // lives between here and the engine, and the arrays are never written to
    private record Plan(int[] ids, @Nullable SharedCheckpoint base, boolean continues, int[] marks)
            implements CommitPlan {}

    @Override
    public CommitPlan plan(ChatMessage.AssistantMessage message, int[] absorbed) {
        List<ChatMessage> history = new ArrayList<>(messages);
        history.add(settings.keepThinking() ? message : message.withoutThinking());
        int[] ids = session.history(history, settings);
        session.requireRoomFor(ids.length, before.ids().length);
        messagesAfter = List.copyOf(history);
        idsAfter = ids;
        marks = marks(ids);
        int common = CommonPrefix.length(absorbed, ids);
        ending.lock();
        try {
            if (ended) {
                throw new SessionClosedException(session.id());
            }
            List<SharedCheckpoint> invalid =
                    taken.stream().filter(each -> each.length() > common).toList();
            taken.removeAll(invalid);
            invalid.forEach(SharedCheckpoint::release);
            if (common == absorbed.length) {
                return new Plan(ids, null, true, marks);
            }
            SharedCheckpoint newest = before.newest(CommonPrefix.length(before.ids(), ids));
            SharedCheckpoint own = newest;
            for (SharedCheckpoint each : taken) {
                newest = newest == null || each.length() > newest.length() ? each : newest;
            }
            if (newest == own) { // not a state of this turn, but one from before
                inherited = own == null ? 0 : own.length();
                origin = null;
            }
            return new Plan(ids, newest == null ? null : newest.retain(), false, marks);
        } finally {
            ending.unlock();
        }
    }

    @Override
    public void committed(@Nullable SharedCheckpoint head, int computed) {
        List<Kept> candidates = new ArrayList<>();
        int valid = CommonPrefix.length(before.ids(), idsAfter);
        for (Kept each : before.kept()) {
            if (each.position() <= valid) {
                candidates.add(new Kept(each.checkpoint().retain(), each.turnEnd()));
            }
        }
        taken.forEach(each -> candidates.add(new Kept(each, false)));
        taken.clear();
        if (head != null) {
            candidates.add(new Kept(head, true));
        }
        List<Kept> kept = KeepRule.choose(
                candidates, idsAfter.length, marks.length == 0 ? 0 : marks[0], marks.length == 0 ? 0 : marks[1]);
        List<Kept> unseen = new ArrayList<>(kept);
        List<SharedCheckpoint> dropped = new ArrayList<>();
        for (Kept each : candidates) {
            if (!unseen.remove(each)) {
                dropped.add(each.checkpoint());
            }
        }
        TurnInfo info = new TurnInfo(matching, reused, reuseEnd(), prompt.length - reused, computed);
        session.state().commit(restores ? before.withKept(kept) : after(kept, info), inherited, origin);
        session.takeBack(this, dropped);
        recorded.finish(session.id(), info);
    }

    private Committed after(List<Kept> kept, TurnInfo info) {
        List<Committed.TurnRecord> turns = new ArrayList<>(before.turns());
        turns.removeIf(turn -> turn.messages() >= messagesAfter.size());
        turns.add(new Committed.TurnRecord(messagesAfter.size(), idsAfter.length, settings));
        List<Integer> around = IntStream.of(marks).boxed().toList();
        return new Committed(before.sequence() + 1, messagesAfter, idsAfter, kept, around, turns, Optional.of(info));
    }

    private ReuseEnd reuseEnd() {
        if (before.ids().length == 0) {
            return ReuseEnd.EMPTY;
        } else if (matching == before.ids().length) {
            return ReuseEnd.ALL_HELD;
        }
        return matching == prompt.length ? ReuseEnd.PROMPT_ENDED : ReuseEnd.TOKENS_DIFFER;
    }

    @Override
    public void abandoned() {
        List<SharedCheckpoint> dropped;
        ending.lock();
        try {
            ended = true;
            dropped = new ArrayList<>(taken);
            taken.clear();
        } finally {
            ending.unlock();
        }
        session.takeBack(this, dropped);
    }
}
