package dev.longspan.reference;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.longspan.spi.DType;
import dev.longspan.spi.ModelLoadException;
import dev.longspan.spi.TensorInfo;
import dev.longspan.spi.WeightSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A safetensors file in memory. */
final class Safetensors implements WeightSource {
    private final Map<String, TensorInfo> infos = new HashMap<>();
    private final Map<String, Integer> starts = new HashMap<>();
    private final ByteBuffer data;

    Safetensors(byte[] file) throws IOException {
        ByteBuffer all = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        int header = (int) all.getLong();
        JsonNode root = new ObjectMapper().readTree(file, 8, header);
        root.properties().forEach(entry -> {
            if (!entry.getKey().equals("__metadata__")) {
                List<Long> shape = new ArrayList<>();
                entry.getValue().get("shape").forEach(size -> shape.add(size.asLong()));
                DType dtype = DType.valueOf(entry.getValue().get("dtype").asText());
                infos.put(entry.getKey(), new TensorInfo(entry.getKey(), dtype, shape));
                starts.put(
                        entry.getKey(),
                        entry.getValue().get("data_offsets").get(0).asInt());
            }
        });
        data = all.position(8 + header).slice();
    }

    @Override
    public Set<String> names() {
        return infos.keySet();
    }

    @Override
    public TensorInfo info(String name) {
        TensorInfo info = infos.get(name);
        if (info == null) {
            throw new ModelLoadException("test", name, "missing");
        }
        return info;
    }

    @Override
    public void read(String name, long offset, ByteBuffer target) {
        int length = target.remaining();
        if (offset + length > info(name).bytes()) {
            throw new IndexOutOfBoundsException(name);
        }
        target.put(data.slice(starts.get(name) + (int) offset, length));
    }

    @Override
    public ByteBuffer map(String name, long offset, long length) {
        throw new AssertionError("the reference maps nothing");
    }
}
