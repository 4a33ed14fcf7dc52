package dev.longspan.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.text.Normalizer;
import java.text.Normalizer.Form;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MarkOrderTest {
    private static final int[] MARKS = IntStream.range(0, 0x1FFFF)
            .filter(c -> switch (Character.getType(c)) {
                case Character.NON_SPACING_MARK, Character.COMBINING_SPACING_MARK, Character.ENCLOSING_MARK -> true;
                default -> false;
            })
            .toArray();

    @Test
    void changesNothingInAnyNormalForm() {
        Random random = new Random(4);
        for (int i = 0; i < 200; i++) {
            StringBuilder text = new StringBuilder(random.nextBoolean() ? "ae" : "");
            int few = 1 + random.nextInt(30);
            int from = random.nextInt(MARKS.length - few);
            int length = random.nextInt(600);
            for (int k = 0; k < length; k++) {
                text.appendCodePoint(MARKS[i % 2 == 0 ? random.nextInt(MARKS.length) : from + random.nextInt(few)]);
            }
            text.append("o\u0308x");
            String sorted = MarkOrder.inOrder(text.toString());
            for (Form form : Form.values()) {
                assertThat(Normalizer.normalize(sorted, form)).isEqualTo(Normalizer.normalize(text, form));
            }
        }
    }

    @Test
    void anOrderedRunTakesTheJdkNoSquareOfItsLength() {
        String sorted = MarkOrder.inOrder("a" + "\u0301\u0323".repeat(500_000));
        assertThat(sorted).isEqualTo("a" + "\u0323".repeat(500_000) + "\u0301".repeat(500_000));
        assertThat(Normalizer.normalize(sorted, Form.NFC)).hasSize(1_000_000);
    }

    @Test
    void textWithoutLongRunsStaysTheSameObject() {
        String text = "e\u0301\u0323".repeat(100);
        assertThat(MarkOrder.inOrder(text)).isSameAs(text);
    }
}
