package dev.longspan.tck;

import dev.longspan.spi.DType;
import dev.longspan.spi.TensorInfo;
import dev.longspan.spi.WeightSource;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/** Weights as a backend with a flaw in its loading takes them. */
class FlawedWeights implements WeightSource {
    private static final int BLOCK = 8 << 20;
    private static final int THREADS = 1024;
    private static final AtomicInteger READERS = new AtomicInteger();

    private final WeightSource right;

    private FlawedWeights(WeightSource right) {
        this.right = right;
    }

    static WeightSource of(WeightSource right, Flaw flaw) {
        return switch (flaw) {
            case HALF_PRECISION_IS_BFLOAT ->
                new FlawedWeights(right) {
                    @Override
                    public TensorInfo info(String name) {
                        TensorInfo info = right.info(name);
                        return info.dtype() == DType.F16 ? new TensorInfo(name, DType.BF16, info.shape()) : info;
                    }
                };
            case LAYERS_HAVE_ONE_DIGIT ->
                new FlawedWeights(right) {
                    @Override
                    public void read(String name, long offset, ByteBuffer target) {
                        right.read(
                                name.replaceFirst("layers\\.([1-9])[0-9]+\\.norm", "layers.$1.norm"), offset, target);
                    }
                };
            case LARGE_TENSORS_END_IN_ZEROS -> new Cut(right, BLOCK);
            case NORMS_END_AT_1024 ->
                new FlawedWeights(right) {
                    @Override
                    public void read(String name, long offset, ByteBuffer target) {
                        int most = name.contains("norm")
                                ? THREADS * right.info(name).dtype().bytes()
                                : Integer.MAX_VALUE;
                        new Cut(right, most).read(name, offset, target);
                    }
                };
            case LOADS_MEET -> new Met(right);
            default -> right;
        };
    }

    @Override
    public Set<String> names() {
        return right.names();
    }

    @Override
    public TensorInfo info(String name) {
        return right.info(name);
    }

    @Override
    public void read(String name, long offset, ByteBuffer target) {
        right.read(name, offset, target);
    }

    @Override
    public ByteBuffer map(String name, long offset, long length) {
        ByteBuffer copy = ByteBuffer.allocate((int) length);
        read(name, offset, copy);
        return copy.flip();
    }

    private static void clear(ByteBuffer target, int from) {
        for (int i = from; i < target.limit(); i++) {
            target.put(i, (byte) 0);
        }
    }

    /** Reads the first bytes of each tensor, and zeros behind them. */
    private static final class Cut extends FlawedWeights {
        private final int most;

        Cut(WeightSource right, int most) {
            super(right);
            this.most = most;
        }

        @Override
        public void read(String name, long offset, ByteBuffer target) {
            int first = target.position();
            super.read(name, offset, target);
            clear(target, (int) Math.max(first, Math.min(target.limit(), first + most - offset)));
        }
    }

    /** Reads zeros where another is being read. */
    private static final class Met extends FlawedWeights {
        Met(WeightSource right) {
            super(right);
        }

        @Override
        public void read(String name, long offset, ByteBuffer target) {
            int first = target.position();
            boolean met = READERS.incrementAndGet() > 1;
            try {
                super.read(name, offset, target);
            } finally {
                met |= READERS.getAndDecrement() > 1;
            }
            clear(target, met ? first : target.limit());
        }
    }
}
