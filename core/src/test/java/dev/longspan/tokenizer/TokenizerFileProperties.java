package dev.longspan.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.spi.ModelLoadException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Whatever a file says, it is read or refused with a {@link ModelLoadException}. */
class TokenizerFileProperties {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> VALUES = List.of(
            "null",
            "true",
            "-1",
            "1e99",
            "2147483648",
            "4194303",
            "\"\"",
            "\"a\"",
            "\"\\ud800\"",
            "\"Sequence\"",
            "\"ByteLevel\"",
            "\"Metaspace\"",
            "\"Split\"",
            "\"\\\\p{\"",
            "\"(?:a+)+b\"",
            "[]",
            "[[]]",
            "{}",
            "[\"a\",\"b\"]",
            "{\"type\":\"NFC\"}",
            "{\"Regex\":\"\\\\s+\"}",
            "{\"String\":\"\\u2581\"}");

    private final List<String> files = List.of(
            TokenizerFamily.GEMMA.json(0),
            TokenizerFamily.LLAMA3.json(0),
            TokenizerFamily.WORDS.json(0),
            TokenizerFamily.INVERTED.json(0),
            TokenizerFamily.METASPACE_WORDS.json(0));

    @Property(tries = 1000)
    void changedValuesAreReadOrRefused(@ForAll @IntRange(max = 4) int file, @ForAll long seed)
            throws JsonProcessingException {
        Random random = new Random(seed);
        JsonNode root = JSON.readTree(files.get(file));
        for (int i = 0; i <= random.nextInt(3); i++) {
            change(root, random);
        }
        readOrRefuse(JSON.writeValueAsString(root));
    }

    @Property(tries = 1000)
    void changedCharactersAreReadOrRefused(@ForAll @IntRange(max = 4) int file, @ForAll long seed) {
        Random random = new Random(seed);
        StringBuilder text = new StringBuilder(files.get(file));
        for (int i = 0; i <= random.nextInt(4); i++) {
            int at = random.nextInt(text.length());
            switch (random.nextInt(3)) {
                case 0 -> text.setCharAt(at, (char) random.nextInt(0x80));
                case 1 -> text.delete(at, Math.min(text.length() - 1, at + 1 + random.nextInt(20)));
                default -> text.insert(at, "{}[]\",:0\\9".charAt(random.nextInt(10)));
            }
        }
        readOrRefuse(text.toString());
    }

    private static void readOrRefuse(String file) {
        try {
            Tokenizer tokenizer = Tokenizer.read(new StringReader(file));
            int[] ids = tokenizer.encode(" a \u00E9\uD83D\uDE00 <s>12");
            assertThat(tokenizer.decode(ids, false)).isNotNull();
        } catch (ModelLoadException e) {
            assertThat(e).hasMessageStartingWith("tokenizer.json: ");
        }
    }

    /** Puts another value in a random place, small parts of the file more often than its large ones. */
    private static void change(JsonNode root, Random random) throws JsonProcessingException {
        JsonNode at = root;
        while (true) {
            JsonNode value = JSON.readTree(VALUES.get(random.nextInt(VALUES.size())));
            if (at.isObject() && !at.isEmpty()) {
                List<String> names = new ArrayList<>();
                at.fieldNames().forEachRemaining(names::add);
                String name = names.get(random.nextInt(names.size()));
                if (!at.get(name).isContainerNode() || random.nextInt(3) == 0) {
                    ((ObjectNode) at).set(name, value);
                    return;
                }
                at = at.get(name);
            } else if (at.isArray() && !at.isEmpty()) {
                int index = random.nextInt(at.size());
                if (!at.get(index).isContainerNode() || random.nextInt(3) == 0) {
                    ((ArrayNode) at).set(index, value);
                    return;
                }
                at = at.get(index);
            } else {
                return;
            }
        }
    }
}
