package dev.longspan.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What a file chooses spreads over a table as if by chance. */
class SecretHashTest {
    private static final int COUNT = 1 << 16;

    private final SecretHash hash = new SecretHash();

    /** A string of sixteen blocks whose hash in the sense of Java is that of all others. */
    private static String colliding(int number) {
        StringBuilder text = new StringBuilder();
        for (int bit = 0; bit < 16; bit++) {
            text.append((number >> bit & 1) == 0 ? "Aa" : "BB");
        }
        return text.toString();
    }

    private static int slots(IntUnaryOperator hashes) {
        BitSet slots = new BitSet();
        IntStream.range(0, COUNT)
                .map(hashes)
                .map(value -> value & 2 * COUNT - 1)
                .forEach(slots::set);
        return slots.cardinality();
    }

    @Test
    void tokensWithOneHashCodeGetSlotsOfTheirOwn() {
        assertThat(IntStream.range(0, COUNT).map(i -> colliding(i).hashCode()).distinct())
                .hasSize(1);

        assertThat(slots(i -> hash.of(colliding(i)))).isGreaterThan(COUNT / 2);
    }

    @Test
    void wordsInBytesGetSlotsOfTheirOwn() {
        assertThat(slots(i -> {
                    byte[] bytes = colliding(i).getBytes(StandardCharsets.ISO_8859_1);
                    return hash.of(bytes, 0, bytes.length);
                }))
                .isGreaterThan(COUNT / 2);
    }

    @Test
    void pairsThatAMultiplicationPutsTogetherGetSlotsOfTheirOwn() {
        assertThat(slots(i -> hash.of((long) i << 32))).isGreaterThan(COUNT / 2);
        assertThat(slots(i -> hash.of((long) i << 44))).isGreaterThan(COUNT / 2);
    }

    @Test
    void twoInstancesDiffer() {
        assertThat(IntStream.range(0, 100).filter(i -> hash.of(i) == new SecretHash().of(i)))
                .hasSizeLessThan(10);
        assertThat(hash.of("token")).isEqualTo(hash.of("token"));
    }
}
