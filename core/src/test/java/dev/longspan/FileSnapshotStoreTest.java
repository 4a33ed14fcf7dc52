package dev.longspan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class FileSnapshotStoreTest extends SnapshotStoreContract {
    @TempDir
    private Path root;

    @Override
    protected SnapshotStore open() {
        return FileSnapshotStore.open(root.resolve("deep/er/store"));
    }

    @Override
    protected SnapshotStore openAnother() {
        return FileSnapshotStore.open(root.resolve("other"));
    }

    @AfterEach
    void nothingTemporaryRemains() throws IOException {
        for (String folder : List.of("deep/er/store", "other")) {
            if (Files.exists(root.resolve(folder))) {
                try (Stream<Path> entries = Files.list(root.resolve(folder))) {
                    assertThat(entries.map(entry -> entry.getFileName().toString()))
                            .noneMatch(name -> name.startsWith(".tmp"));
                }
            }
        }
    }

    @Test
    void openingAndListingMakesNoFolder() {
        assertThat(open().list()).isEmpty();
        assertThat(root.resolve("deep")).doesNotExist();
    }

    @RepeatedTest(20)
    void manyMayMakeTheStoresFolderAtOnce() {
        IntStream.range(0, 4).parallel().forEach(i -> open().save(SnapshotSamples.draft("s" + i, i)));
        assertThat(open().list()).hasSize(4);
    }

    @Test
    void aFileInPlaceOfTheStoreIsNamed() throws IOException {
        Files.writeString(root.resolve("deep"), "x");
        assertThatThrownBy(() -> open().save(SnapshotSamples.draft("a", 1)))
                .isInstanceOf(SnapshotStoreException.class)
                .hasMessageContaining(root.resolve("deep").toString());
    }

    @Test
    void aFileInThePlaceOfTheFolderIsSaid() throws IOException {
        Path file = Files.writeString(root.resolve("file"), "x");
        SnapshotStore store = FileSnapshotStore.open(file);
        assertThatThrownBy(store::list)
                .isInstanceOf(SnapshotStoreException.class)
                .hasMessageContaining(file + ": cannot be listed: expected a folder, found something else");
        assertThatThrownBy(() -> store.save(SnapshotSamples.draft("a", 1)))
                .isInstanceOf(SnapshotStoreException.class)
                .hasMessageContaining(file + " is there already, and is something else");
        assertThat(file).hasContent("x");
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void aStoreIsNotMadeInAFolderThatCanOnlyBeRead() {
        Path folder = Path.of("/proc/self/task"); // nobody makes a file there, whatever the rights
        assertThat(FileSnapshotStore.open(folder).list()).isNotNull();
        assertThatThrownBy(() -> FileSnapshotStore.make(folder))
                .isInstanceOf(SnapshotStoreException.class)
                .hasMessageStartingWith(folder + ": cannot be used for snapshots: ");
    }

    @Test
    void aStoreThatIsMadeHasItsFolderAtOnce() throws IOException {
        Path folder = root.resolve("made/store");
        assertThat(FileSnapshotStore.make(folder).list()).isEmpty();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)))
                .isEqualTo("rwx------");
        FileSnapshotStore.make(folder).save(SnapshotSamples.draft("a", 1));
        assertThat(FileSnapshotStore.make(folder).list()).hasSize(1);
    }

    @Test
    void aStoreIsNotMadeWhereNoFolderCanBe() throws IOException {
        Path file = Files.writeString(root.resolve("file"), "x");
        for (Path place : List.of(file, file.resolve("deep/er"), Path.of("/dev/null/store"))) {
            assertThatThrownBy(() -> FileSnapshotStore.make(place))
                    .isInstanceOf(SnapshotStoreException.class)
                    .hasMessageStartingWith(place + ": cannot be used for snapshots: ");
        }
        assertThat(file).hasContent("x");
    }

    @Test
    void onlyTheOwnerMayEnterTheStore() throws IOException {
        open().save(SnapshotSamples.draft("a", 1));
        for (String folder : List.of("deep/er/store", "deep/er/store/a")) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root.resolve(folder))))
                    .isEqualTo("rwx------");
        }
    }

    @Test
    void snapshotsAreWhereTheSystemKeepsWhatUsersSave() {
        assertThat(FileSnapshotStore.defaultFolder(Map.of("XDG_DATA_HOME", "/data"), "/home/x"))
                .isEqualTo(Path.of("/data/longspan/snapshots"));
        for (Map<String, String> none :
                List.of(Map.<String, String>of(), Map.of("XDG_DATA_HOME", ""), Map.of("XDG_DATA_HOME", "relative"))) {
            assertThat(FileSnapshotStore.defaultFolder(none, "/home/x"))
                    .isEqualTo(Path.of("/home/x/.local/share/longspan/snapshots"));
        }
    }
}
