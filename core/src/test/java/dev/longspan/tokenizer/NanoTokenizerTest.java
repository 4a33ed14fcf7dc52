package dev.longspan.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The demo model's tokenizer against the ids and texts that the Hugging Face library gave. */
class NanoTokenizerTest {
    private static final Path MODEL = Path.of(System.getProperty("longspan.root"), "nano-model", "model");
    private static final Tokenizer NANO = Tokenizer.load(MODEL.resolve("tokenizer.json"));

    private static JsonNode golden(String name) throws IOException {
        return new ObjectMapper().readTree(MODEL.resolve("golden").resolve(name).toFile());
    }

    private static int[] ids(JsonNode node) {
        return IntStream.range(0, node.size()).map(i -> node.get(i).intValue()).toArray();
    }

    @TestFactory
    java.util.stream.Stream<DynamicTest> textsAreEncodedAndDecodedAsRecorded() throws IOException {
        JsonNode cases = golden("tokenizer.json");
        assertThat(cases).hasSizeGreaterThan(100);
        return IntStream.range(0, cases.size())
                .mapToObj(cases::get)
                .map(golden -> DynamicTest.dynamicTest(golden.get("text").toString(), () -> {
                    int[] ids = ids(golden.get("ids"));
                    assertThat(NANO.encode(golden.get("text").textValue())).isEqualTo(ids);
                    assertThat(NANO.decode(ids, false))
                            .isEqualTo(golden.get("decoded").textValue());
                    assertThat(NANO.decode(ids, true))
                            .isEqualTo(golden.get("decoded_without_special").textValue());
                }));
    }

    @TestFactory
    java.util.stream.Stream<DynamicTest> renderedChatsAreEncodedAsRecorded() throws IOException {
        JsonNode cases = golden("templates.json");
        assertThat(cases).hasSizeGreaterThan(10);
        return IntStream.range(0, cases.size())
                .mapToObj(cases::get)
                .map(golden -> DynamicTest.dynamicTest(
                        golden.get("name").textValue(),
                        () -> assertThat(NANO.encode(golden.get("rendered").textValue()))
                                .isEqualTo(ids(golden.get("ids")))));
    }

    @Test
    void knowsItsTokens() {
        assertThat(NANO.vocabularySize()).isEqualTo(1024);
        assertThat(NANO.id("<|im_end|>")).hasValue(2);
        assertThat(NANO.token(2)).isEqualTo("<|im_end|>");
        assertThat(NANO.isSpecial(2)).isTrue();
        assertThat(NANO.isSpecial(3)).isFalse();
        assertThat(NANO.bytes(3)).isEqualTo("<think>".getBytes(StandardCharsets.UTF_8));
        assertThat(NANO.bytes(285)).isEqualTo(" a".getBytes(StandardCharsets.UTF_8));
        assertThat(NANO.token(1024)).isNull();
        assertThat(NANO.bytes(1024)).isEmpty();
        assertThat(NANO.id("no such token")).isEmpty();
    }
}
