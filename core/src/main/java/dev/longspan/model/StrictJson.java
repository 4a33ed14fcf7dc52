package dev.longspan.model;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.spi.ModelLoadException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;

/** JSON as the files of a model may hold it: UTF-8, no key twice, nothing after the value, limits on everything. */
public final class StrictJson {
    private static final int MAX_DEPTH = 64;
    private static final int MAX_SHOWN = 80;
    private static final JsonMapper MAPPER = mapper();

    private StrictJson() {}

    private static JsonMapper mapper() {
        StreamReadConstraints limits = StreamReadConstraints.builder()
                .maxNestingDepth(MAX_DEPTH)
                .maxNumberLength(1000)
                .maxNameLength(10_000)
                .maxStringLength(FolderReader.MAX_JSON_BYTES)
                .build();
        JsonFactory factory = new JsonFactoryBuilder()
                .streamReadConstraints(limits)
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
                .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                .build();
        return JsonMapper.builder(factory)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .build();
    }

    /** A parser of UTF-8 text; malformed UTF-8 fails like malformed JSON. */
    static JsonParser parser(byte[] content) throws IOException {
        return MAPPER.createParser(
                new InputStreamReader(new ByteArrayInputStream(content), StandardCharsets.UTF_8.newDecoder()));
    }

    /**
     * Reads an object.
     *
     * @param anyNumberKey the key whose value may hold NaN or infinity; empty for none
     */
    public static ObjectNode object(String file, byte[] content, String anyNumberKey) {
        try (JsonParser parser = parser(withoutMark(content))) {
            JsonNode root = MAPPER.readTree(parser);
            if (root == null || root.isMissingNode()) {
                throw new ModelLoadException(file, "", "expected a JSON object, found an empty file");
            }
            if (!(root instanceof ObjectNode object)) {
                throw new ModelLoadException(file, "", "expected a JSON object, found " + show(root));
            }
            for (Map.Entry<String, JsonNode> entry : object.properties()) {
                if (!entry.getKey().equals(anyNumberKey)) {
                    requireFinite(file, entry.getKey(), entry.getValue());
                }
            }
            return object;
        } catch (IOException e) {
            throw malformed(file, "", e);
        }
    }

    /** Reads a number written as JSON; anything else comes back as a string. */
    static JsonNode number(String text) {
        try {
            JsonNode node = MAPPER.readTree(text);
            return node.isNumber() ? node : MAPPER.getNodeFactory().textNode(text);
        } catch (JsonProcessingException e) {
            return MAPPER.getNodeFactory().textNode(text);
        }
    }

    static JsonNode node(Object value) {
        return MAPPER.valueToTree(value);
    }

    private static void requireFinite(String file, String key, JsonNode node) {
        JsonNode tagged = node.get("__float__");
        if (tagged != null || (node.isFloatingPointNumber() && !Double.isFinite(node.doubleValue()))) {
            throw new ModelLoadException(file, key, "expected a finite number, found " + show(node));
        }
        if (node.isArray()) {
            for (int i = 0; i < node.size(); i++) {
                requireFinite(file, key + "[" + i + "]", node.get(i));
            }
        } else if (node.isObject()) {
            for (Map.Entry<String, JsonNode> entry : node.properties()) {
                requireFinite(file, key + "." + entry.getKey(), entry.getValue());
            }
        }
    }

    /**
     * The fault behind an exception of a parser.
     *
     * @param part the part of the file that was parsed; empty for all of it
     */
    static ModelLoadException malformed(String file, String part, IOException e) {
        if (e instanceof CharacterCodingException) {
            return new ModelLoadException(file, part, "expected UTF-8, found bytes that are not", e);
        }
        if (!(e instanceof JsonProcessingException json)) {
            return FolderReader.unreadable(file, e);
        }
        JsonLocation place = json.getLocation();
        String line = place == null ? "" : "line " + place.getLineNr() + ", column " + place.getColumnNr();
        String item = part.isEmpty() || line.isEmpty() ? part + line : part + ", " + line;
        return new ModelLoadException(file, item, "expected JSON, found a fault: " + json.getOriginalMessage(), e);
    }

    /** A byte order mark may stand before a text; it is no part of it. */
    private static byte[] withoutMark(byte[] content) {
        boolean marked = content.length >= 3
                && content[0] == (byte) 0xEF
                && content[1] == (byte) 0xBB
                && content[2] == (byte) 0xBF;
        return marked ? Arrays.copyOfRange(content, 3, content.length) : content;
    }

    static String text(String file, byte[] content) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(withoutMark(content)))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new ModelLoadException(file, "", "expected UTF-8, found bytes that are not", e);
        }
    }

    /** A value as an error shows it. */
    public static String show(JsonNode node) {
        String text = node.toString();
        return text.length() <= MAX_SHOWN ? text : text.substring(0, MAX_SHOWN) + "…";
    }
}
