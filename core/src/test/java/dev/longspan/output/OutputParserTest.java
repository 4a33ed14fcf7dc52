package dev.longspan.output;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.ToolSpecification;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the parser tells while the output is still on its way. */
@Tag("fast")
class OutputParserTest {
    private static final List<ToolSpecification> TOOLS = List.of(new ToolSpecification("look", "", ""));

    private final Gathered gathered = new Gathered();

    private OutputParser parser(boolean startsThinking, boolean dropsNewlines, String... stop) {
        return new OutputParser(
                new OutputRules(startsThinking, List.of(stop), new HermesTags(), TOOLS, true, 8, dropsNewlines),
                gathered);
    }

    @Test
    void itTellsWhetherTheModelThinksAndWhetherItHasJustEnded() {
        OutputParser parser = parser(false, false);
        assertThat(parser.isThinking()).isFalse();
        assertThat(parser.justClosedThinking()).as("there was no block").isFalse();
        parser.accept("<think>hm");
        assertThat(parser.isThinking()).isTrue();
        assertThat(parser.justClosedThinking()).isFalse();
        parser.accept("</think>");
        assertThat(parser.isThinking()).isFalse();
        assertThat(parser.justClosedThinking()).isTrue();
        parser.accept("y");
        assertThat(parser.justClosedThinking()).isFalse();
    }

    @Test
    void aNewlineBehindTheBlockCountsAlsoIfItIsDropped() {
        OutputParser parser = parser(true, true);
        assertThat(parser.isThinking()).isTrue();
        parser.accept("hm</think>");
        assertThat(parser.justClosedThinking()).isTrue();
        parser.accept("\n");
        assertThat(parser.justClosedThinking()).isFalse();
        parser.accept("\nyes\n");
        assertThat(gathered.text.toString()).as("only those at the block").isEqualTo("yes\n");
    }

    @Test
    void aCallBehindTheBlockIsNoPlaceToCloseIt() {
        OutputParser parser = parser(true, false);
        parser.accept("hm</think>");
        parser.accept("<tool_call>");
        assertThat(parser.justClosedThinking()).isFalse();
    }

    @Test
    void thoughtsAreHandedOutAsTheyComeAndHeldOnlyWhereTheyMayEnd() {
        OutputParser parser = parser(true, false);
        parser.accept("let me");
        assertThat(gathered.thinking.toString()).isEqualTo("let me");
        parser.accept(" see</thi");
        assertThat(gathered.thinking.toString()).isEqualTo("let me see");
        parser.accept("s</think>now <think>again</think>done");
        assertThat(gathered.thinking.toString()).isEqualTo("let me see</thisagain");
        assertThat(gathered.text.toString()).isEqualTo("now done");
    }

    @Test
    void aTagThatBeganInOneBlockDoesNotEndTheNext() {
        OutputParser parser = parser(true, false);
        parser.accept("a</think>b<think>/think>c");
        assertThat(parser.isThinking()).isTrue();
        assertThat(gathered.thinking.toString()).isEqualTo("a/think>c");
    }

    @Test
    void whatIsOnlyAStopStringTogetherWithATextBeforeABlockIsNone() {
        OutputParser parser = parser(false, false, "abc");
        parser.accept("xab<think>t</think>c and so on");
        assertThat(parser.isStopped()).isFalse();
        assertThat(gathered.text.toString()).isEqualTo("xabc and so on");
        parser.accept(" abc gone");
        assertThat(parser.isStopped()).isTrue();
        assertThat(gathered.text.toString()).isEqualTo("xabc and so on ");
        parser.accept("dropped");
        assertThat(gathered.text.toString()).isEqualTo("xabc and so on ");
    }

    @Test
    void theEarliestOfTwoStopStringsCounts() {
        OutputParser parser = parser(false, false, "bcde", "cd");
        parser.accept("abcd");
        assertThat(parser.isStopped())
                .as("the longer one, which begins before, may still come")
                .isFalse();
        parser.accept("e");
        assertThat(parser.isStopped()).isTrue();
        assertThat(gathered.text.toString()).isEqualTo("a");
    }

    @Test
    void theShorterOneCountsOnceTheLongerCannotCome() {
        OutputParser parser = parser(false, false, "bcde", "cd");
        parser.accept("abcdx");
        assertThat(parser.isStopped()).isTrue();
        assertThat(gathered.text.toString()).isEqualTo("ab");
    }

    @Test
    void aStopStringThatBeginsInWhatWasReleasedIsNone() {
        OutputParser parser = parser(false, false, "xyz");
        parser.accept("some text xy");
        assertThat(gathered.text.toString()).isEqualTo("some text ");
        parser.accept("w");
        assertThat(gathered.text.toString()).isEqualTo("some text xyw");
        parser.accept("longer and longer xyz");
        assertThat(parser.isStopped()).isTrue();
        assertThat(gathered.text.toString()).isEqualTo("some text xywlonger and longer ");
    }

    @Test
    void aCallIsToldWhileItIsWrittenAndOnceWhole() {
        OutputParser parser = new OutputParser(
                new OutputRules(false, List.of(), new FunctionTags(), TOOLS, true, 8, false), gathered);
        parser.accept("text <tool_call>\n<function=look>\n<parameter=a>\n");
        assertThat(parser.callCount()).isZero();
        String before = gathered.provisional.toString();
        parser.accept("one ");
        parser.accept("two\n</parameter>\n");
        assertThat(gathered.provisional.toString()).isEqualTo(before + "one two\n</parameter>\n");
        parser.accept("</function>\n</tool_call>");
        assertThat(parser.callCount()).isEqualTo(1);
        parser.accept("\n<tool_call>\n<function=look>\n</function>\n</tool_call>");
        assertThat(gathered.calls).containsExactly("look {\"a\":\"one two\"}", "look {}");
        assertThat(parser.error()).isNull();
    }
}
