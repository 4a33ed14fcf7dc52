package dev.longspan.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.text.MarkedText;
import dev.longspan.text.MarkedText.Mark;
import dev.longspan.text.Origin;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class MarkedTextEncodingTest {
    private static final Tokenizer NANO =
            Tokenizer.load(Path.of(System.getProperty("longspan.root"), "nano-model", "model", "tokenizer.json"));
    private static final int IM_END = 2;

    private static boolean none(int id) {
        return false;
    }

    private static MarkedText marked(String text, int start, int end, Origin origin) {
        return new MarkedText(text, List.of(new Mark(start, end, origin)));
    }

    @Test
    void aControlTokenTypedByAUserStaysText() {
        String text = "a<|im_end|>b";
        int[] ids = NANO.encode(marked(text, 0, text.length(), Origin.OUTSIDE), MarkedTextEncodingTest::none);
        assertThat(ids).doesNotContain(IM_END);
        assertThat(NANO.decode(ids, false)).isEqualTo(text);
        assertThat(NANO.encode(text)).contains(IM_END);
    }

    @Test
    void oneMarkedCharacterIsEnough() {
        String text = "<|im_end|>";
        for (int i = 0; i < text.length(); i++) {
            assertThat(NANO.encode(marked(text, i, i + 1, Origin.OUTSIDE), MarkedTextEncodingTest::none))
                    .doesNotContain(IM_END);
        }
    }

    @Test
    void aControlTokenBesideMarkedTextForms() {
        String text = "ab<|im_end|>cd";
        List<Mark> marks = List.of(new Mark(0, 2, Origin.OUTSIDE), new Mark(12, 14, Origin.OUTSIDE));
        assertThat(NANO.encode(new MarkedText(text, marks), MarkedTextEncodingTest::none))
                .isEqualTo(NANO.encode(text));
    }

    @Test
    void aControlTokenAcrossTwoMarksStaysText() {
        String text = "<|im_end|>";
        List<Mark> marks = List.of(new Mark(0, 4, Origin.OUTSIDE), new Mark(4, 10, Origin.ASSISTANT));
        assertThat(NANO.encode(new MarkedText(text, marks), id -> true)).doesNotContain(IM_END);
    }

    @Test
    void whatIsAllowedFormsInTextOfAnAssistantAlone() {
        String text = "x<|im_end|>y";
        IntPredicate allowed = id -> id == IM_END;
        assertThat(NANO.encode(marked(text, 0, 12, Origin.ASSISTANT), allowed)).isEqualTo(NANO.encode(text));
        assertThat(NANO.encode(marked(text, 0, 12, Origin.ASSISTANT), MarkedTextEncodingTest::none))
                .doesNotContain(IM_END);
        assertThat(NANO.encode(marked(text, 0, 12, Origin.OUTSIDE), allowed)).doesNotContain(IM_END);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "'ignore_merges':true",
                "'ignore_merges':false",
                "'byte_fallback':true,'unk_token':'s'",
            })
    void noMergeAndNoWholeWordMakesAControlToken(String settings) {
        String json = ("{'added_tokens':[{'id':0,'content':'</s>','special':true}],'model':{" + settings
                        + ",'vocab':{'</s>':0,'<':1,'/':2,'s':3,'>':4,'</':5,'</s':6},"
                        + "'merges':['< /','</ s','</s >']}}")
                .replace('\'', '"');
        Tokenizer tokenizer = Tokenizer.read(new StringReader(json));

        assertThat(tokenizer.encode("</s>")).containsExactly(0);
        assertThat(tokenizer.encode(marked("</s>", 0, 4, Origin.OUTSIDE), MarkedTextEncodingTest::none))
                .containsExactly(6, 4);
        assertThat(tokenizer.encode(marked("</s>", 0, 4, Origin.ASSISTANT), id -> true))
                .containsExactly(0);
    }

    @Test
    void aLetterThatIsAControlTokenIsWrittenInBytesWhereThereAreSome() {
        String json = "{'added_tokens':[{'id':0,'content':'!','special':true}],'model':{'byte_fallback':true,"
                + "'vocab':{'!':0,'<0x21>':1},'merges':[]}}";
        Tokenizer tokenizer = Tokenizer.read(new StringReader(json.replace('\'', '"')));

        assertThat(tokenizer.encode(marked("!", 0, 1, Origin.OUTSIDE), MarkedTextEncodingTest::none))
                .containsExactly(1);
    }

    @Test
    void addedTokensThatAreNoControlTokensFormAnywhere() {
        String text = "<think>x</think>";
        assertThat(NANO.encode(marked(text, 0, text.length(), Origin.OUTSIDE), MarkedTextEncodingTest::none))
                .isEqualTo(NANO.encode(text));
    }

    @Test
    void aShorterAllowedTokenFormsWhereALongerOneMayNot() {
        Tokenizer tokenizer = Tokenizer.read(new StringReader(TokenizerFamily.GPT2.json(0)));
        int shorter = tokenizer.id("<|im").orElseThrow();
        int[] ids = tokenizer.encode(marked("<|im_start|>", 5, 6, Origin.OUTSIDE), MarkedTextEncodingTest::none);
        assertThat(ids[0]).isEqualTo(shorter);
    }

    @ParameterizedTest
    @EnumSource
    void marksChangeNothingInTextsWithoutControlTokens(TokenizerFamily family) {
        Tokenizer tokenizer = Tokenizer.read(new StringReader(family.json(0)));
        RandomTexts texts = new RandomTexts(1);
        Random random = new Random(2);
        for (int i = 0; i < 300; i++) {
            String text = texts.next();
            int[] expected = tokenizer.encode(text);
            if (Arrays.stream(expected).noneMatch(tokenizer::isSpecial)) {
                assertThat(tokenizer.encode(randomMarks(text, random), MarkedTextEncodingTest::none))
                        .isEqualTo(expected);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void inTextThatIsMarkedAllOverNoControlTokenForms(TokenizerFamily family) {
        Tokenizer tokenizer = Tokenizer.read(new StringReader(family.json(0)));
        int unknown = tokenizer.id("<unk>").orElseThrow();
        RandomTexts texts = new RandomTexts(3);
        for (int i = 0; i < 300; i++) {
            String text = texts.next() + "<|im_end|>[SPECIAL]";
            int[] ids = tokenizer.encode(marked(text, 0, text.length(), Origin.OUTSIDE), id -> true);
            assertThat(Arrays.stream(ids).filter(id -> id != unknown && tokenizer.isSpecial(id)))
                    .isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aNormalizedControlTokenKnowsItsMarks(TokenizerFamily family) {
        Tokenizer tokenizer = Tokenizer.read(new StringReader(family.json(0)));
        int special = tokenizer.id("[SPECIAL]").orElseThrow();
        String text = "[SPECIAL]\u212B e\u0301 [SPECIAL] x";
        int second = text.lastIndexOf("[SPECIAL]");
        long all = count(tokenizer.encode(text), special);
        assertThat(count(
                        tokenizer.encode(marked(text, 9, second - 1, Origin.OUTSIDE), MarkedTextEncodingTest::none),
                        special))
                .isEqualTo(all);
        assertThat(count(
                        tokenizer.encode(
                                marked(text, second + 4, second + 5, Origin.OUTSIDE), MarkedTextEncodingTest::none),
                        special))
                .isEqualTo(Math.min(all, 1));
        assertThat(count(tokenizer.encode(marked(text, second, second + 9, Origin.ASSISTANT), id -> true), special))
                .isEqualTo(all);
    }

    private static long count(int[] ids, int wanted) {
        return Arrays.stream(ids).filter(id -> id == wanted).count();
    }

    private static MarkedText randomMarks(String text, Random random) {
        List<Mark> marks = new ArrayList<>();
        int at = 0;
        while (at < text.length()) {
            int start = at + random.nextInt(text.length() - at);
            int end = start + 1 + random.nextInt(text.length() - start);
            marks.add(new Mark(start, end, random.nextBoolean() ? Origin.OUTSIDE : Origin.ASSISTANT));
            at = end;
        }
        return new MarkedText(text, marks);
    }
}
