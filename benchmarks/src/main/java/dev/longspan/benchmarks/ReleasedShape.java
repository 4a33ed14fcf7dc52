package dev.longspan.benchmarks;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.DType;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.StateSource;
import dev.longspan.spi.TensorInfo;
import dev.longspan.spi.WeightSource;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The network of the released model, 31.6 billion parameters of which a token uses 3.6 billion, with weights and states made up. */
final class ReleasedShape {
    private static final String LAYERS = "MEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEMEM*EMEMEMEME";
    private static final int HIDDEN = 2688;
    private static final int VOCABULARY = 131_072;
    private static final double DEVIATION = 0.02;
    /** What big tensors repeat; odd, so that rows differ. */
    private static final int BLOCK = (1 << 22) + 2 * 257;

    private ReleasedShape() {}

    /**
     * {@return the network}
     *
     * @param layers how many of its 52 layers, from the first on
     */
    static ModelSpec spec(int layers) {
        LayerSpec mamba = new LayerSpec.Mamba(64, 64, 8, 128, 4, 0, Double.POSITIVE_INFINITY);
        LayerSpec attention = new LayerSpec.Attention(new AttentionHeads(32, 2, 128), KeysTouched.RELEASED);
        LayerSpec experts = new LayerSpec.Experts(128, 6, 1856, 3712, 1, 1, true, 2.5);
        List<LayerSpec> all = LAYERS.substring(0, layers)
                .chars()
                .mapToObj(letter -> switch (letter) {
                    case 'M' -> mamba;
                    case '*' -> attention;
                    default -> experts;
                })
                .toList();
        return new ModelSpec("superlinear-exp", VOCABULARY, HIDDEN, 1e-5, false, all);
    }

    /** Bytes of numbers around zero, over and over. */
    private static ByteBuffer random(DType type) {
        SplittableRandom random = new SplittableRandom(1);
        ByteBuffer block = ByteBuffer.allocateDirect(BLOCK).order(ByteOrder.LITTLE_ENDIAN);
        while (block.remaining() >= type.bytes()) {
            int bits = Float.floatToRawIntBits((float) (random.nextDouble(-1, 1) * DEVIATION * Math.sqrt(3)));
            if (type == DType.BF16) {
                block.putShort((short) (bits >>> 16));
            } else {
                block.putInt(bits);
            }
        }
        return block.limit(block.position());
    }

    /** Fills a buffer with what lies at an offset of an endless repetition. */
    private static void repeat(ByteBuffer block, long offset, ByteBuffer target) {
        long at = offset;
        while (target.hasRemaining()) {
            int first = (int) (at % block.limit());
            int count = Math.min(target.remaining(), block.limit() - first);
            target.put(block.slice(first, count));
            at += count;
        }
    }

    /** Weights, matrices in BF16. */
    static final class Weights implements WeightSource {
        private final Map<String, TensorInfo> tensors;
        private final ByteBuffer block = random(DType.BF16);

        Weights(ModelSpec spec) {
            tensors = spec.tensors().stream()
                    .map(tensor -> new TensorInfo(
                            tensor.name(), tensor.shape().size() == 2 ? DType.BF16 : DType.F32, tensor.shape()))
                    .collect(Collectors.toMap(TensorInfo::name, Function.identity()));
        }

        @Override
        public Set<String> names() {
            return tensors.keySet();
        }

        @Override
        public TensorInfo info(String name) {
            return Objects.requireNonNull(tensors.get(name), name);
        }

        @Override
        public void read(String name, long offset, ByteBuffer target) {
            if (info(name).dtype() == DType.BF16) {
                repeat(block, offset + name.hashCode() % 1000 * 2L + 2000, target);
                return;
            }
            float number = vector(name);
            ByteBuffer little = target.order(ByteOrder.LITTLE_ENDIAN);
            while (little.hasRemaining()) {
                little.putFloat(number);
            }
        }

        private static float vector(String name) {
            if (name.endsWith("dt_bias")) {
                return -4;
            } else if (name.endsWith("bias")) {
                return 0;
            }
            return name.contains("conv1d") ? 0.4f : 1;
        }

        @Override
        public ByteBuffer map(String name, long offset, long length) {
            throw new UnsupportedOperationException("these weights lie nowhere");
        }
    }

    /**
     * A state of many tokens, keys and values in BF16.
     *
     * @param empty what an empty state consists of
     * @param length how many tokens
     */
    record State(List<TensorInfo> empty, int length, ByteBuffer singles, ByteBuffer halves) implements StateSource {
        State(List<TensorInfo> empty, int length) {
            this(empty, length, random(DType.F32), random(DType.BF16));
        }

        @Override
        public TensorInfo info(String name) {
            TensorInfo info = empty.stream()
                    .filter(each -> each.name().equals(name))
                    .findFirst()
                    .orElseThrow();
            if (!name.endsWith(".key") && !name.endsWith(".value")) {
                return info;
            }
            List<Long> shape = new ArrayList<>(info.shape());
            shape.set(0, (long) length);
            return new TensorInfo(name, DType.BF16, shape);
        }

        @Override
        public void read(String name, long offset, ByteBuffer target) {
            repeat(info(name).dtype() == DType.BF16 ? halves : singles, offset, target);
        }
    }
}
