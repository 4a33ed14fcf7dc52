package dev.longspan.http.wire;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Reads JSON objects strictly: whole ones in UTF-8, no name twice, not too deep. Numbers keep all their digits. Any thread. */
public final class StrictJson {
    private final int depth;
    private final ObjectMapper mapper;

    /**
     * Makes a reader.
     *
     * @param depth how deep objects and arrays may be nested
     */
    public StrictJson(int depth) {
        this.depth = depth;
        this.mapper = JsonMapper.builder(JsonFactory.builder()
                        .streamReadConstraints(StreamReadConstraints.builder()
                                .maxNestingDepth(depth)
                                .maxStringLength(Integer.MAX_VALUE)
                                .build())
                        .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                        .build())
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
                .build();
    }

    /**
     * {@return the object that a body is}
     *
     * @param body UTF-8; an empty one is an object without members
     * @throws ApiError if it is anything else
     */
    public ObjectNode body(byte[] body) {
        if (body.length == 0) {
            return Json.object();
        }
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(body))
                    .toString();
        } catch (CharacterCodingException e) {
            throw malformed("the body is not UTF-8");
        }
        return object(text, "the body");
    }

    /** {@return why a text is not an object; empty if it is one, or has nothing in it} */
    public Optional<String> problem(String text) {
        try {
            if (!text.isBlank()) {
                object(text, "the text");
            }
            return Optional.empty();
        } catch (ApiError e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    private ObjectNode object(String text, String what) {
        JsonNode node;
        try {
            node = mapper.readTree(text);
        } catch (StreamConstraintsException e) {
            throw malformed(what + " goes beyond a limit: it may be nested " + depth + " deep, numbers have up to "
                    + StreamReadConstraints.DEFAULT_MAX_NUM_LEN + " digits, and names up to "
                    + StreamReadConstraints.DEFAULT_MAX_NAME_LEN + " characters");
        } catch (JsonProcessingException e) {
            throw malformed(what + " is not JSON: " + problem(e));
        } catch (NumberFormatException | ArithmeticException e) { // which the parser leaves as they are
            throw malformed(what + " goes beyond a limit: exponents of numbers are in the range of an int");
        }
        if (node instanceof ObjectNode object) {
            return object;
        }
        throw malformed("expected " + what + " to be a JSON object, found " + Fields.kind(node));
    }

    private static ApiError malformed(String message) {
        return new ApiError(400, ApiError.Type.INVALID_REQUEST, "invalid_json", null, message);
    }

    private static String problem(JsonProcessingException e) {
        String place = e.getLocation() == null
                ? ""
                : " (line " + e.getLocation().getLineNr() + ", column "
                        + e.getLocation().getColumnNr() + ")";
        String message = e.getOriginalMessage();
        int end = message.indexOf('\n');
        String line = end < 0 ? message : message.substring(0, end);
        // what the parser says of its own classes is nobody's business
        return (line.contains("com.fasterxml") || line.contains("Feature") ? "malformed" : line) + place;
    }
}
