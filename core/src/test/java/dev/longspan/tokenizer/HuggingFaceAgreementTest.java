package dev.longspan.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.util.Random;
import java.util.function.Supplier;
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
