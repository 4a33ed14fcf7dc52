package dev.longspan.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Strings that begin again inside of themselves are where a search goes wrong. */
@Tag("fast")
class StringMatcherTest {
    private static List<Integer> ends(String pattern, String text) {
        StringMatcher matcher = new StringMatcher(pattern);
        List<Integer> ends = new ArrayList<>();
        for (int i = 0; i < text.length(); i++) {
            if (matcher.accept(text.charAt(i))) {
                ends.add(i + 1);
            }
        }
        return ends;
    }

    @ParameterizedTest
    @CsvSource({
        "aab, aaab",
        "aa, aaaa",
        "abab, abababab",
        "abaabac, abaabaabac",
        "aabaaab, aabaabaaabaaab",
        "abcabcabd, abcabcabcabd",
        "aaab, aaaaaab",
        "x, axxa",
        "abcd, abcabd",
    })
    void everyPlaceIsFoundAsASlowSearchFindsIt(String pattern, String text) {
        List<Integer> slow = new ArrayList<>();
        for (int i = 0; i + pattern.length() <= text.length(); i++) {
            if (text.startsWith(pattern, i)) {
                slow.add(i + pattern.length());
            }
        }
        assertThat(ends(pattern, text)).isEqualTo(slow);
    }

    @Test
    void whatCouldBecomeTheStringIsKnown() {
        StringMatcher matcher = new StringMatcher("aabaa");
        int[] expected = {1, 2, 2, 3, 4, 2};
        String text = "aaabaa";
        for (int i = 0; i < 5; i++) {
            matcher.accept(text.charAt(i));
            assertThat(matcher.matched()).isEqualTo(expected[i]);
        }
        assertThat(matcher.accept('a')).isTrue();
        assertThat(matcher.matched()).as("which begins again").isEqualTo(2);
        matcher.reset();
        assertThat(matcher.matched()).isZero();
        assertThat(matcher.length()).isEqualTo(5);
    }
}
