package dev.longspan.session;

import dev.longspan.ContextLengthException;
import dev.longspan.SnapshotCorruptException;
import dev.longspan.SnapshotDraft;
import dev.longspan.SnapshotIncompatibleException;
import dev.longspan.SnapshotInfo;
import dev.longspan.SnapshotLabel;
import dev.longspan.SnapshotReader;
import dev.longspan.SnapshotStore;
import dev.longspan.engine.ParkedSize;
import dev.longspan.engine.Reservation;
import dev.longspan.engine.Scheduler;
import dev.longspan.engine.SharedCheckpoint;
import dev.longspan.snapshot.Fingerprint;
import dev.longspan.snapshot.StateFile;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.LanguageModel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.time.Clock;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** Between sessions and snapshots. Any thread. */
public final class SessionSnapshots {
    private static final String TOKENS = "tokens.bin";
    private static final String STATE = "state.safetensors";
    private static final int PIECE = 1 << 16;

    private final Supplier<SnapshotStore> store;
    private final Supplier<Map<String, String>> fingerprint;
    private final Scheduler scheduler;
    private final LanguageModel model;
    private final String modelName;
    private final int maxContextTokens;
    private final Clock clock;

    /**
     * Makes the way between.
     *
     * @param store where snapshots are kept
     * @param fingerprint what makes a state valid; costly at first
     * @param scheduler has room for them
     * @param model reads states
     * @param modelName the model's name, for people
     * @param maxContextTokens how many tokens a session may have at most
     * @param clock tells when a snapshot is made
     */
    public SessionSnapshots(
            Supplier<SnapshotStore> store,
            Supplier<Map<String, String>> fingerprint,
            Scheduler scheduler,
            LanguageModel model,
            String modelName,
            int maxContextTokens,
            Clock clock) {
        this.store = store;
        this.fingerprint = fingerprint;
        this.scheduler = scheduler;
        this.model = model;
        this.modelName = modelName;
        this.maxContextTokens = maxContextTokens;
        this.clock = clock;
    }

    /** {@return where snapshots are kept} */
    public SnapshotStore store() {
        return store.get();
    }

    /** {@return what makes a state valid} */
    public Map<String, String> fingerprint() {
        return fingerprint.get();
    }

    /**
     * What was read from a snapshot.
     *
     * @param created when the session was opened
     * @param committed its state, held for the caller
     * @param maxTokens how many tokens it may have
     * @param room what was set aside for it, to be closed when it is in a session, or given up
     */
    record Loaded(ZonedDateTime created, Committed committed, int maxTokens, Reservation room) {}

    /** Saves what a session has committed last, in the calling thread, beside whatever it does meanwhile. */
    public SnapshotInfo save(LiveSession session, String id, SnapshotLabel label) {
        SnapshotEvent event = new SnapshotEvent();
        event.begin();
        try (SessionState.Held whole = session.hold()) {
            Committed held = whole.committed();
            List<Checkpoint> checkpoints = new ArrayList<>();
            for (Kept kept : held.portable()) {
                checkpoints.add(kept.checkpoint().checkpoint());
            }
            byte[] transcript =
                    new Transcript(whole.created(), held.sequence(), held.messages(), held.turns()).toJson();
            SnapshotInfo saved = store.get()
                    .save(new SnapshotDraft(
                            id,
                            clock.instant(),
                            label,
                            modelName,
                            fingerprint.get(),
                            held.ids().length,
                            Math.max(whole.maxTokens(), held.ids().length),
                            Map.of(
                                    Transcript.FILE,
                                    target -> write(target, ByteBuffer.wrap(transcript)),
                                    TOKENS,
                                    target -> writeTokens(target, held.ids()),
                                    STATE,
                                    target -> StateFile.write(checkpoints, target))));
            event.finish("save", saved.bytes());
            return saved;
        }
    }

    private static void write(WritableByteChannel target, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            target.write(bytes);
        }
    }

    private static void writeTokens(WritableByteChannel target, int[] ids) throws IOException {
        ByteBuffer piece = ByteBuffer.allocate(PIECE).order(ByteOrder.LITTLE_ENDIAN);
        for (int id : ids) {
            piece.putInt(id);
            if (!piece.hasRemaining()) {
                write(target, piece.flip());
                piece.clear();
            }
        }
        write(target, piece.flip());
    }

    /** Reads a snapshot: everything is verified before anything of it is used. */
    Loaded load(String id) {
        SnapshotEvent event = new SnapshotEvent();
        event.begin();
        Loaded loaded = null;
        try (SnapshotReader reader = store.get().read(id)) {
            loaded = read(id, reader);
            event.finish("load", reader.info().bytes());
            return loaded;
        } catch (RuntimeException | Error e) {
            if (loaded != null) { // and the reader could not be closed
                loaded.committed().release();
                loaded.room().close();
            }
            throw e;
        }
    }

    private Loaded read(String id, SnapshotReader reader) {
        SnapshotInfo info = reader.info();
        List<String> differences = Fingerprint.differences(info.fingerprint(), fingerprint.get());
        if (!differences.isEmpty()) {
            throw new SnapshotIncompatibleException(id, differences);
        }
        Transcript transcript = Transcript.of(id, bytes(id, reader, Transcript.FILE));
        int[] ids = tokens(id, bytes(id, reader, TOKENS));
        if (ids.length > maxContextTokens + SessionContext.CLOSING_TOKENS) {
            throw new ContextLengthException(ids.length, maxContextTokens);
        }
        StateFile file = StateFile.read(id, reader.open(STATE), model.spec());
        List<Integer> positions = file.positions();
        int head = positions.get(positions.size() - 1);
        if (head != ids.length || info.tokens() != ids.length) {
            throw new SnapshotCorruptException(
                    id, TOKENS, "expected " + head + " tokens, as many as the state has, found " + ids.length);
        }
        int maxTokens = Math.min(info.maxTokens(), maxContextTokens);
        Reservation room = scheduler.reservations().reserve(new ParkedSize(head, positions.size()), () -> true);
        try {
            List<Kept> kept = new ArrayList<>();
            for (Checkpoint checkpoint : file.load(model)) {
                SharedCheckpoint shared = new SharedCheckpoint(checkpoint);
                boolean turnEnd = shared.length() == head
                        || transcript.turns().stream().anyMatch(turn -> turn.tokens() == shared.length());
                kept.add(new Kept(shared, turnEnd));
            }
            room.fill();
            Committed committed = new Committed(
                    transcript.sequence(),
                    transcript.messages(),
                    ids,
                    kept,
                    positions,
                    transcript.turns(),
                    Optional.empty());
            return new Loaded(transcript.created(), committed, maxTokens, room);
        } catch (RuntimeException | Error e) {
            room.close();
            throw e;
        }
    }

    private static byte[] bytes(String id, SnapshotReader reader, String part) {
        try {
            SeekableByteChannel channel = reader.open(part);
            ByteBuffer all = ByteBuffer.allocate(Math.toIntExact(channel.size()));
            while (all.hasRemaining()) {
                if (channel.read(all) < 0) {
                    throw new SnapshotCorruptException(id, part, "expected " + all.remaining() + " more bytes");
                }
            }
            return all.array();
        } catch (IOException | ArithmeticException e) {
            throw new SnapshotCorruptException(id, part, "cannot be read: " + e, e);
        }
    }

    private int[] tokens(String id, byte[] bytes) {
        if (bytes.length % Integer.BYTES != 0) {
            throw new SnapshotCorruptException(id, TOKENS, "expected a multiple of 4 bytes, found " + bytes.length);
        }
        int[] ids = new int[bytes.length / Integer.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(ids);
        for (int each : ids) {
            if (each < 0 || each >= model.spec().vocabularySize()) {
                throw new SnapshotCorruptException(id, TOKENS, "expected ids of the vocabulary, found " + each);
            }
        }
        return ids;
    }
}
