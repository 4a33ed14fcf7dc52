package dev.longspan.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.spi.ModelLoadException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.assertj.core.api.Assertions;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** A model's folder that a test makes and spoils. */
final class TestFolder {
    static final Path NANO = Path.of(System.getProperty("longspan.root"), "nano-model", "model");

    private static final ObjectMapper MAPPER = new ObjectMapper();

    final Path path;

    private TestFolder(Path path) {
        this.path = path;
    }

    /** A copy of the nano model without its weights. */
    static TestFolder withoutWeights(Path path) {
        TestFolder folder = new TestFolder(path);
        for (String name : List.of(
                "config.json",
                "generation_config.json",
                "tokenizer.json",
                "tokenizer_config.json",
                "special_tokens_map.json",
                "chat_template.jinja")) {
            folder.write(name, bytes(NANO.resolve(name)));
        }
        return folder;
    }

    TestFolder write(String name, String text) {
        return write(name, text.getBytes(StandardCharsets.UTF_8));
    }

    TestFolder write(String name, byte[] bytes) {
        try {
            Path file = path.resolve(name);
            Files.createDirectories(file.getParent());
            Files.write(file, bytes);
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    TestFolder delete(String name) {
        try {
            Files.delete(path.resolve(name));
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Changes a JSON file. */
    TestFolder edit(String name, Consumer<ObjectNode> change) {
        try {
            ObjectNode root = (ObjectNode) MAPPER.readTree(bytes(path.resolve(name)));
            change.accept(root);
            return write(name, root.toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sets a key of config.json to a value written as JSON, NaN and Infinity included. */
    TestFolder config(String key, String json) {
        String text = new String(bytes(NANO.resolve("config.json")), StandardCharsets.UTF_8);
        String end = text.strip();
        ObjectNode root;
        try {
            root = (ObjectNode) MAPPER.readTree(end);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        root.remove(key);
        String rest = root.toString();
        return write("config.json", rest.substring(0, rest.length() - 1) + ",\"" + key + "\":" + json + "}");
    }

    ModelConfig config() {
        return ModelFolder.open(path).config();
    }

    Weights weights() {
        return ModelFolder.open(path).openWeights();
    }

    static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The nano model's tensors. */
    static Map<String, TestTensor> nanoTensors() {
        try {
            byte[] all = bytes(NANO.resolve("model.safetensors"));
            int length =
                    (int) ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
            JsonNode header = MAPPER.readTree(new String(all, 8, length, StandardCharsets.UTF_8));
            Map<String, TestTensor> tensors = new LinkedHashMap<>();
            for (Map.Entry<String, JsonNode> entry : header.properties()) {
                if (entry.getKey().equals("__metadata__")) {
                    continue;
                }
                JsonNode value = entry.getValue();
                List<Long> shape = MAPPER.convertValue(
                        value.get("shape"), MAPPER.getTypeFactory().constructCollectionType(List.class, Long.class));
                int begin = value.get("data_offsets").get(0).intValue();
                int end = value.get("data_offsets").get(1).intValue();
                byte[] content = Arrays.copyOfRange(all, 8 + length + begin, 8 + length + end);
                tensors.put(entry.getKey(), new TestTensor(value.get("dtype").textValue(), shape, content));
            }
            return tensors;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes tensors one behind the other. */
    TestFolder safetensors(String name, Map<String, TestTensor> tensors) {
        ObjectNode header = MAPPER.createObjectNode();
        header.putObject("__metadata__").put("format", "pt");
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        tensors.forEach((key, tensor) -> {
            ObjectNode entry = header.putObject(key);
            entry.put("dtype", tensor.dtype());
            tensor.shape().forEach(entry.withArray("shape")::add);
            if (tensor.shape().isEmpty()) {
                entry.putArray("shape");
            }
            entry.putArray("data_offsets").add(data.size()).add(data.size() + tensor.bytes().length);
            data.writeBytes(tensor.bytes());
        });
        return write(name, file(header.toString(), data.toByteArray()));
    }

    /** A safetensors file of a header and what follows it. */
    static byte[] file(String header, byte[] data) {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + text.length + data.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(text.length)
                .put(text)
                .put(data)
                .array();
    }

    /** Asserts that a call fails with a fault of a file and item, and that the message has some words. */
    static void assertFault(String file, String item, ThrowingCallable call, String... words) {
        Assertions.assertThatThrownBy(call).isInstanceOfSatisfying(ModelLoadException.class, e -> {
            Assertions.assertThat(e.file()).isEqualTo(file);
            Assertions.assertThat(e.item()).isEqualTo(item);
            Assertions.assertThat(e.getMessage()).contains(file).contains(item).contains(words);
        });
    }
}
