package dev.longspan.tokenizer;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** Texts of all scripts and of what trips tokenizers up; the same for the same seed. */
final class RandomTexts {
    private static final String[] PARTS = {
        " ",
        "  ",
        "   ",
        "\n",
        "\r\n",
        "\r",
        "\t",
        "\u00A0",
        "\u3000",
        "\u2028",
        "\u0085",
        "\u200B",
        "\u200D",
        "\uFEFF",
        "'s",
        "'S",
        "'t",
        "'LL",
        "'ll",
        "'re",
        "'Ve",
        "'d",
        "'\u017F",
        "\u2019s",
        "don't",
        "I'M",
        "WE'RE",
        "s",
        "K",
        "\u212A",
        "1",
        "12",
        "1234",
        "2024-01-31",
        "\u0661\u0662",
        "\u2167",
        "\u00BD",
        "3.14",
        "0x1F",
        "the",
        "The",
        " the",
        "THE",
        " token",
        "camelCase",
        "HTTPServer",
        "snake_case",
        "\u01C5",
        "e",
        "bad",
        "fed",
        "aa",
        "def f(x):",
        "\n    return x",
        "{}",
        "();",
        "//",
        "/*",
        "*/",
        "!!!",
        "...",
        "\u2026",
        "--",
        "\\",
        "\"",
        "@",
        "#",
        "中",
        "中文",
        "\u3042",
        "\u30A2\u30FC",
        "\uD55C\uAD6D",
        "\u0E17\u0E35\u0E48",
        "\u0915\u094D\u0937",
        "\u0645\u0631",
        "\u05D0",
        "\u0433",
        "\u00E9",
        "e\u0301",
        "\u0301",
        "\u1E69",
        "s\u0323\u0307",
        "\u0130",
        "\u1100\u1161\u11A8",
        "\u212B",
        "\uFB01",
        "\u00DF",
        "\uD83D\uDE00",
        "\uD83D\uDC68\u200D\uD83D\uDC69\u200D\uD83D\uDC67",
        "\uD83C\uDDE9\uD83C\uDDEA",
        "\u2764\uFE0F",
        "\uD835\uDC00",
        "\uD800\uDF30",
        "\u0000",
        "\u0001",
        "\u007F",
        "\u001B[0m",
        "\uFFFD",
        "\uFFFE",
        "<s>",
        "</s>",
        "<|im_start|>",
        "<|im_end|>",
        "<|im",
        "<think>",
        "</think>",
        "[LEFT]",
        " [RIGHT] ",
        "  [BOTH]\n ",
        "whole",
        " whole ",
        "wholesome",
        "normal \u00E9",
        "normal e\u0301",
        "[SPECIAL]",
        "[special]",
        "<0x41>",
        "\u2581",
        "\u2581\u2581a"
    };

    /** Marks of Unicode 13 that the other library's normalizer, which has older tables, does not know. */
    private static final Set<Integer> NEW_MARKS = Set.of(
            0x1ABF, 0x1AC0, 0xA82C, 0x10EAB, 0x10EAC, 0x11930, 0x11935, 0x11938, 0x1193D, 0x1193E, 0x11943, 0x16FF0,
            0x16FF1);

    private final Random random;

    RandomTexts(long seed) {
        random = new Random(seed);
    }

    /** {@return a text of well-known parts and of any characters} */
    String next() {
        StringBuilder text = new StringBuilder();
        int parts = random.nextInt(14);
        int anyCharacters = random.nextInt(3);
        for (int i = 0; i < parts; i++) {
            if (random.nextInt(3) < anyCharacters) {
                text.appendCodePoint(assigned());
            } else {
                text.append(PARTS[random.nextInt(PARTS.length)]);
            }
        }
        return text.toString();
    }

    /** {@return a text that repeats few parts many times} */
    String nextNasty() {
        StringBuilder text = new StringBuilder();
        int runs = 1 + random.nextInt(4);
        for (int run = 0; run < runs; run++) {
            String part = random.nextInt(4) == 0 ? Character.toString(assigned()) : PARTS[random.nextInt(PARTS.length)];
            text.append(part.repeat(1 + random.nextInt(50)));
        }
        return text.toString();
    }

    /** {@return an assigned code point; scripts with few characters come as often as those with many} */
    private int assigned() {
        int limit = random.nextBoolean() ? 0x3000 : 0x20000;
        while (true) {
            int codePoint = random.nextInt(limit);
            int type = Character.getType(codePoint);
            if (NEW_MARKS.contains(codePoint)) {
                continue;
            }
            if (type != Character.UNASSIGNED && type != Character.SURROGATE && type != Character.PRIVATE_USE) {
                return codePoint;
            }
        }
    }

    /** {@return a text to learn from} */
    String corpus() {
        List<String> words = new ArrayList<>();
        for (int i = 0; i < 1200; i++) {
            String part = PARTS[random.nextInt(PARTS.length)];
            words.add(part.startsWith("<") || part.startsWith("[") ? "the" : part);
        }
        return String.join("", words);
    }
}
