package dev.longspan;

import static dev.longspan.SnapshotSamples.CREATED;
import static dev.longspan.SnapshotSamples.content;
import static dev.longspan.SnapshotSamples.draft;
import static dev.longspan.SnapshotSamples.export;
import static dev.longspan.SnapshotSamples.ids;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every {@link SnapshotStore} keeps. A test of a store extends this. */
public abstract class SnapshotStoreContract {
    /** {@return the store under test; every call within one test opens the same storage once more} */
    protected abstract SnapshotStore open();

    /** {@return a store on other, empty storage} */
    protected abstract SnapshotStore openAnother();

    private static void assertContent(SnapshotStore store, String id, long seed) {
        Map<String, byte[]> found = SnapshotSamples.read(store, id);
        assertThat(found.keySet()).containsExactlyElementsOf(SnapshotDraft.PARTS);
        content(seed)
                .forEach((name, bytes) -> assertThat(found.get(name)).as(name).isEqualTo(bytes));
    }

    @Test
    void aNewStoreIsEmpty() {
        assertThat(open().list()).isEmpty();
    }

    @Test
    void whatIsSavedIsReadBackByAnotherStoreOnTheSameStorage() {
        SnapshotInfo saved = open().save(draft("a", 1));
        assertContent(open(), "a", 1);
        assertThat(open().info("a")).isEqualTo(saved);
        assertThat(open().list()).containsExactly(saved);
        assertThat(saved.isBroken()).isFalse();
        assertThat(saved.created()).isEqualTo(CREATED.plusMillis(1));
        assertThat(saved.model()).isEqualTo("a model");
        assertThat(saved.fingerprint()).isEqualTo(Map.of("architecture", "a", "layout", "1"));
        assertThat(saved.tokens()).isEqualTo(100);
        assertThat(saved.maxTokens()).isEqualTo(4096);
        assertThat(saved.files().get("tokens.bin").size()).isEqualTo(400);
        long parts =
                content(1).values().stream().mapToLong(bytes -> bytes.length).sum();
        assertThat(saved.bytes()).isGreaterThan(parts).isLessThan(parts + 4096);
    }

    @Test
    void emptyPartsAreSaved() {
        Map<String, byte[]> empty = new LinkedHashMap<>();
        SnapshotDraft.PARTS.forEach(name -> empty.put(name, new byte[0]));
        open().save(draft("a", CREATED, empty));
        assertThat(SnapshotSamples.read(open(), "a").values()).allMatch(bytes -> bytes.length == 0);
    }

    @Test
    void theNewestIsListedFirst() {
        SnapshotStore store = open();
        for (long seed : new long[] {3, 1, 2}) {
            store.save(draft("s" + seed, seed));
        }
        assertThat(ids(store.list())).containsExactly("s3", "s2", "s1");
    }

    @Test
    void anIdIsTakenOnce() {
        SnapshotStore store = open();
        store.save(draft("a", 1));
        assertThatThrownBy(() -> store.save(draft("a", 2)))
                .isInstanceOf(SnapshotExistsException.class)
                .hasMessageContaining("a");
        assertContent(store, "a", 1);
    }

    @Test
    void ofManyWhoSaveOneIdAtOnceExactlyOneSucceeds() throws Exception {
        List<Object> outcomes = atOnce(8, i -> {
            try {
                return open().save(draft("same", i));
            } catch (SnapshotExistsException e) {
                return e;
            }
        });
        List<SnapshotInfo> saved = outcomes.stream()
                .filter(SnapshotInfo.class::isInstance)
                .map(SnapshotInfo.class::cast)
                .toList();
        assertThat(saved).hasSize(1);
        assertThat(open().info("same")).isEqualTo(saved.get(0));
        assertContent(open(), "same", outcomes.indexOf(saved.get(0)));
    }

    @Test
    void whatIsNotThereIsNotFound() {
        SnapshotStore store = open();
        for (Runnable call : List.<Runnable>of(
                () -> store.info("none"),
                () -> store.read("none"),
                () -> store.update("none", SnapshotPatch.keepAll()),
                () -> store.delete("none"),
                () -> store.exportTo("none", OutputStream.nullOutputStream()))) {
            assertThatThrownBy(call::run)
                    .isInstanceOfSatisfying(
                            SnapshotNotFoundException.class,
                            e -> assertThat(e.id()).isEqualTo("none"));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", ".", "..", "../a", "/etc", "a/b", "a\\b", "-a", "_a", ".a", "a.b", "a b", "a\n", "ä", "a\0"})
    void idsThatAreNoIdsAreRefused(String id) {
        SnapshotStore store = open();
        for (Runnable call : List.<Runnable>of(
                () -> store.save(draft(id, 1)),
                () -> store.info(id),
                () -> store.read(id),
                () -> store.update(id, SnapshotPatch.keepAll()),
                () -> store.delete(id),
                () -> store.exportTo(id, OutputStream.nullOutputStream()))) {
            assertThatThrownBy(call::run)
                    .isInstanceOfSatisfying(
                            InvalidRequestException.class,
                            e -> assertThat(e.field()).isEqualTo("id"));
        }
        assertThat(store.list()).isEmpty();
    }

    @Test
    void anIdMayHave128CharactersAndNoMore() {
        SnapshotStore store = open();
        String longest = "x".repeat(128);
        store.save(draft(longest, 1));
        assertContent(store, longest, 1);
        assertThatThrownBy(() -> store.info(longest + "x")).isInstanceOf(InvalidRequestException.class);
        SnapshotStore other = openAnother();
        other.importFrom(new ByteArrayInputStream(export(store, longest)));
        assertContent(other, longest, 1);
    }

    @Test
    void aPatchChangesWhatItNamesAndNullClears() {
        SnapshotStore store = open();
        SnapshotInfo saved = store.save(draft("a", 1));
        SnapshotPatch all =
                SnapshotPatch.keepAll().title("Tïtle \"1\"\n").description("d").tags(List.of("x", "y"));
        SnapshotInfo patched = store.update("a", all);
        assertThat(patched.label()).isEqualTo(new SnapshotLabel("Tïtle \"1\"\n", "d", List.of("x", "y")));
        assertThat(patched.created()).isEqualTo(saved.created());
        assertThat(patched.files()).isEqualTo(saved.files());
        assertThat(open().info("a")).isEqualTo(patched);

        assertThat(store.update("a", SnapshotPatch.keepAll())).isEqualTo(patched);
        assertThat(store.update("a", SnapshotPatch.keepAll().title("other")).label())
                .isEqualTo(new SnapshotLabel("other", "d", List.of("x", "y")));
        assertThat(store.update("a", SnapshotPatch.keepAll().title(null).tags(null))
                        .label())
                .isEqualTo(new SnapshotLabel(null, "d", List.of()));
        assertThat(store.update("a", SnapshotPatch.keepAll().description(null))).isEqualTo(saved);
        assertContent(open(), "a", 1);
    }

    @Test
    void patchesOfDifferentFieldsAtOnceAreAllKept() throws Exception {
        open().save(draft("a", 1));
        List<SnapshotPatch> patches = List.of(
                SnapshotPatch.keepAll().title("t"),
                SnapshotPatch.keepAll().description("d"),
                SnapshotPatch.keepAll().tags(List.of("x")));
        for (int round = 0; round < 5; round++) {
            open().update(
                            "a",
                            SnapshotPatch.keepAll()
                                    .title(null)
                                    .description(null)
                                    .tags(null));
            atOnce(3, i -> open().update("a", patches.get(i)));
            assertThat(open().info("a").label()).isEqualTo(new SnapshotLabel("t", "d", List.of("x")));
        }
        assertContent(open(), "a", 1);
    }

    @Test
    void whatIsDeletedIsGoneAndItsIdIsFree() {
        SnapshotStore store = open();
        store.save(draft("a", 1));
        store.delete("a");
        assertThat(open().list()).isEmpty();
        assertThatThrownBy(() -> store.read("a")).isInstanceOf(SnapshotNotFoundException.class);
        store.save(draft("a", 2));
        assertContent(store, "a", 2);
    }

    @Test
    void whatWasOpenedStaysReadableWhenItIsDeleted() {
        SnapshotStore store = open();
        store.save(draft("a", 1));
        try (SnapshotReader reader = store.read("a")) {
            store.delete("a");
            assertThat(SnapshotSamples.bytes(reader.open("state.safetensors")))
                    .isEqualTo(content(1).get("state.safetensors"));
        }
    }

    @Test
    void aPartIsAReadOnlyChannelThatCanBeReadFromAnywhere() throws IOException {
        SnapshotStore store = open();
        store.save(draft("a", 1));
        byte[] expected = content(1).get("state.safetensors");
        try (SnapshotReader reader = store.read("a")) {
            SeekableByteChannel first = reader.open("state.safetensors");
            SeekableByteChannel second = reader.open("state.safetensors");
            assertThat(first.size()).isEqualTo(expected.length);
            assertThat(first.position()).isZero();
            ByteBuffer some = ByteBuffer.allocate(10);
            assertThat(first.position(1000).read(some)).isEqualTo(10);
            assertThat(some.array()).isEqualTo(Arrays.copyOfRange(expected, 1000, 1010));
            assertThat(second.position()).isZero();
            assertThat(first.position(expected.length).read(some.clear())).isEqualTo(-1);
            assertThatThrownBy(() -> first.write(ByteBuffer.allocate(1)))
                    .isInstanceOf(NonWritableChannelException.class);
            assertThatThrownBy(() -> reader.open("other")).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"transcript.json", "tokens.bin", "state.safetensors"})
    void aPartThatFailsLeavesNothing(String part) {
        Map<String, PartWriter> parts = new LinkedHashMap<>(draft("a", 1).parts());
        parts.put(part, target -> {
            target.write(ByteBuffer.allocate(100));
            throw new IllegalStateException("no more");
        });
        SnapshotDraft failing = draft("a", CREATED, SnapshotLabel.NONE, parts);
        assertThatThrownBy(() -> open().save(failing)).hasMessageContaining("no more");
        assertThat(open().list()).isEmpty();
        open().save(draft("a", 2));
    }

    @Test
    void anExportedSnapshotIsTheSameElsewhere() {
        SnapshotStore store = open();
        store.save(draft("a", 1));
        SnapshotInfo labelled = store.update("a", SnapshotPatch.keepAll().title("ü"));
        byte[] stream = export(store, "a");
        SnapshotStore other = openAnother();
        ByteArrayInputStream source = new ByteArrayInputStream(stream);
        assertThat(other.importFrom(source)).isEqualTo(labelled);
        assertThat(source.available()).isZero();
        assertContent(other, "a", 1);
        assertThat(export(other, "a")).isEqualTo(stream);
        assertThatThrownBy(() -> other.importFrom(new ByteArrayInputStream(stream)))
                .isInstanceOf(SnapshotExistsException.class);
    }

    @Test
    void aStreamThatEndsEarlyLeavesNothing() {
        SnapshotStore store = open();
        store.save(draft("a", 1));
        byte[] stream = export(store, "a");
        SnapshotStore other = openAnother();
        IntStream.concat(IntStream.range(0, 40).map(i -> i * stream.length / 40), IntStream.of(stream.length - 1))
                .forEach(length -> assertThatThrownBy(
                                () -> other.importFrom(new ByteArrayInputStream(Arrays.copyOf(stream, length))))
                        .isInstanceOf(SnapshotCorruptException.class));
        assertThat(other.list()).isEmpty();
    }

    @Test
    void aStreamOfWhichOneByteIsAnotherIsRefusedOrMeansTheSame() {
        SnapshotStore store = open();
        store.save(draft("a", 1));
        byte[] stream = export(store, "a");
        SnapshotStore other = openAnother();
        int accepted = 0;
        for (int at = 0; at < stream.length; at += at < 3000 ? 7 : 211) {
            byte[] changed = stream.clone();
            changed[at] ^= 0x20;
            try {
                other.importFrom(new ByteArrayInputStream(changed));
            } catch (SnapshotCorruptException e) {
                continue;
            }
            // a tar header has bytes that say nothing
            assertThat(export(other, "a")).as("byte %d", at).isEqualTo(stream);
            other.delete("a");
            accepted++;
        }
        assertThat(accepted).isLessThan(10);
        assertThat(other.list()).isEmpty();
    }

    private interface Task {
        Object run(int number);
    }

    private static List<Object> atOnce(int count, Task task) throws InterruptedException, ExecutionException {
        ExecutorService pool = Executors.newFixedThreadPool(count);
        try {
            List<Future<Object>> futures = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                int number = i;
                futures.add(pool.submit(() -> task.run(number)));
            }
            List<Object> results = new ArrayList<>();
            for (Future<Object> each : futures) {
                results.add(each.get());
            }
            return results;
        } finally {
            pool.shutdownNow();
        }
    }
}
