package dev.longspan.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.SnapshotInfo;
import dev.longspan.SnapshotPatch;
import dev.longspan.SnapshotSamples;
import dev.longspan.SnapshotStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes that are killed while they work leave whole snapshots or none, and take nothing of others with them. */
class CrashTest {
    private static final List<String> KINDS = List.of("save", "patch", "delete");
    private static final List<String> QUICK_START =
            List.of("-Xmx64m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto");

    @TempDir
    private Path root;

    private Path folder;

    @BeforeEach
    void chooseAFolder() {
        folder = root.resolve("store");
    }

    private SnapshotFolder open() {
        return SnapshotFolder.open(folder, new Disk());
    }

    /** Puts the store into the state in which every trial starts. */
    private void prepare() {
        SnapshotStore store = open();
        for (SnapshotInfo each : store.list()) {
            if (!each.id().equals("kept")) {
                store.delete(each.id());
            }
        }
        if (store.list().isEmpty()) {
            store.save(SnapshotSamples.draft("kept", 1));
        }
        store.save(SnapshotSamples.draft("patched", 2));
        store.save(SnapshotSamples.draft("deleted", 3));
        store.update("patched", SnapshotPatch.keepAll().title("before"));
    }

    private record Trial(String kind, int step) {}

    /** All steps of all kinds of work that change something. */
    private List<Trial> trials() {
        List<Trial> trials = new ArrayList<>();
        for (String kind : KINDS) {
            prepare();
            List<String> steps = new ArrayList<>();
            SnapshotChild.work(SnapshotFolder.open(folder, WatchedDisk.recording(folder, steps)), kind);
            for (String step : WatchedDisk.changing(steps)) {
                trials.add(new Trial(kind, Integer.parseInt(step.substring(0, step.indexOf(' ')))));
            }
        }
        return trials;
    }

    private int killAtEveryStep() throws Exception {
        List<Trial> trials = trials();
        ChildProcess next = start(trials.get(0));
        for (int i = 0; i < trials.size(); i++) {
            ChildProcess child = next;
            if (i + 1 < trials.size()) {
                next = start(trials.get(i + 1));
            }
            killAtStep(trials.get(i).kind(), trials.get(i).step(), child);
        }
        return trials.size();
    }

    private ChildProcess start(Trial trial) throws IOException {
        List<String> options = new ArrayList<>(QUICK_START);
        options.add("-Dlongspan.test.stopAt=" + trial.step());
        return ChildProcess.start(options, SnapshotChild.class, folder.toString(), trial.kind());
    }

    private void killAtStep(String kind, int step, ChildProcess started) throws Exception {
        prepare();
        try (ChildProcess child = started.go()) {
            child.await(1);
            List<String> said = child.kill();
            String where = kind + ", step " + step + ": " + said;
            assertThat(said).as(where).anyMatch(line -> line.startsWith("stopped at") || line.startsWith("did"));
            boolean done = said.contains("did " + kind);
            SnapshotStore store = open();
            Map<String, Long> seeds = new TreeMap<>(Map.of("kept", 1L, "patched", 2L, "deleted", 3L, "new", 4L));
            Set<String> ids = new TreeSet<>(SnapshotSamples.ids(store.list()));
            assertThat(ids).as(where).contains("kept", "patched");
            ids.forEach(id -> assertContent(store, id, seeds.get(id), where));
            if (done) {
                assertThat(ids.contains("new")).as(where).isEqualTo(kind.equals("save"));
                assertThat(ids.contains("deleted")).as(where).isEqualTo(!kind.equals("delete"));
            }
            String title = store.info("patched").label().title();
            assertThat(title).as(where).isIn(kind.equals("patch") ? List.of("before", "after") : List.of("before"));
            if (done && kind.equals("patch")) {
                assertThat(title).as(where).isEqualTo("after");
            }
            assertNoLeftover(where);
        }
    }

    private static void assertContent(SnapshotStore store, String id, long seed, String where) {
        Map<String, byte[]> found = SnapshotSamples.read(store, id);
        SnapshotSamples.content(seed)
                .forEach((name, bytes) ->
                        assertThat(found.get(name)).as(where + ", " + id).isEqualTo(bytes));
    }

    private void assertNoLeftover(String where) {
        assertThat(folder.toFile().list((dir, name) -> name.startsWith(".tmp")))
                .as(where)
                .isEmpty();
        for (String id : SnapshotSamples.ids(open().list())) {
            assertThat(folder.resolve(id).toFile().list())
                    .as(where)
                    .containsExactlyInAnyOrder("manifest.json", "transcript.json", "tokens.bin", "state.safetensors");
        }
    }

    private void killAtRandom(Random random) throws Exception {
        String name = "r" + random.nextInt(1_000_000);
        List<String> said;
        try (ChildProcess child = ChildProcess.start(
                QUICK_START,
                SnapshotChild.class,
                folder.toString(),
                "loop",
                String.valueOf(random.nextInt()),
                name,
                "1000")) {
            child.go().await(1 + random.nextInt(12));
            said = child.kill();
        }
        SnapshotStore store = open();
        Map<String, Long> saved = new TreeMap<>();
        Set<String> patched = new TreeSet<>();
        Set<String> maybeGone = new TreeSet<>();
        Set<String> gone = new TreeSet<>();
        for (String line : said) {
            String[] words = line.split(" ", -1);
            switch (words[0]) {
                case "saved" -> saved.put(words[1], Long.parseLong(words[2]));
                case "patched" -> patched.add(words[1]);
                case "deleting" -> maybeGone.add(words[1]);
                case "deleted" -> gone.add(words[1]);
                default -> throw new AssertionError("the child failed: " + said);
            }
        }
        Set<String> ids = new TreeSet<>(SnapshotSamples.ids(store.list()));
        saved.forEach((id, seed) -> {
            if (ids.contains(id)) {
                assertContent(store, id, seed, said.toString());
                assertThat(gone).doesNotContain(id);
            } else {
                assertThat(maybeGone).as("%s of %s", id, said).contains(id);
            }
        });
        patched.stream()
                .filter(ids::contains)
                .forEach(id -> assertThat(store.info(id).label().title()).isEqualTo(name));
        // and whatever else is there, that of the last moments and of others included
        ids.forEach(id -> assertThat(SnapshotSamples.read(store, id)).hasSize(3));
        assertNoLeftover(said.toString());
    }

    @Test
    void aProcessKilledAtAnyStepLeavesTheStoreWhole() throws Exception {
        assertThat(killAtEveryStep()).isGreaterThanOrEqualTo(50);
    }

    @Test
    void aProcessKilledAtRandomLeavesTheStoreWhole() throws Exception {
        Random random = new Random(11);
        for (int i = 0; i < 8; i++) {
            killAtRandom(random);
        }
    }

    @Test
    @Tag("soak")
    void twoThousandKilledProcessesLeaveTheStoreWhole() throws Exception {
        Random random = new Random(12);
        for (int killed = 0; killed < 2000; ) {
            killed += killAtEveryStep();
            for (int i = 0; i < 60; i++) {
                killAtRandom(random);
                killed++;
            }
        }
    }

    @Test
    void processesAndThreadsOnOneStoreDoNotHarmEachOther() throws Exception {
        open().save(SnapshotSamples.draft("kept", 1));
        try (ChildProcess one = loop("one", 25);
                ChildProcess two = loop("two", 25)) {
            Thread reader = new Thread(() -> {
                for (int i = 0; i < 200; i++) {
                    assertContent(open(), "kept", 1, "beside others");
                }
            });
            List<Throwable> faults = new ArrayList<>();
            reader.setUncaughtExceptionHandler((thread, fault) -> faults.add(fault));
            reader.start();
            assertEnded(one);
            assertEnded(two);
            reader.join();
            assertThat(faults).isEmpty();
        }
        SnapshotStore store = open();
        assertThat(SnapshotSamples.ids(store.list())).contains("kept");
        store.list()
                .forEach(info ->
                        assertThat(SnapshotSamples.read(store, info.id())).hasSize(3));
        assertNoLeftover("two processes");
    }

    private ChildProcess loop(String name, int rounds) throws Exception {
        return ChildProcess.start(
                        QUICK_START,
                        SnapshotChild.class,
                        folder.toString(),
                        "loop",
                        String.valueOf(name.hashCode()),
                        name,
                        String.valueOf(rounds))
                .go();
    }

    private void assertEnded(ChildProcess child) throws Exception {
        List<String> said = child.end();
        assertThat(said).last().isEqualTo("finished");
        assertThat(child.exitValue()).isZero();
        Set<String> expected = new TreeSet<>();
        for (String line : said) {
            String[] words = line.split(" ", -1);
            if (words[0].equals("saved")) {
                expected.add(words[1]);
            } else if (words[0].equals("deleted")) {
                expected.remove(words[1]);
            }
        }
        assertThat(SnapshotSamples.ids(open().list())).containsAll(expected);
    }
}
