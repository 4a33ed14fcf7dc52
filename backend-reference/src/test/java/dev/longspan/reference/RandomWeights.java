package dev.longspan.reference;

import dev.longspan.spi.DType;
import dev.longspan.spi.ModelLoadException;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.TensorInfo;
import dev.longspan.spi.WeightSource;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** Random weights of a network, in float32, to be changed by tests. */
final class RandomWeights implements WeightSource {
    private final Map<String, float[]> tensors = new HashMap<>();
    private final Map<String, List<Long>> shapes = new HashMap<>();

    RandomWeights(ModelSpec spec, long seed) {
        Random random = new Random(seed);
        for (ModelSpec.Tensor tensor : spec.tensors()) {
            TensorInfo info = new TensorInfo(tensor.name(), DType.F32, tensor.shape());
            float[] values = new float[(int) info.elements()];
            long inputs = tensor.shape().get(tensor.shape().size() - 1);
            boolean norm =
                    tensor.name().endsWith("norm.weight") || tensor.name().endsWith("norm_f.weight");
            for (int i = 0; i < values.length; i++) {
                float number = (float) random.nextGaussian();
                values[i] = norm
                        ? 1 + 0.1f * number
                        : tensor.shape().size() == 1 ? 0.5f * number : number / (float) Math.sqrt((double) inputs);
            }
            tensors.put(tensor.name(), values);
            shapes.put(tensor.name(), tensor.shape());
        }
    }

    float[] tensor(String name) {
        return tensors.get(name);
    }

    void remove(String name) {
        tensors.remove(name);
    }

    void reshape(String name, Long... shape) {
        shapes.put(name, List.of(shape));
    }

    @Override
    public Set<String> names() {
        return tensors.keySet();
    }

    @Override
    public TensorInfo info(String name) {
        if (!tensors.containsKey(name)) {
            throw new ModelLoadException("test", name, "missing");
        }
        return new TensorInfo(name, DType.F32, shapes.get(name));
    }

    @Override
    public void read(String name, long offset, ByteBuffer target) {
        ByteBuffer bytes = ByteBuffer.allocate(target.remaining()).order(ByteOrder.LITTLE_ENDIAN);
        int first = (int) (offset / Float.BYTES);
        for (int i = 0; bytes.hasRemaining(); i++) {
            bytes.putFloat(tensors.get(name)[first + i]);
        }
        target.put(bytes.flip());
    }

    @Override
    public ByteBuffer map(String name, long offset, long length) {
        throw new AssertionError("the reference maps nothing");
    }
}
