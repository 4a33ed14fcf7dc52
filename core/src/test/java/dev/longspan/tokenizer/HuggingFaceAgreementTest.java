package dev.longspan.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.StringReader;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Ids and texts of every family are those of the Hugging Face library. */
class HuggingFaceAgreementTest {
    private static final int RANDOM_TEXTS = 5_000;
    private static final int NASTY_TEXTS = 500;

    @ParameterizedTest
    @EnumSource
    void randomTextsGetTheSameIds(TokenizerFamily family) {
        RandomTexts texts = new RandomTexts(family.seed());
        check(family, 0, RANDOM_TEXTS, texts::next);
    }

    @ParameterizedTest
    @EnumSource
    void nastyTextsGetTheSameIds(TokenizerFamily family) {
        RandomTexts texts = new RandomTexts(100 + family.seed());
        check(family, 0, NASTY_TEXTS, texts::nextNasty);
    }

    @ParameterizedTest
    @EnumSource
    void mergesInAnyOrderGiveTheSameIds(TokenizerFamily family) {
        RandomTexts texts = new RandomTexts(200 + family.seed());
        check(family, 1 + family.seed(), 500, texts::next);
        check(family, 50 + family.seed(), 50, texts::nextNasty);
    }

    private static void check(TokenizerFamily family, long seed, int count, Supplier<String> texts) {
        String json = family.json(seed);
        Tokenizer ours = Tokenizer.read(new StringReader(json));
        try (HuggingFace theirs = HuggingFace.of(json)) {
            for (int i = 0; i < count; i++) {
                String text = family.knownToAll(texts.get());
                int[] ids = ours.encode(text);
                assertThat(ids).as(escaped(text)).isEqualTo(theirs.encode(text, false));
                String decoded = ours.decode(ids, false);
                if (family.isReversible() && !text.contains("[")) {
                    assertThat(decoded).isEqualTo(text);
                }
                if (i % 10 == 0) {
                    assertThat(decoded).as(escaped(text)).isEqualTo(theirs.decode(ids, false));
                    assertThat(ours.decode(ids, true)).as(escaped(text)).isEqualTo(theirs.decode(ids, true));
                    int[] around = ours.encodeWithSpecialTokens(text);
                    assertThat(around).as(escaped(text)).isEqualTo(theirs.encode(text, true));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void anyIdsDecodeToTheSameText(TokenizerFamily family) {
        String json = family.json(0);
        Tokenizer ours = Tokenizer.read(new StringReader(json));
        Random random = new Random(family.seed());
        try (HuggingFace theirs = HuggingFace.of(json)) {
            for (int i = 0; i < 300; i++) {
                int[] ids = IntStream.range(0, random.nextInt(20))
                        .map(k -> random.nextInt(ours.vocabularySize()))
                        .toArray();
                assertThat(ours.decode(ids, false)).isEqualTo(theirs.decode(ids, false));
                assertThat(ours.decode(ids, true)).isEqualTo(theirs.decode(ids, true));
            }
        }
    }

    @Test
    void bytesThatAreNoUtf8DecodeToTheSameText() {
        String json = TokenizerFamily.GPT2.json(0);
        Tokenizer ours = Tokenizer.read(new StringReader(json));
        int[] borders = {0x41, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF4, 0xF5
        };
        Random random = new Random(11);
        try (HuggingFace theirs = HuggingFace.of(json)) {
            for (int i = 0; i < 3_000; i++) {
                int[] ids = IntStream.range(0, random.nextInt(8))
                        .map(k -> borders[random.nextInt(borders.length)])
                        .map(value -> ours.id(String.valueOf(ByteAlphabet.toChar(value)))
                                .orElseThrow())
                        .toArray();
                assertThat(ours.decode(ids, false)).isEqualTo(theirs.decode(ids, false));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"GPT2", "O200K", "DEEPSEEK", "LLAMA2", "GEMMA"})
    void aMillionTimesOneLetterGetsTheSameIds(TokenizerFamily family) {
        String json = family.json(0);
        String text = "a".repeat(1_000_000);
        try (HuggingFace theirs = HuggingFace.of(json)) {
            assertThat(Tokenizer.read(new StringReader(json)).encode(text)).isEqualTo(theirs.encode(text, false));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"GPT2", "METASPACE", "GEMMA"})
    void addedWhiteSpaceGetsTheSameIds(TokenizerFamily family) throws JsonProcessingException {
        Random random = new Random(family.seed());
        for (int round = 0; round < 40; round++) {
            ObjectNode root = (ObjectNode) new ObjectMapper().readTree(family.json(0));
            JsonNode vocabulary = root.get("model").get("vocab");
            int next = Tokenizer.read(new StringReader(root.toString())).vocabularySize();
            for (String content : List.of("\n", "\t", " \t", "\n\n")) {
                ObjectNode token = ((ArrayNode) root.get("added_tokens")).addObject();
                token.put(
                        "id", vocabulary.has(content) ? vocabulary.get(content).asInt() : next++);
                token.put("content", content);
                token.put("single_word", false);
                // the other library ends the process where only some of them strip
                token.put("lstrip", round % 2 == 0);
                token.put("rstrip", round % 4 < 2);
                token.put("normalized", random.nextBoolean());
                token.put("special", random.nextBoolean());
            }
            String json = root.toString();
            Tokenizer ours = Tokenizer.read(new StringReader(json));
            try (HuggingFace theirs = HuggingFace.of(json)) {
                for (int i = 0; i < 100; i++) {
                    String text = random.ints(1 + random.nextInt(9), 0, 5)
                            .mapToObj(k -> String.valueOf("\n\t ab".charAt(k)))
                            .collect(Collectors.joining());
                    assertThat(ours.encode(text))
                            .as(escaped(text) + root.get("added_tokens"))
                            .isEqualTo(theirs.encode(text, false));
                }
            }
        }
    }

    @Test
    void aMillionTabsThatTakeEachOtherAreWalkedOverOnce() {
        String json = "{'added_tokens':[{'id':1,'content':'\\t','lstrip':true,'normalized':false},"
                + "{'id':2,'content':'\\n','rstrip':true,'normalized':false}],"
                + "'model':{'vocab':{'a':0},'merges':[]}}";
        Tokenizer tokenizer = Tokenizer.read(new StringReader(json.replace('\'', '"')));

        assertThat(tokenizer.encode("\t".repeat(1_000_000))).hasSize(1_000_000).containsOnly(1);
        assertThat(tokenizer.encode("\n".repeat(1_000_000))).hasSize(1_000_000).containsOnly(2);
    }

    static String escaped(String text) {
        StringBuilder result = new StringBuilder();
        text.chars().limit(400).forEach(c -> {
            if (c >= ' ' && c < 0x7F) {
                result.append((char) c);
            } else {
                result.append(String.format("\\u%04X", c));
            }
        });
        return result.toString();
    }
}
