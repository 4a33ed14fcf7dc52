package dev.longspan.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.SnapshotCorruptException;
import dev.longspan.SnapshotDraft;
import dev.longspan.SnapshotFile;
import dev.longspan.SnapshotInfo;
import dev.longspan.SnapshotPatch;
import dev.longspan.SnapshotReader;
import dev.longspan.SnapshotSamples;
import dev.longspan.spi.LongspanException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever is done to a snapshot on disk is found, and the error names the file. */
class SnapshotCorruptionTest {
    private static final String MANIFEST = "manifest.json";
    private static final String STATE = "state.safetensors";

    @TempDir
    private Path root;

    private Path folder;
    private SnapshotFolder store;

    @BeforeEach
    void saveOne() {
        folder = root.resolve("store/a");
        store = SnapshotFolder.open(root.resolve("store"), new Disk());
        store.save(SnapshotSamples.draft("a", 1));
    }

    /** Reads all of the snapshot, which must fail, and gives the name of the file at fault. */
    private String fault() {
        try {
            SnapshotSamples.read(store, "a");
        } catch (SnapshotCorruptException e) {
            assertThat(e.id()).isEqualTo("a");
            assertThat(e).hasMessageContaining("a: " + e.file()).hasMessageContaining("expected");
            return e.file();
        }
        throw new AssertionError("expected a snapshot that cannot be read");
    }

    private void assertFlipIsFound(RandomAccessFile file, String name, long at, int bit) throws IOException {
        file.seek(at);
        int old = file.read();
        file.seek(at);
        file.write(old ^ bit);
        assertThat(fault()).as("%s, byte %d, bit %d", name, at, bit).isEqualTo(name);
        file.seek(at);
        file.write(old);
    }

    @ParameterizedTest
    @ValueSource(strings = {MANIFEST, "transcript.json", "tokens.bin"})
    void everyFlippedBitOfTheSmallFilesIsFound(String name) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve(name).toFile(), "rw")) {
            for (long at = 0; at < file.length(); at++) {
                assertFlipIsFound(file, name, at, 1 << (at % 8));
                assertFlipIsFound(file, name, at, 0x20);
            }
        }
        assertThat(SnapshotSamples.read(store, "a")).hasSize(3);
    }

    @Test
    void aThousandFlippedBitsOfTheStateAreFound() throws IOException {
        Random random = new Random(5);
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve(STATE).toFile(), "rw")) {
            for (int i = 0; i < 1000; i++) {
                assertFlipIsFound(file, STATE, random.nextInt((int) file.length()), 1 << random.nextInt(8));
            }
        }
    }

    @Test
    void twoHundredTruncationsAreFound() throws IOException {
        Random random = new Random(6);
        List<String> names = List.of(MANIFEST, "transcript.json", "tokens.bin", STATE);
        for (int i = 0; i < 200; i++) {
            String name = names.get(i % 4);
            byte[] whole = Files.readAllBytes(folder.resolve(name));
            Files.write(folder.resolve(name), Arrays.copyOf(whole, random.nextInt(whole.length)));
            assertThat(fault()).isEqualTo(name);
            assertThat(store.list().get(0).problem())
                    .hasValueSatisfying(p -> assertThat(p).contains(name));
            Files.write(folder.resolve(name), Arrays.copyOf(whole, whole.length + 1 + random.nextInt(10)));
            assertThat(fault()).isEqualTo(name);
            Files.write(folder.resolve(name), whole);
        }
    }

    @Test
    void fiftySwappedFilesAreFound() throws IOException {
        List<String> names = new ArrayList<>(SnapshotDraft.PARTS);
        names.add(MANIFEST);
        for (int i = 0; i < 50; i++) {
            // seeds of the same size, so that only the content tells
            long seed = 1001 + 1000L * i;
            store.save(SnapshotSamples.draft("b" + i, seed));
            String name = names.get(i % 4);
            Path other = root.resolve("store/b" + i).resolve(name);
            byte[] own = Files.readAllBytes(folder.resolve(name));
            Files.write(folder.resolve(name), Files.readAllBytes(other));
            assertThat(fault()).isEqualTo(name);
            Files.write(folder.resolve(name), own);
        }
        for (String name : SnapshotDraft.PARTS) {
            for (String other : SnapshotDraft.PARTS) {
                if (!name.equals(other)) {
                    byte[] own = Files.readAllBytes(folder.resolve(name));
                    Files.write(folder.resolve(name), Files.readAllBytes(folder.resolve(other)));
                    assertThat(fault()).isEqualTo(name);
                    Files.write(folder.resolve(name), own);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {MANIFEST, "transcript.json", "tokens.bin", STATE})
    void aLinkAFolderAndAMissingFileAreNotRead(String name) throws IOException {
        Path file = folder.resolve(name);
        Path outside = root.resolve("outside");
        Files.move(file, outside);
        assertThat(fault()).isEqualTo(name);
        assertBroken("found none");

        Files.createSymbolicLink(file, outside);
        assertThat(fault()).isEqualTo(name);
        assertBroken("symbolic link");
        Files.delete(file);

        Files.createDirectory(file);
        assertThat(fault()).isEqualTo(name);
        assertBroken("folder");

        store.delete("a");
        assertThat(store.list()).isEmpty();
        assertThat(outside).exists();
    }

    private void assertBroken(String problem) {
        assertThat(store.list())
                .singleElement()
                .satisfies(info -> assertThat(info.problem())
                        .hasValueSatisfying(p -> assertThat(p).contains(problem)));
        assertThat(store.info("a").isBroken()).isTrue();
    }

    @Test
    void aLinkInPlaceOfASnapshotIsShownAsBrokenAndOnlyTheLinkIsDeleted() throws IOException {
        Path target = root.resolve("target");
        Files.move(folder, target);
        Files.createSymbolicLink(folder, target);
        assertThat(fault()).isEmpty();
        assertBroken("symbolic link");
        assertThatThrownBy(() -> store.update("a", SnapshotPatch.keepAll().title("x")))
                .isInstanceOf(SnapshotCorruptException.class);
        assertThatThrownBy(() -> store.exportTo("a", OutputStream.nullOutputStream()))
                .isInstanceOf(SnapshotCorruptException.class);
        store.delete("a");
        assertThat(store.list()).isEmpty();
        assertThat(target.resolve(MANIFEST)).exists();
    }

    @Test
    void entriesThatAreNoSnapshotsAreShownAndDeleted() throws IOException {
        Path store = root.resolve("store");
        Files.writeString(store.resolve("file"), "x");
        Files.createDirectories(store.resolve("empty"));
        Files.createDirectories(store.resolve("deep/er/and/er"));
        Path outside = Files.writeString(root.resolve("outside"), "x");
        Files.createSymbolicLink(store.resolve("deep/er/link"), root);
        Files.writeString(store.resolve("no.id"), "x");
        List<SnapshotInfo> list = this.store.list();
        assertThat(list).extracting(SnapshotInfo::id).containsExactlyInAnyOrder("a", "file", "empty", "deep");
        for (SnapshotInfo each : list) {
            assertThat(each.isBroken()).isEqualTo(!each.id().equals("a"));
            this.store.delete(each.id());
        }
        assertThat(this.store.list()).isEmpty();
        assertThat(outside).exists();
        assertThat(store.resolve("no.id")).exists();
    }

    @Test
    void anExportOfWhatIsBrokenFailsAndCannotBeImported() throws IOException {
        byte[] state = Files.readAllBytes(folder.resolve(STATE));
        state[state.length - 1] ^= 1;
        Files.write(folder.resolve(STATE), state);
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        assertThatThrownBy(() -> store.exportTo("a", stream))
                .isInstanceOfSatisfying(
                        SnapshotCorruptException.class,
                        e -> assertThat(e.file()).isEqualTo(STATE));
        SnapshotFolder other = SnapshotFolder.open(root.resolve("other"), new Disk());
        assertThatThrownBy(() -> other.importFrom(new ByteArrayInputStream(stream.toByteArray())))
                .isInstanceOf(SnapshotCorruptException.class);
        assertThat(other.list()).isEmpty();
    }

    /** A manifest changed by somebody who knows how to hash. */
    private void rewrite(UnaryOperator<String> change) throws IOException {
        String text = Files.readString(folder.resolve(MANIFEST));
        String body = change.apply(text.substring(0, text.lastIndexOf("\"sha256\"")));
        byte[] start = body.getBytes(StandardCharsets.UTF_8);
        Files.writeString(folder.resolve(MANIFEST), body + "\"sha256\":\"" + Sha256.of(start, start.length) + "\"}\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"schema_version\":1 | \"schema_version\":2 | schema_version",
                "\"id\":\"a\" | \"id\":\"b\" | id",
                "\"id\":\"a\" | \"id\":\"../a\" | id",
                "\"id\":\"a\" | \"id\":1 | id",
                "\"created\": | \"created\":- | created",
                "\"created\": | \"created\":99999999999 | created",
                "\"tokens\":100 | \"tokens\":-1 | tokens",
                "\"tokens\":100 | \"tokens\":5000 | max_tokens",
                "\"tokens\":100 | \"tokens\":\"100\" | tokens",
                "tokens.bin | ../tokens.bin | files",
                "tokens.bin | /etc/passwd | files",
                "transcript.json | manifest.json | files",
                "\"size\":400 | \"size\":-400 | files",
                "\"size\":400 | \"size\":4e2 | files",
                "\"size\":400 | \"size\":9223372036854775807 | files",
                "\"size\":400, | \"size\":400,\"mode\":1, | files",
                "\"tags\":[] | \"tags\":[1] | tags",
                "\"tags\":[] | \"tags\":[\"x\",\"x\"] | tags",
                "\"tags\":[] | \"tags\":null | tags",
                "\"title\":null | \"title\":1 | title",
                "\"model\":\"a model\" | \"model\":null | model",
                "\"model\":\"a model\" | \"model\":\"a model\",\"extra\":1 | extra",
                "\"model\":\"a model\" | \"model\":\"a model\",\"model\":\"a model\" | model",
                "\"layout\":\"1\" | \"layout\":1 | fingerprint",
            })
    void aManifestThatIsRightlyHashedAndWrongIsRefused(String part, String instead, String named) throws IOException {
        rewrite(text -> {
            assertThat(text).contains(part);
            return text.replace(part, instead);
        });
        assertThat(fault()).isEqualTo(MANIFEST);
        assertThat(store.info("a").problem())
                .hasValueSatisfying(p -> assertThat(p).contains(named));
    }

    @Test
    void aLyingSizeOrHashIsFoundAtItsFile() throws IOException {
        rewrite(text -> text.replace("\"size\":400", "\"size\":399"));
        assertThat(fault()).isEqualTo("tokens.bin");
        rewrite(text -> text.replace("\"size\":399", "\"size\":1000000000000"));
        assertThat(fault()).isEqualTo("tokens.bin");
    }

    @Test
    void deepAndHugeManifestsAreRefused() throws IOException {
        String deep = "[".repeat(100_000) + "]".repeat(100_000);
        rewrite(text -> text.replace("\"tags\":[]", "\"tags\":" + deep));
        assertThat(fault()).isEqualTo(MANIFEST);
        rewrite(text -> text.replace(deep, "[\"" + "x".repeat(2_000_000) + "\"]"));
        assertThat(fault()).isEqualTo(MANIFEST);
        Files.writeString(folder.resolve(MANIFEST), "");
        assertThat(fault()).isEqualTo(MANIFEST);
    }

    @ParameterizedTest
    @ValueSource(strings = {"../a/", "/a/", "a/../a/", "./a/", "b/", "", "a//"})
    void namesOfAStreamThatLeadElsewhereAreRefused(String place) {
        Map<String, byte[]> entries = entries(place);
        assertRefused(stream(entries));
        Map<String, byte[]> later = entries("a/");
        later.put(place + "tokens.bin", new byte[1]);
        assertRefused(stream(later));
    }

    @Test
    void entriesOfAStreamThatAreMissingTwiceThereUnknownOrOutOfOrderAreRefused() {
        for (String left : List.of("a/" + MANIFEST, "a/transcript.json", "a/tokens.bin", "a/" + STATE)) {
            Map<String, byte[]> entries = entries("a/");
            entries.remove(left);
            assertRefused(stream(entries));
            Map<String, byte[]> turned = entries("a/");
            turned.put(left + "2", new byte[3]);
            assertRefused(stream(turned));
        }
        Map<String, byte[]> entries = entries("a/");
        byte[] transcript = entries.remove("a/transcript.json");
        entries.put("a/transcript.json", transcript);
        assertRefused(stream(entries));
        byte[] whole = stream(entries("a/"));
        byte[] twice = Arrays.copyOf(whole, 2 * whole.length - 1024);
        System.arraycopy(whole, 0, twice, whole.length - 1024, whole.length);
        assertRefused(twice);
    }

    @Test
    void sizesOfAStreamThatAreNotThoseOfTheManifestAreRefused() {
        for (String name : SnapshotDraft.PARTS) {
            for (int change : new int[] {-1, 1}) {
                Map<String, byte[]> entries = entries("a/");
                entries.computeIfPresent("a/" + name, (key, bytes) -> Arrays.copyOf(bytes, bytes.length + change));
                assertRefused(stream(entries));
            }
        }
        byte[] lying = stream(entries("a/"));
        System.arraycopy(new TarHeader("a/" + MANIFEST, 1L << 40).encode(0), 0, lying, 0, 512);
        assertRefused(lying);
    }

    private Map<String, byte[]> entries(String place) {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        SnapshotInfo info = store.info("a");
        entries.put(place + MANIFEST, Manifest.write(info));
        SnapshotSamples.read(store, "a").forEach((name, bytes) -> entries.put(place + name, bytes));
        return entries;
    }

    private static byte[] stream(Map<String, byte[]> entries) {
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        entries.forEach((path, bytes) -> {
            byte[] block = new TarHeader("x", bytes.length).encode(0);
            // the whole path in the field for the name, where nothing cuts it
            Arrays.fill(block, 0, 100, (byte) 0);
            System.arraycopy(path.getBytes(StandardCharsets.UTF_8), 0, block, 0, path.length());
            TarHeaderTest.fixChecksum(block);
            stream.writeBytes(block);
            stream.writeBytes(bytes);
            stream.writeBytes(new byte[new TarHeader("x", bytes.length).padding()]);
        });
        stream.writeBytes(new byte[1024]);
        return stream.toByteArray();
    }

    private void assertRefused(byte[] stream) {
        SnapshotFolder other = SnapshotFolder.open(root.resolve("other"), new Disk());
        assertThatThrownBy(() -> other.importFrom(new ByteArrayInputStream(stream)))
                .isInstanceOf(LongspanException.class)
                .isInstanceOf(SnapshotCorruptException.class);
        assertThat(other.list()).isEmpty();
        assertThat(root.toFile().list()).isSubsetOf("store", "other");
    }

    @Test
    void theStreamsMadeHereAreAcceptedIfNothingIsWrong() {
        SnapshotFolder other = SnapshotFolder.open(root.resolve("other"), new Disk());
        assertThat(other.importFrom(new ByteArrayInputStream(stream(entries("a/")))))
                .isEqualTo(store.info("a"));
    }

    @Test
    void aFileThatGrowsOrShrinksWhileItIsReadIsFound() throws IOException {
        try (SnapshotReader reader = store.read("a")) {
            byte[] whole = Files.readAllBytes(folder.resolve(STATE));
            Files.write(folder.resolve(STATE), Arrays.copyOf(whole, whole.length - 1));
            assertThatThrownBy(() -> reader.open(STATE))
                    .isInstanceOf(SnapshotCorruptException.class)
                    .hasMessageContaining("end");
            Files.write(folder.resolve(STATE), Arrays.copyOf(whole, whole.length + 1));
            assertThat(reader.open(STATE).size()).isEqualTo(whole.length);
        }
        assertThat(fault()).isEqualTo(STATE);
    }

    @Test
    void theFilesOfAManifestAreWhatItSays() {
        Map<String, SnapshotFile> files = store.info("a").files();
        assertThat(files.keySet()).containsExactlyElementsOf(SnapshotDraft.PARTS);
        assertThat(store.info("a").problem()).isEqualTo(Optional.empty());
    }
}
