package dev.longspan.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.longspan.spi.Backend;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.DType;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.SequenceState;
import dev.longspan.spi.StateSink;
import dev.longspan.spi.StateSource;
import dev.longspan.spi.TensorInfo;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Checkpoints that are written and read again. */
class TransferTest {
    private Backend backend;

    static List<ModelSpec> networks() {
        return List.of(Networks.mixed(), Networks.dense(), Networks.mambaOnly());
    }

    @BeforeEach
    void open() {
        backend = Networks.open(2);
    }

    @AfterEach
    void close() {
        backend.close();
    }

    @ParameterizedTest
    @MethodSource("networks")
    void aReadCheckpointContinuesAsTheWrittenOne(ModelSpec spec) {
        LanguageModel model = Networks.load(backend, spec);
        SequenceState state = model.newState();
        Networks.last(model, state, Networks.ids(300, 1));
        Memory file = new Memory(state.checkpoint());
        int[] next = Networks.ids(200, 2);
        float[][] expected = Networks.run(model, state, next);
        Checkpoint read = model.readCheckpoint(file);
        assertThat(read.length()).isEqualTo(300);
        assertThat(Networks.run(model, model.newState(read), next)).isDeepEqualTo(expected);
        Memory again = new Memory(read);
        assertThat(again.bytes.keySet()).isEqualTo(file.bytes.keySet());
        again.bytes.forEach((name, bytes) -> assertThat(bytes).isEqualTo(file.bytes.get(name)));
    }

    @ParameterizedTest
    @MethodSource("networks")
    void readingOnABaseSharesItsPages(ModelSpec spec) {
        LanguageModel model = Networks.load(backend, spec);
        for (int held : new int[] {0, 1, 128, 200, 300}) {
            int[] ids = Networks.ids(300, 1);
            SequenceState state = model.newState();
            if (held > 0) {
                Networks.last(model, state, Networks.part(ids, 0, held));
            }
            Checkpoint base = state.checkpoint();
            if (held < 300) {
                Networks.last(model, state, Networks.part(ids, held, 300));
            }
            Memory file = new Memory(state.checkpoint());
            int[] next = Networks.ids(50, 2);
            float[][] expected = Networks.run(model, state, next);
            file.firstRow = held;
            Checkpoint read = model.readCheckpoint(file, base);
            long shared = read.bytes() - read.exclusiveBytes();
            assertThat(Networks.run(model, model.newState(read), next)).isDeepEqualTo(expected);
            assertThat(shared > 0).isEqualTo(held >= 128 && !spec.equals(Networks.mambaOnly()));
        }
    }

    @Test
    void theTensorsHaveTheNamesAndShapesOfTheLayout() {
        LanguageModel model = Networks.load(backend, Networks.mixed());
        SequenceState state = model.newState();
        Networks.last(model, state, 1, 2, 3);
        assertThat(state.checkpoint().tensors())
                .containsExactly(
                        new TensorInfo("layers.0.conv", DType.F32, List.of(72L, 3L)),
                        new TensorInfo("layers.0.ssm", DType.F32, List.of(6L, 5L, 7L)),
                        new TensorInfo("layers.1.key", DType.F32, List.of(3L, 2L, 9L)),
                        new TensorInfo("layers.1.value", DType.F32, List.of(3L, 2L, 9L)),
                        new TensorInfo("layers.3.conv", DType.F32, List.of(44L, 1L)),
                        new TensorInfo("layers.3.ssm", DType.F32, List.of(4L, 8L, 6L)),
                        new TensorInfo("layers.5.key", DType.F32, List.of(3L, 3L, 6L)),
                        new TensorInfo("layers.5.value", DType.F32, List.of(3L, 3L, 6L)));
    }

    @Test
    void aSinkMayLeaveTensorsOut() {
        LanguageModel model = Networks.load(backend, Networks.mixed());
        SequenceState state = model.newState();
        Networks.last(model, state, 1, 2, 3);
        Memory file = new Memory();
        file.wanted = ".key";
        state.checkpoint().write(file);
        assertThat(file.bytes.keySet()).containsExactlyInAnyOrder("layers.1.key", "layers.5.key");
        assertThat(file.bytes.get("layers.1.key")).hasSize(3 * 18 * 4);
    }

    @Test
    void keysAndValuesMayComeInHalfTheBits() {
        LanguageModel model = Networks.load(backend, Networks.dense());
        SequenceState state = model.newState();
        Networks.last(model, state, Networks.ids(150, 1));
        Memory file = new Memory(state.checkpoint());
        Memory rounded = file.toBrain(false);
        Memory widened = file.toBrain(true);
        int[] next = Networks.ids(30, 2);
        float[][] one = Networks.run(model, model.newState(model.readCheckpoint(rounded)), next);
        float[][] two = Networks.run(model, model.newState(model.readCheckpoint(widened)), next);
        assertThat(one).isDeepEqualTo(two);
    }

    @Test
    void whatDoesNotFitIsNamedAndNothingIsKept() {
        LanguageModel model = Networks.load(backend, Networks.mixed());
        SequenceState state = model.newState();
        Networks.last(model, state, Networks.ids(150, 1));
        Checkpoint checkpoint = state.checkpoint();
        long before = backend.memory().used().hostBytes();
        Memory missing = new Memory(checkpoint);
        missing.infos.remove("layers.3.ssm");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.readCheckpoint(missing))
                .withMessageContaining("layers.3.ssm");
        Memory misshapen = new Memory(checkpoint);
        misshapen.infos.put("layers.1.value", new TensorInfo("layers.1.value", DType.F32, List.of(150L, 9L, 2L)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.readCheckpoint(misshapen))
                .withMessageContaining("layers.1.value")
                .withMessageContaining("[150, 9, 2]");
        Memory wrongType = new Memory(checkpoint);
        wrongType.infos.put("layers.0.conv", new TensorInfo("layers.0.conv", DType.BF16, List.of(72L, 3L)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.readCheckpoint(wrongType))
                .withMessageContaining("layers.0.conv")
                .withMessageContaining("BF16");
        Memory broken = new Memory(checkpoint);
        broken.bytes.put("layers.5.value", new byte[0]);
        assertThatIllegalArgumentException().isThrownBy(() -> model.readCheckpoint(broken));
        Memory shorter = new Memory(model.newState().checkpoint());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.readCheckpoint(shorter, checkpoint))
                .withMessageContaining("150");
        assertThat(backend.memory().used().hostBytes() - before)
                .isEqualTo(2 * model.newState().bytes());
    }

    @Test
    void aCheckpointClosedWhileItIsWrittenIsWrittenWhole() {
        LanguageModel model = Networks.load(backend, Networks.mixed());
        SequenceState state = model.newState();
        Networks.last(model, state, Networks.ids(300, 1));
        Memory expected = new Memory(state.checkpoint());
        Checkpoint checkpoint = state.checkpoint();
        Memory file = new Memory();
        file.onBegin = checkpoint::close;
        checkpoint.write(file);
        expected.bytes.forEach((name, bytes) -> assertThat(file.bytes.get(name)).isEqualTo(bytes));
    }

    @Test
    void writingAndReadingBesideForwardDisturbNothing() {
        LanguageModel model = Networks.load(backend, Networks.mixed());
        int[] ids = Networks.ids(400, 1);
        float[][] expected = Networks.run(model, model.newState(), ids);
        SequenceState state = model.newState();
        Networks.last(model, state, Networks.part(ids, 0, 200));
        Checkpoint checkpoint = state.checkpoint();
        CompletableFuture<Memory> transfer = CompletableFuture.supplyAsync(() -> {
            Memory file = new Memory(checkpoint);
            for (int i = 0; i < 20; i++) {
                try (Checkpoint read = model.readCheckpoint(file)) {
                    file = new Memory(read);
                }
            }
            return file;
        });
        for (int i = 200; i < 400; i++) {
            assertThat(Networks.last(model, state, ids[i])).isEqualTo(expected[i]);
        }
        SequenceState back = model.newState(model.readCheckpoint(transfer.join()));
        assertThat(Networks.last(model, back, ids[200])).isEqualTo(expected[200]);
    }

    /** A state file in memory, which insists on the rules of reading. */
    private static final class Memory implements StateSink, StateSource {
        private final Map<String, TensorInfo> infos = new HashMap<>();
        private final Map<String, byte[]> bytes = new HashMap<>();
        private final Map<String, Long> read = new HashMap<>();
        private ByteArrayOutputStream open = new ByteArrayOutputStream();
        private String name = "";
        private String wanted = "";
        private int length;
        private int firstRow;
        private Runnable onBegin = () -> {};

        Memory() {}

        Memory(Checkpoint checkpoint) {
            length = checkpoint.length();
            checkpoint.write(this);
        }

        @Override
        public boolean begin(TensorInfo tensor) {
            onBegin.run();
            if (!tensor.name().endsWith(wanted)) {
                return false;
            }
            open = new ByteArrayOutputStream();
            name = tensor.name();
            infos.put(name, tensor);
            bytes.put(name, new byte[0]);
            return true;
        }

        @Override
        public void write(ByteBuffer piece) {
            byte[] copy = new byte[piece.remaining()];
            piece.get(copy);
            open.writeBytes(copy);
            bytes.put(name, open.toByteArray());
        }

        @Override
        public int length() {
            return length;
        }

        @Override
        public TensorInfo info(String tensor) {
            if (!infos.containsKey(tensor)) {
                throw new IllegalArgumentException("no tensor " + tensor);
            }
            return infos.get(tensor);
        }

        @Override
        public void read(String tensor, long offset, ByteBuffer target) {
            boolean keyOrValue = tensor.endsWith("key") || tensor.endsWith("value");
            long row = info(tensor).bytes() / Math.max(1, info(tensor).shape().get(0));
            long earliest = read.getOrDefault(tensor, keyOrValue ? firstRow * row : 0);
            if (offset < earliest || offset + target.remaining() > bytes.get(tensor).length) {
                throw new IllegalArgumentException("bad read of " + tensor + " at " + offset);
            }
            read.put(tensor, offset + target.remaining());
            target.put(bytes.get(tensor), (int) offset, target.remaining());
        }

        /** The same with keys and values rounded to BF16, stored so or in F32. */
        Memory toBrain(boolean widened) {
            Memory other = new Memory();
            other.length = length;
            infos.forEach((tensor, info) -> {
                ByteBuffer from = ByteBuffer.wrap(bytes.get(tensor)).order(ByteOrder.LITTLE_ENDIAN);
                ByteBuffer to = ByteBuffer.allocate(from.remaining()).order(ByteOrder.LITTLE_ENDIAN);
                while (from.hasRemaining()) {
                    int bits = Float.floatToRawIntBits(from.getFloat()) >> 16;
                    if (widened) {
                        to.putInt(bits << 16);
                    } else {
                        to.putShort((short) bits);
                    }
                }
                byte[] made = new byte[to.flip().remaining()];
                to.get(made);
                other.bytes.put(tensor, made);
                other.infos.put(tensor, new TensorInfo(tensor, widened ? DType.F32 : DType.BF16, info.shape()));
            });
            return other;
        }
    }
}
