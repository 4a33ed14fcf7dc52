package dev.longspan.session;

import dev.longspan.SnapshotCorruptException;
import dev.longspan.SnapshotStoreException;
import dev.longspan.engine.SharedCheckpoint;
import dev.longspan.snapshot.Disk;
import dev.longspan.snapshot.ProcessLock;
import dev.longspan.snapshot.Sha256;
import dev.longspan.snapshot.StateFile;
import dev.longspan.spi.BackendMemoryException;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LongspanException;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Parks states in files of a folder that belongs to one engine, which locks it. What an earlier engine left there is removed. */
public final class DiskParking implements Parking, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DiskParking.class);
    private static final String SUFFIX = ".parked";

    private final Path folder;
    private final LanguageModel model;
    private final ProcessLock lock;

    /**
     * Opens a folder.
     *
     * @param folder made if it does not exist; only files of parked states are removed from it
     * @param model reads the states
     * @throws SnapshotStoreException if the folder cannot be used, or another engine uses it
     */
    public DiskParking(Path folder, LanguageModel model) {
        this.folder = folder;
        this.model = model;
        try {
            Files.createDirectories(folder);
            lock = locked(folder);
        } catch (IOException e) {
            throw unusable(e);
        }
        try {
            clean();
        } catch (IOException e) {
            letGo();
            throw unusable(e);
        }
    }

    /** What lies in a folder that somebody else uses are states of sessions that live. */
    private static ProcessLock locked(Path folder) throws IOException {
        ProcessLock lock = ProcessLock.tryAcquire(new Disk(), folder);
        if (lock == null) {
            throw new SnapshotStoreException(
                    folder.toString(),
                    "cannot be used for parked sessions: another engine, in this or another process, uses it",
                    null);
        }
        return lock;
    }

    private SnapshotStoreException unusable(IOException fault) {
        return new SnapshotStoreException(folder.toString(), "cannot be used for parked sessions: " + fault, fault);
    }

    private void letGo() {
        try (lock) {
            lock.deleteFiles();
        } catch (IOException e) {
            LOG.warn("the lock of {} cannot be removed: {}", folder, e.toString());
        }
    }

    private void clean() throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + SUFFIX)) {
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
        }
    }

    @Override
    public ParkedState write(String id, List<Kept> kept) {
        List<Checkpoint> checkpoints = new ArrayList<>();
        List<Integer> positions = new ArrayList<>();
        List<Boolean> turnEnds = new ArrayList<>();
        for (Kept each : kept) {
            checkpoints.add(each.checkpoint().checkpoint());
            positions.add(each.position());
            turnEnds.add(each.turnEnd());
        }
        Path file = null;
        try {
            file = Files.createTempFile(folder, "session-", SUFFIX);
            Path target = file;
            String hash = uninterrupted(() -> {
                try (FileChannel channel =
                        FileChannel.open(target, StandardOpenOption.WRITE, StandardOpenOption.READ)) {
                    StateFile.write(checkpoints, channel);
                    return Sha256.of(channel);
                }
            });
            return new ParkedState(file, hash, List.copyOf(positions), List.copyOf(turnEnds));
        } catch (IOException e) {
            delete(file);
            throw new SnapshotStoreException(folder.toString(), "cannot take session '" + id + "': " + e, e);
        } catch (RuntimeException | Error e) {
            delete(file);
            throw e;
        }
    }

    @Override
    public List<Kept> read(ParkedState state) {
        List<Kept> kept = new ArrayList<>();
        try {
            List<Checkpoint> read = uninterrupted(() -> checkpoints(state));
            for (int i = 0; i < read.size(); i++) {
                kept.add(new Kept(
                        new SharedCheckpoint(read.get(i)), state.turnEnds().get(i)));
            }
        } catch (BackendMemoryException e) {
            throw e; // and the file stays
        } catch (IOException | LongspanException e) {
            LOG.warn("a parked state cannot be read and will be computed again: {}", e.toString());
        }
        delete(state);
        return kept;
    }

    private List<Checkpoint> checkpoints(ParkedState state) throws IOException {
        try (FileChannel channel = FileChannel.open(state.file(), StandardOpenOption.READ)) {
            if (!Sha256.of(channel).equals(state.hash())) {
                throw new SnapshotCorruptException("parked", state.file().toString(), "has changed");
            }
            return StateFile.read("parked", channel, model.spec()).load(model);
        }
    }

    private interface FileWork<T> {
        T run() throws IOException;
    }

    /** Does it again if the thread was interrupted, which closes a channel; the thread is interrupted afterwards. */
    private static <T> T uninterrupted(FileWork<T> work) throws IOException {
        boolean interrupted = Thread.interrupted();
        try {
            while (true) {
                try {
                    return work.run();
                } catch (IOException | LongspanException e) {
                    if (!(e instanceof ClosedByInterruptException)
                            && !(e.getCause() instanceof ClosedByInterruptException)) {
                        throw e;
                    }
                    interrupted = true;
                    Thread.interrupted(); // it would close the next channel too
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void delete(ParkedState state) {
        delete(state.file());
    }

    private static void delete(@Nullable Path file) {
        if (file == null) {
            return;
        }
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.warn("a parked state cannot be removed: {}", file, e);
        }
    }

    @Override
    public void close() {
        try {
            clean();
        } catch (IOException e) {
            LOG.warn("parked states cannot be removed: {}", folder, e);
        } finally {
            letGo();
        }
    }
}
