package dev.longspan.tck;

import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.DType;
import dev.longspan.spi.SequenceState;
import dev.longspan.spi.StateSink;
import dev.longspan.spi.StateSource;
import dev.longspan.spi.TensorInfo;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** What a checkpoint wrote, held in memory, to be read back by the same or another backend. */
public final class MemoryCheckpoint implements StateSource {
    private final int length;
    private final Map<String, TensorInfo> infos = new LinkedHashMap<>();
    private final Map<String, byte[]> data = new LinkedHashMap<>();

    private MemoryCheckpoint(int length) {
        this.length = length;
    }

    /**
     * {@return a copy of all that a checkpoint writes}
     *
     * @param checkpoint an open checkpoint
     * @throws AssertionError if it writes other tensors, or more or fewer bytes, than it lists, or on several threads
     */
    public static MemoryCheckpoint of(Checkpoint checkpoint) {
        Sink sink = new Sink();
        checkpoint.write(sink);
        return sink.finish(checkpoint.length(), checkpoint.tensors());
    }

    /** A copy of what a checkpoint of a state writes at this moment. */
    static MemoryCheckpoint of(SequenceState state) {
        try (Checkpoint checkpoint = state.checkpoint()) {
            return of(checkpoint);
        }
    }

    /** Takes all that a checkpoint writes. */
    static class Sink implements StateSink {
        private final Map<TensorInfo, ByteArrayOutputStream> written = new LinkedHashMap<>();
        private final Set<Thread> writers = ConcurrentHashMap.newKeySet();
        private ByteArrayOutputStream current = new ByteArrayOutputStream();

        @Override
        public boolean begin(TensorInfo tensor) {
            writers.add(Thread.currentThread());
            current = new ByteArrayOutputStream();
            written.put(tensor, current);
            return true;
        }

        @Override
        public void write(ByteBuffer bytes) {
            writers.add(Thread.currentThread());
            byte[] part = new byte[bytes.remaining()];
            bytes.duplicate().get(part);
            current.writeBytes(part);
        }

        /** What was written by a checkpoint of so many tokens that lists these tensors. */
        MemoryCheckpoint finish(int length, List<TensorInfo> listed) {
            if (!List.copyOf(written.keySet()).equals(listed)) {
                throw new AssertionError("a checkpoint wrote " + written.keySet() + " and lists " + listed);
            }
            if (writers.size() > 1) {
                throw new AssertionError("a checkpoint was written on " + writers.size() + " threads");
            }
            MemoryCheckpoint copy = new MemoryCheckpoint(length);
            written.forEach((tensor, bytes) -> {
                if (bytes.size() != tensor.bytes()) {
                    throw new AssertionError(
                            tensor.name() + ": expected " + tensor.bytes() + " bytes, found " + bytes.size());
                }
                copy.put(tensor, bytes.toByteArray());
            });
            return copy;
        }
    }

    private void put(TensorInfo info, byte[] bytes) {
        infos.put(info.name(), info);
        data.put(info.name(), bytes);
    }

    /** The same with keys and values in another type, rounded if need be. */
    MemoryCheckpoint withKeysIn(DType dtype) {
        MemoryCheckpoint changed = new MemoryCheckpoint(length);
        for (TensorInfo info : infos.values()) {
            boolean paged = info.name().endsWith(".key") || info.name().endsWith(".value");
            if (!paged || info.dtype() == dtype) {
                changed.put(info, bytes(info.name()));
                continue;
            }
            float[] numbers = numbers(info.name());
            ByteBuffer bytes =
                    ByteBuffer.allocate(numbers.length * dtype.bytes()).order(ByteOrder.LITTLE_ENDIAN);
            for (float number : numbers) {
                Tensors.put(bytes, dtype, number);
            }
            changed.put(new TensorInfo(info.name(), dtype, info.shape()), bytes.array());
        }
        return changed;
    }

    /** Random numbers in the tensors of a shorter one, the same in the same rows whatever the length is. */
    MemoryCheckpoint drawn(int tokens) {
        MemoryCheckpoint drawn = new MemoryCheckpoint(tokens);
        for (TensorInfo like : infos.values()) {
            List<Long> shape = new ArrayList<>(like.shape());
            if (like.name().endsWith(".key") || like.name().endsWith(".value")) {
                shape.set(0, (long) tokens);
            }
            TensorInfo info = new TensorInfo(like.name(), like.dtype(), shape);
            Random random = new Random(like.name().hashCode());
            ByteBuffer bytes =
                    ByteBuffer.allocate(Math.toIntExact(info.bytes())).order(ByteOrder.LITTLE_ENDIAN);
            while (bytes.hasRemaining()) {
                Tensors.put(bytes, info.dtype(), random.nextFloat() - 0.5f);
            }
            drawn.put(info, bytes.array());
        }
        return drawn;
    }

    /** A checkpoint without tensors. */
    static MemoryCheckpoint empty(int length) {
        return new MemoryCheckpoint(length);
    }

    /** Whether another holds the same tensors with the same bytes. */
    boolean equalTo(MemoryCheckpoint other) {
        return length == other.length
                && infos.equals(other.infos)
                && data.keySet().stream().allMatch(name -> Arrays.equals(data.get(name), other.data.get(name)));
    }

    private TensorInfo tensor(String name) {
        TensorInfo info = infos.get(name);
        if (info == null) {
            throw new IllegalArgumentException("no tensor '" + name + "' in this checkpoint");
        }
        return info;
    }

    /** {@return the names of its tensors, in the order in which they were written} */
    public Set<String> names() {
        return infos.keySet();
    }

    /**
     * {@return the numbers of a tensor, row by row}
     *
     * @param name its name
     */
    public float[] numbers(String name) {
        TensorInfo info = tensor(name);
        ByteBuffer bytes = ByteBuffer.wrap(bytes(name)).order(ByteOrder.LITTLE_ENDIAN);
        float[] numbers = new float[(int) info.elements()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = Tensors.next(bytes, info.dtype());
        }
        return numbers;
    }

    private byte[] bytes(String name) {
        byte[] bytes = data.get(name);
        if (bytes == null) {
            throw new IllegalArgumentException("no tensor '" + name + "' in this checkpoint");
        }
        return bytes;
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public TensorInfo info(String name) {
        return tensor(name);
    }

    @Override
    public void read(String name, long offset, ByteBuffer target) {
        target.put(bytes(name), (int) offset, target.remaining());
    }
}
