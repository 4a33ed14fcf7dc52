package dev.longspan.tokenizer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.longspan.spi.ModelLoadException;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads a tokenizer.json in one pass; the vocabulary and the merges never exist as a tree. */
final class TokenizerReader {
    static final String FILE = "tokenizer.json";

    private final Map<String, JsonItem> parts = new HashMap<>();
    private final Map<String, JsonItem> modelParts = new HashMap<>();
    private final Vocabulary vocabulary = new Vocabulary();
    private int modelTokens;
    private boolean vocabularyRead;
    private boolean mergesRead;
    private final List<String> waitingMerges = new ArrayList<>();
    private final MergeTable merges = new MergeTable();
    private int mergeCount;

    private TokenizerReader() {}

    /**
     * Reads the whole file.
     *
     * @throws ModelLoadException if the file is broken or asks for something that is not known here
     */
    static TokenizerReader read(Reader source) {
        TokenizerReader reader = new TokenizerReader();
        JsonFactory factory = JsonFactory.builder()
                .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                .build();
        ObjectMapper mapper = JsonMapper.builder(factory).build();
        try (JsonParser parser = mapper.createParser(source)) {
            reader.readFile(parser);
        } catch (IOException e) {
            throw unreadable(e);
        }
        return reader;
    }

    /** The fault behind an exception of a reader or a parser. */
    static ModelLoadException unreadable(IOException e) {
        if (e instanceof CharacterCodingException) {
            return new ModelLoadException(FILE, "", "expected UTF-8, found bytes that are not", e);
        }
        if (e instanceof JsonProcessingException json) {
            JsonLocation place = json.getLocation();
            String item = place == null ? "" : "line " + place.getLineNr() + ", column " + place.getColumnNr();
            return new ModelLoadException(FILE, item, "expected JSON, found a fault: " + json.getOriginalMessage(), e);
        }
        return new ModelLoadException(FILE, "", "cannot be read: " + e, e);
    }

    /** {@return a part of the file, or null if it is absent or null} */
    @Nullable
    JsonItem part(String name) {
        return parts.get(name);
    }

    /** {@return a part of the model, or null if it is absent or null} */
    @Nullable
    JsonItem modelPart(String name) {
        return modelParts.get(name);
    }

    /** {@return the model's tokens; the added ones come to them later} */
    Vocabulary vocabulary() {
        return vocabulary;
    }

    /** {@return one more than the largest id of a token of the model itself} */
    int modelTokens() {
        return modelTokens;
    }

    MergeTable merges() {
        return merges;
    }

    private void readFile(JsonParser parser) throws IOException {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw new ModelLoadException(FILE, "", "expected an object");
        }
        boolean modelRead = false;
        for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
            parser.nextToken();
            if (name.equals("model")) {
                readModel(parser);
                modelRead = true;
            } else {
                readPart(parser, name, name, parts);
            }
        }
        if (!modelRead) {
            throw new ModelLoadException(FILE, "model", "is missing");
        }
        if (parser.nextToken() != null) {
            throw new ModelLoadException(FILE, "", "goes on behind its end");
        }
    }

    private static void readPart(JsonParser parser, String name, String path, Map<String, JsonItem> target)
            throws IOException {
        JsonNode value = parser.readValueAsTree();
        if (value != null && !value.isNull() && target.put(name, new JsonItem(value, path)) != null) {
            throw new ModelLoadException(FILE, path, "is there twice");
        }
    }

    private void readModel(JsonParser parser) throws IOException {
        if (parser.currentToken() != JsonToken.START_OBJECT || vocabularyRead || mergesRead) {
            throw new ModelLoadException(FILE, "model", "expected one object");
        }
        for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
            JsonToken start = parser.nextToken();
            switch (name) {
                case "vocab" -> readVocabulary(parser, start);
                case "merges" -> readMerges(parser, start);
                default -> readPart(parser, name, "model." + name, modelParts);
            }
        }
        if (!vocabularyRead || !mergesRead) {
            throw new ModelLoadException(FILE, vocabularyRead ? "model.merges" : "model.vocab", "is missing");
        }
        for (int i = 0; i < waitingMerges.size(); i += 2) {
            addMerge(waitingMerges.get(i), waitingMerges.get(i + 1));
        }
        waitingMerges.clear();
    }

    private void readVocabulary(JsonParser parser, JsonToken start) throws IOException {
        String key = "model.vocab";
        if (start != JsonToken.START_OBJECT || vocabularyRead) {
            String type = modelParts.containsKey("type")
                    ? " (the model is " + modelParts.get("type").node() + ")"
                    : "";
            throw new ModelLoadException(FILE, key, "expected one object of tokens and their ids" + type);
        }
        for (String token = parser.nextFieldName(); token != null; token = parser.nextFieldName()) {
            if (parser.nextToken() != JsonToken.VALUE_NUMBER_INT) {
                throw new ModelLoadException(FILE, key, "expected an integer as the id of " + token);
            }
            vocabulary.add(token, parser.getLongValue(), key);
        }
        modelTokens = vocabulary.end();
        vocabularyRead = true;
    }

    private void readMerges(JsonParser parser, JsonToken start) throws IOException {
        if (start != JsonToken.START_ARRAY || mergesRead) {
            throw new ModelLoadException(FILE, "model.merges", "expected one array");
        }
        for (JsonToken token = parser.nextToken(); token != JsonToken.END_ARRAY; token = parser.nextToken()) {
            if (token == JsonToken.VALUE_STRING) {
                readMergeText(parser.getText());
            } else if (token == JsonToken.START_ARRAY) {
                readMergePair(parser);
            } else {
                throw mergeFault();
            }
        }
        mergesRead = true;
    }

    private void readMergeText(String text) {
        if (text.startsWith("#version")) {
            return;
        }
        int space = text.indexOf(' ');
        if (space < 0 || text.indexOf(' ', space + 1) >= 0) {
            throw mergeFault();
        }
        addMerge(text.substring(0, space), text.substring(space + 1));
    }

    private void readMergePair(JsonParser parser) throws IOException {
        String left = parser.nextTextValue();
        String right = left == null ? null : parser.nextTextValue();
        if (left == null || right == null || parser.nextToken() != JsonToken.END_ARRAY) {
            throw mergeFault();
        }
        addMerge(left, right);
    }

    private ModelLoadException mergeFault() {
        return new ModelLoadException(
                FILE,
                "model.merges[" + mergeCount + "]",
                "expected two tokens with a space between or an array of two");
    }

    private void addMerge(String left, String right) {
        if (!vocabularyRead) {
            waitingMerges.add(left);
            waitingMerges.add(right);
            return;
        }
        merges.add(mergeId(left), mergeId(right), mergeCount, mergeId(left + right));
        mergeCount++;
    }

    private int mergeId(String token) {
        int id = vocabulary.id(token);
        if (id < 0) {
            throw new ModelLoadException(
                    FILE, "model.merges[" + mergeCount + "]", "the token " + token + " is not in model.vocab");
        }
        return id;
    }
}
