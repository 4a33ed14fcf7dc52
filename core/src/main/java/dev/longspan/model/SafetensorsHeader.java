package dev.longspan.model;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.longspan.spi.ModelLoadException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the header of a safetensors file: eight bytes of length, little-endian, then a JSON object from tensor names to
 * data type, shape and place, then the tensors' bytes without holes.
 */
public final class SafetensorsHeader {
    /** The length field in front of the header. */
    public static final int LENGTH_BYTES = 8;

    /** The largest header that is read, as in the format's own library. */
    static final int MAX_BYTES = 100_000_000;

    private static final int MAX_RANK = 16;
    private static final String METADATA = "__metadata__";
    private static final Map<String, Integer> SIZES = Map.ofEntries(
            Map.entry("BOOL", 1),
            Map.entry("U8", 1),
            Map.entry("I8", 1),
            Map.entry("F8_E5M2", 1),
            Map.entry("F8_E4M3", 1),
            Map.entry("F8_E8M0", 1),
            Map.entry("I16", 2),
            Map.entry("U16", 2),
            Map.entry("F16", 2),
            Map.entry("BF16", 2),
            Map.entry("I32", 4),
            Map.entry("U32", 4),
            Map.entry("F32", 4),
            Map.entry("I64", 8),
            Map.entry("U64", 8),
            Map.entry("F64", 8),
            Map.entry("C64", 8));

    private final String file;
    private final long dataStart;
    private final long dataBytes;
    private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();

    /**
     * What a header says.
     *
     * @param tensors the tensors by name, in the header's order
     * @param metadata the texts of {@code __metadata__}; what is no text there is left out
     */
    public record Contents(Map<String, StoredTensor> tensors, Map<String, String> metadata) {
        /** Guards the components against changes. */
        public Contents {
            tensors = Collections.unmodifiableMap(tensors);
            metadata = Collections.unmodifiableMap(metadata);
        }
    }

    private SafetensorsHeader(String file, long dataStart, long dataBytes) {
        this.file = file;
        this.dataStart = dataStart;
        this.dataBytes = dataBytes;
    }

    /**
     * Reads a header.
     *
     * @param file the file's name
     * @param header the JSON object's bytes
     * @param fileBytes the size of the whole file
     * @return what it says
     */
    public static Contents read(String file, byte[] header, long fileBytes) {
        long dataStart = LENGTH_BYTES + (long) header.length;
        SafetensorsHeader reader = new SafetensorsHeader(file, dataStart, fileBytes - dataStart);
        try (JsonParser parser = StrictJson.parser(header)) {
            reader.entries(parser);
        } catch (IOException e) {
            throw StrictJson.malformed(file, "header", e);
        }
        reader.requireNoHoles();
        return new Contents(reader.tensors, reader.metadata);
    }

    /** Checks the length field against the file. */
    public static int requireLength(String file, long length, long fileBytes) {
        long rest = fileBytes - LENGTH_BYTES;
        if (length < 2 || length > rest) {
            throw new ModelLoadException(
                    file,
                    "header length",
                    "expected 2 to " + rest + " bytes, as the file has no more, found "
                            + Long.toUnsignedString(length));
        }
        if (length > MAX_BYTES) {
            throw new ModelLoadException(
                    file, "header length", "expected at most " + MAX_BYTES + " bytes, found " + length);
        }
        return (int) length;
    }

    private ModelLoadException fault(String tensor, String problem) {
        return new ModelLoadException(file, tensor, problem);
    }

    private void entries(JsonParser parser) throws IOException {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw fault("header", "expected a JSON object, found " + parser.currentToken());
        }
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            parser.nextToken();
            if (name.equals(METADATA)) {
                metadata(parser);
            } else if (tensors.size() == ModelConfigReader.MAX_TENSORS) {
                throw fault("header", "expected at most " + ModelConfigReader.MAX_TENSORS + " tensors, found more");
            } else {
                tensors.put(name, entry(parser, name));
            }
        }
        if (parser.nextToken() != null) {
            throw fault("header", "expected nothing but spaces after the JSON object, found " + parser.currentToken());
        }
    }

    private void metadata(JsonParser parser) throws IOException {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            parser.skipChildren();
            return;
        }
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String key = parser.currentName();
            if (parser.nextToken() == JsonToken.VALUE_STRING) {
                metadata.put(key, parser.getText());
            } else {
                parser.skipChildren();
            }
        }
    }

    private StoredTensor entry(JsonParser parser, String name) throws IOException {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            throw fault(name, "expected an object with dtype, shape and data_offsets, found " + parser.currentToken());
        }
        String dtype = null;
        List<Long> shape = null;
        List<Long> offsets = null;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String key = parser.currentName();
            JsonToken value = parser.nextToken();
            switch (key) {
                case "dtype" -> {
                    if (value != JsonToken.VALUE_STRING) {
                        throw fault(name, "expected dtype as a string, found " + value);
                    }
                    dtype = parser.getText();
                }
                case "shape" -> shape = sizes(parser, name, key);
                case "data_offsets" -> offsets = sizes(parser, name, key);
                default -> parser.skipChildren();
            }
        }
        if (dtype == null || shape == null || offsets == null) {
            String missing = dtype == null ? "dtype" : shape == null ? "shape" : "data_offsets";
            throw fault(name, "expected dtype, shape and data_offsets, found no " + missing);
        }
        return tensor(name, dtype, shape, offsets);
    }

    private List<Long> sizes(JsonParser parser, String name, String key) throws IOException {
        if (parser.currentToken() != JsonToken.START_ARRAY) {
            throw fault(name, "expected " + key + " as a list of whole numbers, found " + parser.currentToken());
        }
        List<Long> sizes = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT
                    || parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
                    || parser.getLongValue() < 0) {
                throw fault(
                        name,
                        "expected " + key + " as a list of whole numbers of at least 0, found "
                                + shown(parser.getText()));
            }
            sizes.add(parser.getLongValue());
            if (sizes.size() > MAX_RANK) {
                throw fault(name, "expected " + key + " with at most " + MAX_RANK + " numbers, found more");
            }
        }
        return sizes;
    }

    private static String shown(@Nullable String text) {
        return text == null || text.length() <= 40 ? String.valueOf(text) : text.substring(0, 40) + "…";
    }

    private StoredTensor tensor(String name, String dtype, List<Long> shape, List<Long> offsets) {
        if (offsets.size() != 2 || offsets.get(0) > offsets.get(1) || offsets.get(1) > dataBytes) {
            throw fault(
                    name,
                    "expected data_offsets [begin, end] with begin <= end <= " + dataBytes
                            + ", the bytes behind the header, found " + offsets);
        }
        long bytes = offsets.get(1) - offsets.get(0);
        Integer size = SIZES.get(dtype);
        // the size of types that are not known here is not known either; such a tensor can only be ignored
        if (size != null && bytes != expectedBytes(name, size, shape)) {
            throw fault(
                    name,
                    "expected " + expectedBytes(name, size, shape) + " bytes for " + dtype + " of shape " + shape
                            + ", found data_offsets " + offsets + " of " + bytes);
        }
        return new StoredTensor(file, name, dtype, shape, dataStart + offsets.get(0), bytes);
    }

    private long expectedBytes(String name, int size, List<Long> shape) {
        if (shape.contains(0L)) {
            return 0;
        }
        long bytes = size;
        for (long each : shape) {
            if (bytes > Long.MAX_VALUE / each) {
                throw fault(name, "expected a shape with fewer numbers, found " + shape);
            }
            bytes *= each;
        }
        return bytes;
    }

    private void requireNoHoles() {
        List<StoredTensor> ordered = new ArrayList<>(tensors.values());
        ordered.sort(Comparator.comparingLong(StoredTensor::position).thenComparingLong(StoredTensor::bytes));
        long end = dataStart;
        String before = "the header";
        for (StoredTensor tensor : ordered) {
            if (tensor.position() != end) {
                String fault = tensor.position() < end ? "overlaps " : "leaves a hole behind ";
                throw fault(
                        tensor.name(),
                        "expected data_offsets that begin at " + (end - dataStart) + ", found "
                                + (tensor.position() - dataStart) + ", which " + fault + before);
            }
            end = tensor.position() + tensor.bytes();
            before = tensor.name();
        }
        if (end != dataStart + dataBytes) {
            throw fault(
                    "",
                    "expected the tensors to end with the file at " + (dataStart + dataBytes)
                            + ", found that they end at " + end);
        }
    }
}
