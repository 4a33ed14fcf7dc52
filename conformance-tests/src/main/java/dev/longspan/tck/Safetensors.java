package dev.longspan.tck;

import dev.longspan.spi.DType;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.TensorInfo;
import dev.longspan.spi.WeightSource;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The bytes of a small safetensors file. */
final class Safetensors {
    private Safetensors() {}

    /** All tensors of a model in one file. */
    static byte[] write(ModelSpec spec, WeightSource weights) {
        StringBuilder header = new StringBuilder("{\"__metadata__\":{\"format\":\"pt\"}");
        long offset = 0;
        for (ModelSpec.Tensor tensor : spec.tensors()) {
            TensorInfo info = weights.info(tensor.name());
            header.append(",\"").append(info.name()).append("\":{\"dtype\":\"").append(info.dtype());
            header.append("\",\"shape\":").append(info.shape().toString().replace(" ", ""));
            header.append(",\"data_offsets\":[")
                    .append(offset)
                    .append(',')
                    .append(offset + info.bytes())
                    .append("]}");
            offset += info.bytes();
        }
        header.append('}');
        while (header.length() % 8 != 0) {
            header.append(' ');
        }
        ByteBuffer file = ByteBuffer.allocate(Math.toIntExact(8 + header.length() + offset))
                .order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(header.length());
        file.put(header.toString().getBytes(StandardCharsets.US_ASCII));
        for (ModelSpec.Tensor tensor : spec.tensors()) {
            file.put(weights.map(tensor.name(), 0, weights.info(tensor.name()).bytes()));
        }
        return file.array();
    }

    /** The tensors of a file, under the names they have there. Trusts the file. */
    static MemoryWeights read(byte[] bytes) {
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int size = Math.toIntExact(file.getLong());
        Map<String, @Nullable Object> header =
                Json.object(Json.parse(new String(bytes, 8, size, StandardCharsets.UTF_8)));
        MemoryWeights weights = new MemoryWeights();
        header.forEach((name, value) -> {
            if (!name.equals("__metadata__")) {
                Map<String, @Nullable Object> entry = Json.object(value);
                List<Long> shape = new ArrayList<>();
                Json.array(entry.get("shape"))
                        .forEach(n -> shape.add((long) Json.number(n).asInt()));
                TensorInfo info = new TensorInfo(name, DType.valueOf(Json.string(entry.get("dtype"))), shape);
                int from = Json.number(Json.array(entry.get("data_offsets")).get(0))
                        .asInt();
                weights.putRaw(info, file.slice(8 + size + from, Math.toIntExact(info.bytes())));
            }
        });
        return weights;
    }
}
