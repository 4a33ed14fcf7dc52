package dev.longspan.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.PartWriter;
import dev.longspan.SnapshotCorruptException;
import dev.longspan.SnapshotDraft;
import dev.longspan.SnapshotLabel;
import dev.longspan.SnapshotReader;
import dev.longspan.SnapshotSamples;
import dev.longspan.spi.Batch;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.DType;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.Run;
import dev.longspan.spi.SequenceState;
import dev.longspan.spi.StateSource;
import dev.longspan.spi.TensorInfo;
import dev.longspan.tck.DigestBackend;
import dev.longspan.tck.DigestModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StateFileTest {
    @TempDir
    private Path folder;

    private final int[] ids = new Random(1).ints(700, 0, 256).toArray();
    private DigestBackend backend;
    private LanguageModel model;
    private List<Checkpoint> checkpoints;
    private byte[] file;

    @BeforeEach
    void saveThreeCheckpoints() throws IOException {
        backend = new DigestBackend();
        model = backend.load(DigestModel.spec(), DigestModel.weights(), (done, total) -> {});
        checkpoints = new ArrayList<>();
        try (SequenceState state = model.newState()) {
            int from = 0;
            for (int to : new int[] {300, 333, ids.length}) {
                model.forward(new Batch(List.of(new Run(state, ids, from, to, to))));
                checkpoints.add(state.checkpoint());
                from = to;
            }
        }
        file = written(checkpoints);
    }

    @AfterEach
    void close() {
        backend.close();
    }

    private static byte[] written(List<Checkpoint> checkpoints) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        StateFile.write(checkpoints, Channels.newChannel(bytes));
        return bytes.toByteArray();
    }

    private StateFile read(byte[] bytes) {
        return StateFile.read("x", new BytesChannel(bytes), DigestModel.spec());
    }

    @Test
    void everyCheckpointComesBackAsItWas() {
        List<Checkpoint> loaded = read(file).load(model);
        assertThat(read(file).positions()).containsExactly(300, 333, 700);
        assertThat(loaded).hasSize(3);
        for (int i = 0; i < 3; i++) {
            assertThat(loaded.get(i).length()).isEqualTo(checkpoints.get(i).length());
            assertThat(DigestModel.digest(loaded.get(i)))
                    .isEqualTo(DigestModel.digest(checkpoints.get(i)))
                    .isEqualTo(
                            DigestModel.digest(Arrays.copyOf(ids, loaded.get(i).length())));
        }
        assertThat(backend.verify()).isEmpty();
    }

    @Test
    void whatIsLoadedAndWrittenAgainIsTheSameFile() throws IOException {
        assertThat(written(read(file).load(model))).isEqualTo(file);
    }

    @Test
    void oneCheckpointAloneIsAFileToo() throws IOException {
        byte[] bytes = written(checkpoints.subList(2, 3));
        List<Checkpoint> loaded = read(bytes).load(model);
        assertThat(loaded).hasSize(1);
        assertThat(DigestModel.digest(loaded.get(0))).isEqualTo(DigestModel.digest(ids));
    }

    @Test
    void keysAndValuesAreSavedOnceAndSharedAfterALoad() {
        long rows = 700L * 2 * DigestRow.BYTES;
        assertThat((long) file.length).isBetween(rows, rows + 4096);

        checkpoints.forEach(Checkpoint::close);
        long before = backend.memory().used().hostBytes();
        List<Checkpoint> loaded = read(file).load(model);
        long together = backend.memory().used().hostBytes() - before;
        long each = loaded.stream().mapToLong(Checkpoint::bytes).sum();
        assertThat(together).isLessThan(loaded.get(2).bytes() * 3 / 2).isLessThan(each);
        loaded.forEach(Checkpoint::close);
        assertThat(backend.memory().used().hostBytes()).isEqualTo(before);
    }

    @Test
    void aSnapshotHoldsTheStateFromSaveToLoad() {
        SnapshotFolder store = SnapshotFolder.open(folder, new Disk());
        Map<String, PartWriter> parts = new LinkedHashMap<>();
        parts.put("transcript.json", target -> {});
        parts.put("tokens.bin", target -> {});
        parts.put("state.safetensors", target -> StateFile.write(checkpoints, target));
        store.save(new SnapshotDraft(
                "a", SnapshotSamples.CREATED, SnapshotLabel.NONE, "digest", Map.of(), ids.length, 4096, parts));
        try (SnapshotReader reader = store.read("a")) {
            List<Checkpoint> loaded = StateFile.read("a", reader.open("state.safetensors"), model.spec())
                    .load(model);
            assertThat(DigestModel.digest(loaded.get(2))).isEqualTo(DigestModel.digest(ids));
        }
    }

    @Test
    void itIsASafetensorsFileWithTheNamesOfTheSpecification() {
        String header = header(file);
        assertThat(header)
                .startsWith("{\"__metadata__\":{\"layout\":\"1\",\"positions\":\"300,333,700\"}")
                .contains(
                        "\"layers.1.key\":{\"dtype\":\"F32\",\"shape\":[700,2,4]",
                        "\"layers.1.value\":{\"dtype\":\"F32\",\"shape\":[700,2,4]",
                        "\"layers.0.conv\":{\"dtype\":\"F32\",\"shape\":[16,3]",
                        "\"layers.0.ssm\":{\"dtype\":\"F32\",\"shape\":[2,4,4]",
                        "\"checkpoints.0.layers.0.conv\"",
                        "\"checkpoints.1.layers.0.ssm\"")
                .doesNotContain("checkpoints.2", "checkpoints.0.layers.1");
        assertThat(header.length() % 8).isZero();
    }

    @Test
    void keysAndValuesInHalfPrecisionComeBackAsTheyWereWritten() throws IOException {
        List<Checkpoint> halved =
                checkpoints.stream().<Checkpoint>map(HalvedCheckpoint::new).toList();
        byte[] half = written(halved);
        assertThat(half.length).isLessThan(file.length * 2 / 3);
        assertThat(read(half).source(0).info("layers.1.key"))
                .isEqualTo(new TensorInfo("layers.1.key", DType.BF16, List.of(300L, 2L, 4L)));
        List<Checkpoint> loaded = read(half).load(model);
        assertThat(DigestModel.digest(loaded.get(2))).isEqualTo(DigestModel.digest(ids));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "300,333,700 | 300,333,701 | layers.1.",
                "300,333,700 | 333,300,700 | ascending",
                "300,333,700 | 300,300,700 | ascending",
                "300,333,700 | 333,700 | checkpoints.1",
                "300,333,700 | 1,300,333,700 | checkpoints.2",
                "300,333,700 | | positions",
                "300,333,700 | -1,333,700 | positions",
                "300,333,700 | 0300,333,700 | positions",
                "300,333,700 | 300,333,99999999999 | positions",
                "300,333,700 | 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17 | positions",
                "\"layout\":\"1\" | \"layout\":\"2\" | layout",
                "\"layout\":\"1\" | \"layout\":1 | layout",
                "__metadata__ | __metadatb__ | __metadatb__",
                "layers.0.conv\":{\"dtype\":\"F32 | layers.0.conv\":{\"dtype\":\"I32 | layers.0.conv",
                "layers.1.key\":{\"dtype\":\"F32 | layers.1.key\":{\"dtype\":\"I32 | layers.1.key",
                "\"layers.1.key | \"layers.2.key | layers.1.key",
                "\"layers.1.key | \"layers.1.value | layers.1.value",
                "[700,2,4] | [700,4,2] | layers.1.",
                "[16,3] | [3,16] | conv",
                "\"shape\":[16,3] | \"shape\":[[[[[[[[[[[[[[[[16,3]]]]]]]]]]]]]]]] | shape",
                "\"data_offsets\":[0, | \"data_offsets\":[1, | data_offsets",
            })
    void aHeaderThatIsNotThatOfTheNetworkIsRefused(String part, String instead, String named) {
        String header = header(file);
        String changed = header.replace(part, instead == null ? "" : instead);
        assertThat(changed).isNotEqualTo(header);
        assertThatThrownBy(() -> read(withHeader(file, changed)))
                .isInstanceOfSatisfying(SnapshotCorruptException.class, e -> {
                    assertThat(e.file()).isEqualTo("state.safetensors");
                    assertThat(e.id()).isEqualTo("x");
                })
                .hasMessageContaining(named);
    }

    @Test
    void aFileThatEndsEarlyIsRefusedWhateverItsLength() {
        for (int length = 0; length < file.length; length += length < 2000 ? 1 : 997) {
            byte[] shorter = Arrays.copyOf(file, length);
            assertThatThrownBy(() -> read(shorter)).isInstanceOf(SnapshotCorruptException.class);
        }
    }

    @Test
    void deepNestingIsRefused() {
        String deep = "{\"a\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}";
        assertThatThrownBy(() -> read(withHeader(file, deep))).isInstanceOf(SnapshotCorruptException.class);
    }

    @Test
    void aStateThatTheModelRefusesLeavesNoCheckpointOpen() {
        int before = backend.openCheckpoints().size();
        // the recurrent state of the last checkpoint, which is read when two have been made already
        byte[] wrong = file.clone();
        int conv = dataOffset("\"layers.0.ssm\"");
        ByteBuffer.wrap(wrong).order(ByteOrder.LITTLE_ENDIAN).putFloat(conv, 0.5f);
        assertThatThrownBy(() -> read(wrong).load(model))
                .isInstanceOf(SnapshotCorruptException.class)
                .hasMessageContaining("layers.0.ssm");
        assertThat(backend.openCheckpoints()).hasSize(before);
    }

    @Test
    void aSourceGivesNoMoreThanItsTensor() {
        StateSource source = read(file).source(0);
        long bytes = source.info("layers.1.key").bytes();
        assertThat(bytes).isEqualTo(300L * DigestRow.BYTES);
        assertThatThrownBy(() -> source.read("layers.1.key", bytes - 3, ByteBuffer.allocate(4)))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> source.info("layers.7.key")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void checkpointsThatDoNotAscendAreNotWritten() {
        List<Checkpoint> turned = List.of(checkpoints.get(1), checkpoints.get(0));
        assertThatThrownBy(() -> written(turned)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> written(List.of())).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void theStateOfAnotherNetworkIsRefused() {
        ModelSpec spec = DigestModel.spec();
        ModelSpec shorter = new ModelSpec("x", 263, 8, 1e-5, true, spec.layers().subList(0, 1));
        assertThatThrownBy(() -> StateFile.read("x", new BytesChannel(file), shorter))
                .isInstanceOf(SnapshotCorruptException.class)
                .hasMessageContaining("layers.1.");
    }

    private int dataOffset(String name) {
        String header = header(file);
        String key = "\"data_offsets\":[";
        int at = header.indexOf(key, header.indexOf(name + ":")) + key.length();
        return 8 + header.length() + Integer.parseInt(header.substring(at, header.indexOf(',', at)));
    }

    private static String header(byte[] file) {
        int length = (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
        return new String(file, 8, length, StandardCharsets.UTF_8);
    }

    private static byte[] withHeader(byte[] file, String header) {
        int data = 8 + header(file).length();
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer changed =
                ByteBuffer.allocate(8 + json.length + file.length - data).order(ByteOrder.LITTLE_ENDIAN);
        return changed.putLong(json.length)
                .put(json)
                .put(file, data, file.length - data)
                .array();
    }

    /** Two heads of four float32. */
    private static final class DigestRow {
        static final int BYTES = 2 * 4 * Float.BYTES;
    }
}
