package dev.longspan.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.spi.ModelLoadException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The pattern matcher against the JDK's, and what is refused. */
class SplitPatternTest {
    static Stream<String> patterns() {
        Stream<String> others = Stream.of(
                "a*?b|a",
                "(?:ab|a)(?:c|bcd)",
                "(?>a+)b|a",
                "(?:a|b)*c|[ab]",
                "(?:ab){2,3}a?|a",
                "(?=ab)a|b+",
                "(?!ab)[a-z]+?c",
                "[^\\S\\n]+|\\w+",
                "(?:a(?:b|c)?)++d|.",
                "[\\-a\\]]+",
                "x{0,2}y",
                "[a-]+",
                "(?i:[k-t]+|d)",
                "\\x41|\\u0042|\\x{1F600}",
                "\\P{L}+",
                "\\p{^L}+?\\p{Lu}");
        return Stream.concat(Stream.of(TokenizerFamily.values()).flatMap(TokenizerFamily::patterns), others);
    }

    private static Pattern ofJdk(String pattern) {
        return Pattern.compile("(?d)"
                + pattern.replace("\\s", "\\p{IsWhite_Space}")
                        .replace("\\S", "\\P{IsWhite_Space}")
                        .replace("\\p{^L}", "\\P{L}")
                        .replace("\\w", "[\\p{IsAlphabetic}\\p{M}\\p{Nd}\\p{Pc}]")
                        .replace("(?i:", "(?iu:"));
    }

    /** {@return the text without what the running JVM knows differently} */
    private static String known(String text) {
        StringBuilder result = new StringBuilder();
        text.codePoints()
                .filter(c -> Character.getType(c) != Character.UNASSIGNED)
                .filter(c -> UnicodeTable.BUNDLED.bit(c) == UnicodeTableTest.ofJvm(c))
                .forEach(result::appendCodePoint);
        return result.toString();
    }

    @ParameterizedTest
    @MethodSource("patterns")
    void matchesWhatTheJdkMatches(String pattern) {
        SplitPattern ours = SplitPattern.of(pattern, "pattern");
        Pattern theirs = ofJdk(pattern);
        RandomTexts texts = new RandomTexts(pattern.hashCode());
        for (int i = 0; i < 1_000; i++) {
            String text = known(
                    i % 4 == 0 ? texts.nextNasty() : texts.next() + "abcabbbaacd aababxxy-]AB\uD83D\uDE00k\u212Ab");
            assertThat(matches(ours, text)).as(text).isEqualTo(matches(theirs, text));
        }
    }

    private static List<Integer> matches(Pattern pattern, String text) {
        List<Integer> bounds = new ArrayList<>();
        for (Matcher matcher = pattern.matcher(text); matcher.find(); ) {
            bounds.add(matcher.start());
            bounds.add(matcher.end());
        }
        return bounds;
    }

    private static List<Integer> matches(SplitPattern pattern, String text) {
        List<Integer> bounds = new ArrayList<>();
        PatternMatcher matcher = new PatternMatcher(pattern, text.toCharArray());
        for (int at = 0; at < text.length() && matcher.find(at, text.length()); at = matcher.end()) {
            bounds.add(matcher.start());
            bounds.add(matcher.end());
        }
        return bounds;
    }

    @Test
    void noLengthOverflowsTheStack() {
        SplitPattern pattern = SplitPattern.of("(?:ab|a)*c|(?:a|b)+", "pattern");
        assertThat(matches(pattern, "ab".repeat(500_000))).containsExactly(0, 1_000_000);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a*",
                "a|",
                "(a",
                "a)",
                "[a",
                "[]",
                "[a[b]]",
                "[a&&b]",
                "*a",
                "a{",
                "a{1",
                "a{2,1}",
                "a{1,2}+",
                "a{9999}",
                "(?<n>a)",
                "(?<=a)b",
                "(a)\\1",
                "\\b",
                "^a",
                "a$",
                "\\p{Han}",
                "\\pL",
                "\\p{",
                "\\",
                "\\x",
                "\\x{110000}",
                "\\xff",
                "\\h",
                "(?i:ß)",
                "(?i:st)",
                "(?i:\\p{Lu})",
                "(?:a?)*b",
                "(?=a)*b",
                "(?#c)a",
                "[z-a]",
                "(?:(?:(?:ab){99}){99}){99}"
            })
    void whatIsNotKnownIsRefusedByName(String pattern) {
        assertThatThrownBy(() -> SplitPattern.of(pattern, "pre_tokenizer.pattern.Regex"))
                .isInstanceOf(ModelLoadException.class)
                .hasMessageStartingWith("tokenizer.json: pre_tokenizer.pattern.Regex: ");
    }
}
