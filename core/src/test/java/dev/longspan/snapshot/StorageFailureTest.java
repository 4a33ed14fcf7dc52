package dev.longspan.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.SnapshotDraft;
import dev.longspan.SnapshotInfo;
import dev.longspan.SnapshotPatch;
import dev.longspan.SnapshotReader;
import dev.longspan.SnapshotSamples;
import dev.longspan.SnapshotStore;
import dev.longspan.SnapshotStoreException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whatever operation on files fails, the store tells and stays what it was. */
class StorageFailureTest {
    private static final String FULL = "No space left on device";

    @TempDir
    private Path root;

    private int stores;

    /** What is done to a store that holds {@code old} and {@code other}. */
    enum Work {
        SAVE {
            @Override
            void run(SnapshotStore store, byte[] stream) {
                store.save(SnapshotSamples.draft("new", 3));
            }

            @Override
            boolean isDone(SnapshotStore store) {
                return SnapshotSamples.ids(store.list()).contains("new");
            }
        },
        IMPORT {
            @Override
            void run(SnapshotStore store, byte[] stream) {
                store.importFrom(new ByteArrayInputStream(stream));
            }

            @Override
            boolean isDone(SnapshotStore store) {
                return SnapshotSamples.ids(store.list()).contains("new");
            }
        },
        UPDATE {
            @Override
            void run(SnapshotStore store, byte[] stream) {
                store.update("old", SnapshotPatch.keepAll().title("changed"));
            }

            @Override
            boolean isDone(SnapshotStore store) {
                return "changed".equals(store.info("old").label().title());
            }
        },
        DELETE {
            @Override
            void run(SnapshotStore store, byte[] stream) {
                store.delete("other");
            }

            @Override
            boolean isDone(SnapshotStore store) {
                return !SnapshotSamples.ids(store.list()).contains("other");
            }
        };

        abstract void run(SnapshotStore store, byte[] stream);

        abstract boolean isDone(SnapshotStore store);
    }

    private Path newStore() {
        Path folder = root.resolve("store" + stores++);
        SnapshotFolder store = SnapshotFolder.open(folder, new Disk());
        store.save(SnapshotSamples.draft("old", 1));
        store.save(SnapshotSamples.draft("other", 2));
        return folder;
    }

    private byte[] stream() {
        SnapshotFolder elsewhere = SnapshotFolder.open(root.resolve("elsewhere"), new Disk());
        elsewhere.save(SnapshotSamples.draft("new", 3));
        return SnapshotSamples.export(elsewhere, "new");
    }

    /** Fails one operation, or that and all later ones. */
    private static Disk failing(Path folder, int at, boolean forEver) {
        return new WatchedDisk(folder, (number, step) -> {
            if (forEver ? number >= at : number == at) {
                throw new FileSystemException(step, null, FULL);
            }
        });
    }

    @ParameterizedTest
    @EnumSource(Work.class)
    void aFailureOfAnyOneOperationChangesNothing(Work work) {
        failEverywhere(work, false);
    }

    @ParameterizedTest
    @EnumSource(Work.class)
    void aStorageThatFailsFromAnyOperationOnIsWholeWhenItWorksAgain(Work work) {
        failEverywhere(work, true);
    }

    private void failEverywhere(Work work, boolean forEver) {
        byte[] stream = stream();
        List<String> steps = new ArrayList<>();
        Path first = newStore();
        work.run(SnapshotFolder.open(first, WatchedDisk.recording(first, steps)), stream);
        assertThat(steps).hasSizeGreaterThan(20);
        for (int at = 0; at < steps.size(); at++) {
            Path folder = newStore();
            Optional<SnapshotStoreException> fault = attempt(work, failing(folder, at, forEver), folder, stream);

            SnapshotFolder again = SnapshotFolder.open(folder, new Disk());
            String where = work + " failing at " + steps.get(at);
            fault.ifPresent(
                    e -> assertThat(e).as(where).hasMessageContaining(FULL).hasMessageContaining("cannot be"));
            boolean done = work.isDone(again);
            if (fault.isEmpty() || !forEver) {
                assertThat(done).as(where).isEqualTo(fault.isEmpty());
            }
            assertWhole(again, folder, where);
            if (!done) {
                work.run(again, stream);
                assertThat(work.isDone(again)).as(where).isTrue();
            }
        }
    }

    private static Optional<SnapshotStoreException> attempt(Work work, Disk disk, Path folder, byte[] stream) {
        try {
            work.run(SnapshotFolder.open(folder, disk), stream);
            return Optional.empty();
        } catch (SnapshotStoreException e) {
            return Optional.of(e);
        }
    }

    private static void assertWhole(SnapshotFolder store, Path folder, String where) {
        assertThat(SnapshotSamples.ids(store.list())).as(where).contains("old");
        for (SnapshotInfo each : store.list()) {
            assertThat(each.problem()).as(where).isEmpty();
            long seed = each.id().equals("old") ? 1 : each.id().equals("other") ? 2 : 3;
            assertThat(SnapshotSamples.read(store, each.id()).get("state.safetensors"))
                    .as(where)
                    .isEqualTo(SnapshotSamples.content(seed).get("state.safetensors"));
        }
        assertThat(folder.toFile().list((dir, name) -> name.startsWith(".tmp")))
                .as(where)
                .isEmpty();
    }

    @Test
    void aFailureWhileReadingIsNotTakenForDamage() {
        Path folder = newStore();
        List<String> steps = new ArrayList<>();
        openAll(SnapshotFolder.open(folder, WatchedDisk.recording(folder, steps)));
        int opening = 2;
        for (int at = opening; at < steps.size(); at++) {
            Disk disk = failing(folder, at, false);
            SnapshotFolder store = SnapshotFolder.open(folder, disk);
            assertThatThrownBy(() -> openAll(store))
                    .as("failing at %s", steps.get(at))
                    .isInstanceOf(SnapshotStoreException.class)
                    .hasMessageContaining(FULL);
        }
    }

    private static void openAll(SnapshotStore store) {
        try (SnapshotReader reader = store.read("old")) {
            SnapshotDraft.PARTS.forEach(reader::open);
        }
    }

    @Test
    void anErrorSaysWhatFailedAndWhy() {
        Path folder = newStore();
        SnapshotFolder readOnly = SnapshotFolder.open(folder, new WatchedDisk(folder, (number, step) -> {
            if (step.startsWith("create") || step.startsWith("open lock")) {
                throw new AccessDeniedException(step);
            }
        }));
        assertThat(SnapshotSamples.read(readOnly, "old")).hasSize(3);
        assertThatThrownBy(() -> readOnly.save(SnapshotSamples.draft("new", 3)))
                .isInstanceOf(SnapshotStoreException.class)
                .hasMessageContaining(folder.resolve("new").toString())
                .hasMessageContaining("cannot be saved: access is denied");
        assertThatThrownBy(() -> readOnly.delete("old")).hasMessageContaining("cannot be deleted: access is denied");

        SnapshotFolder crowded = SnapshotFolder.open(folder, new WatchedDisk(folder, (number, step) -> {
            if (step.startsWith("open old/tokens")) {
                throw new FileSystemException(step, null, "Too many open files");
            }
        }));
        assertThatThrownBy(() -> crowded.read("old"))
                .isInstanceOf(SnapshotStoreException.class)
                .hasMessageContaining("tokens.bin")
                .hasMessageContaining("Too many open files");
    }

    @Test
    void aStreamThatCannotBeReadOrWrittenIsToldAsSuch() throws IOException {
        Path folder = newStore();
        SnapshotFolder store = SnapshotFolder.open(folder, new Disk());
        assertThatThrownBy(() -> store.exportTo("old", new OutputStream() {
                    @Override
                    public void write(int b) throws IOException {
                        throw new IOException("the reader is gone");
                    }
                }))
                .isInstanceOf(SnapshotStoreException.class)
                .hasMessageContaining("the reader is gone");
        InputStream gone = InputStream.nullInputStream();
        gone.close();
        assertThatThrownBy(() -> store.importFrom(gone))
                .isInstanceOf(SnapshotStoreException.class)
                .hasMessageContaining("Stream closed");
    }

    @Test
    void anInterruptedSaveLeavesNothing() {
        Path folder = newStore();
        SnapshotFolder store = SnapshotFolder.open(folder, new Disk());
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> store.save(SnapshotSamples.draft("new", 3)))
                .isInstanceOf(SnapshotStoreException.class)
                .hasMessageContaining("interrupted");
        assertThat(Thread.interrupted()).isTrue();
        assertWhole(SnapshotFolder.open(folder, new Disk()), folder, "interrupted");
        assertThat(SnapshotSamples.ids(store.list())).containsExactly("other", "old");
    }
}
