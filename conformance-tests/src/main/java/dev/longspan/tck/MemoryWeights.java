package dev.longspan.tck;

import dev.longspan.spi.DType;
import dev.longspan.spi.ModelLoadException;
import dev.longspan.spi.TensorInfo;
import dev.longspan.spi.WeightSource;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** Weights that are held in memory. Add all tensors first, on one thread; then any thread may read. */
public final class MemoryWeights implements WeightSource {
    private final Map<String, TensorInfo> infos = new LinkedHashMap<>();
    private final Map<String, ByteBuffer> data = new LinkedHashMap<>();

    /** Makes a source without tensors. */
    public MemoryWeights() {}

    /**
     * Adds a tensor, or replaces one.
     *
     * @param name its name
     * @param dtype F32, or BF16 or F16 to round the numbers
     * @param shape its sizes, outermost first
     * @param numbers its numbers, row by row
     * @throws IllegalArgumentException if the shape does not fit the numbers
     */
    public void put(String name, DType dtype, List<Long> shape, float[] numbers) {
        TensorInfo info = new TensorInfo(name, dtype, shape);
        if (info.elements() != numbers.length) {
            throw new IllegalArgumentException(name + ": expected " + info.elements() + " numbers for shape " + shape
                    + ", found " + numbers.length);
        }
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(info.bytes())).order(ByteOrder.LITTLE_ENDIAN);
        for (float number : numbers) {
            Tensors.put(bytes, dtype, number);
        }
        infos.put(name, info);
        data.put(name, bytes.flip());
    }

    void putRaw(TensorInfo info, ByteBuffer bytes) {
        infos.put(info.name(), info);
        data.put(info.name(), bytes);
    }

    /**
     * {@return a copy without one tensor}
     *
     * @param name the tensor to leave out
     */
    public MemoryWeights without(String name) {
        MemoryWeights copy = new MemoryWeights();
        copy.infos.putAll(infos);
        copy.data.putAll(data);
        copy.infos.remove(name);
        copy.data.remove(name);
        return copy;
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(infos.keySet());
    }

    @Override
    public TensorInfo info(String name) {
        TensorInfo info = infos.get(name);
        if (info == null) {
            throw new ModelLoadException("weights in memory", name, "expected this tensor, found none of this name");
        }
        return info;
    }

    @Override
    public void read(String name, long offset, ByteBuffer target) {
        target.put(map(name, offset, target.remaining()));
    }

    @Override
    public ByteBuffer map(String name, long offset, long length) {
        if (length > MAX_MAP_BYTES) {
            throw new IllegalArgumentException("length: expected at most " + MAX_MAP_BYTES + ", found " + length);
        }
        Objects.checkFromIndexSize(offset, length, info(name).bytes());
        ByteBuffer bytes = Objects.requireNonNull(data.get(name));
        return bytes.slice((int) offset, (int) length).asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }
}
