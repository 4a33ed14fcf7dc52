package dev.longspan.tvm.memory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.DType;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.StateSink;
import dev.longspan.spi.StateSource;
import dev.longspan.spi.TensorInfo;
import dev.longspan.tvm.runtime.NativeOptions;
import dev.longspan.tvm.runtime.TvmDevice;
import dev.longspan.tvm.runtime.TvmRuntime;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Sequences as tensors, in whichever order the kernels of a device want their pages; memory is the processor's for both. */
class StateTransferTest {
    private static final int HEADS = 3;
    private static final int SIZE = 20; // padded to 32
    private static final int PADDED = 32;
    private static final int TOKENS = 2 * StateLayout.PAGE + 37;

    private final MemoryAccount account =
            new MemoryAccount(TvmRuntime.load(NativeOptions.defaults()), TvmDevice.CPU, 1L << 30);

    @AfterEach
    void nothingIsHeld() {
        assertThat(account.used()).isZero();
    }

    private static StateLayout layout(PageOrder order) {
        LayerSpec attention = new LayerSpec.Attention(new AttentionHeads(2 * HEADS, HEADS, SIZE), null);
        return new StateLayout(new ModelSpec("test", 16, 16, 1e-5, true, List.of(attention, attention)), order);
    }

    private static final class Tensors implements StateSource, StateSink {
        private final Map<String, TensorInfo> infos = new HashMap<>();
        private final Map<String, byte[]> tensors = new HashMap<>();
        private final ByteArrayOutputStream coming = new ByteArrayOutputStream();
        private String name = "";

        static Tensors random(StateLayout layout) {
            Tensors made = new Tensors();
            Random random = new Random(1);
            for (TensorInfo info : StateTransfer.tensors(layout, TOKENS)) {
                byte[] bytes = new byte[Math.toIntExact(info.bytes())];
                random.nextBytes(bytes);
                for (int i = 3; i < bytes.length; i += 4) {
                    bytes[i] &= 0x3f; // no NaN, whose bits may change
                }
                made.infos.put(info.name(), info);
                made.tensors.put(info.name(), bytes);
            }
            return made;
        }

        static Tensors of(SequenceMemory memory) {
            Tensors made = new Tensors();
            StateTransfer.write(memory, made);
            made.end();
            return made;
        }

        @Override
        public int length() {
            return TOKENS;
        }

        @Override
        public TensorInfo info(String tensor) {
            return infos.get(tensor);
        }

        @Override
        public void read(String tensor, long offset, ByteBuffer target) {
            target.put(tensors.get(tensor), Math.toIntExact(offset), target.remaining());
        }

        @Override
        public boolean begin(TensorInfo tensor) {
            end();
            name = tensor.name();
            infos.put(name, tensor);
            return true;
        }

        private void end() {
            if (!name.isEmpty()) {
                tensors.put(name, coming.toByteArray());
            }
            coming.reset();
        }

        @Override
        public void write(ByteBuffer bytes) {
            byte[] part = new byte[bytes.remaining()];
            bytes.get(part);
            coming.write(part, 0, part.length);
        }

        float[] vector(String tensor, int token, int head) {
            float[] numbers = new float[SIZE];
            ByteBuffer.wrap(tensors.get(tensor))
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asFloatBuffer()
                    .get((token * HEADS + head) * SIZE, numbers);
            return numbers;
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatWasReadIsWritten(PageOrder order) {
        Tensors source = Tensors.random(layout(order));
        SequenceMemory memory = StateTransfer.read(layout(order), account, source, null);
        assertThat(Tensors.of(memory).tensors).containsExactlyInAnyOrderEntriesOf(source.tensors);
        memory.release();
    }

    @ParameterizedTest
    @EnumSource
    void vectorsLieWhereKernelsLookForThem(PageOrder order) {
        Tensors source = Tensors.random(layout(order));
        SequenceMemory memory = StateTransfer.read(layout(order), account, source, null);
        for (int token : new int[] {0, 1, StateLayout.PAGE - 1, StateLayout.PAGE, TOKENS - 1}) {
            for (int head = 0; head < HEADS; head++) {
                int inPage = token % StateLayout.PAGE;
                int vector = order == PageOrder.BY_HEAD ? head * StateLayout.PAGE + inPage : inPage * HEADS + head;
                int values = StateLayout.PAGE * HEADS; // of the second layer, behind its keys and all of the first
                float[] found = new float[PADDED];
                memory.page(token / StateLayout.PAGE).read(4L * (3 * values + vector) * PADDED, found, 0, PADDED);
                assertThat(found)
                        .as("token %d, head %d", token, head)
                        .isEqualTo(Arrays.copyOf(source.vector("layers.1.value", token, head), PADDED));
            }
        }
        memory.release();
    }

    @ParameterizedTest
    @EnumSource
    void whatABaseHoldsIsKeptAndOnlyTheRestIsRead(PageOrder order) {
        Tensors source = Tensors.random(layout(order));
        SequenceMemory whole = StateTransfer.read(layout(order), account, source, null);
        int held = StateLayout.PAGE + 50;
        SequenceMemory base = whole.withPagesOf(held);
        Tensors rest = new Tensors();
        rest.infos.putAll(source.infos);
        source.tensors.forEach((name, bytes) -> {
            byte[] known = bytes.clone();
            Arrays.fill(known, 0, held * HEADS * SIZE * DType.F32.bytes(), (byte) 0);
            rest.tensors.put(name, known);
        });
        SequenceMemory memory = StateTransfer.read(layout(order), account, rest, base);
        assertThat(Tensors.of(memory).tensors).containsExactlyInAnyOrderEntriesOf(source.tensors);
        assertThat(Tensors.of(whole).tensors).containsExactlyInAnyOrderEntriesOf(source.tensors);
        memory.release();
        base.release();
        whole.release();
    }
}
