package dev.longspan.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class OutputParserProperties {
    @Provide
    Arbitrary<List<String>> outputs() {
        return Arbitraries.of(
                        "<think>", "</think>", "<", "think>", "</", "<thi", "nk>", "\n", "a", "some text", "é", "😀")
                .list()
                .ofMaxSize(12);
    }

    @Property(tries = 1000)
    void everyWayToCutTheOutputGivesTheSame(
            @ForAll("outputs") List<String> parts, @ForAll boolean startsThinking, @ForAll List<Integer> cuts) {
        String output = String.join("", parts);
        assertThat(parse(startsThinking, cut(output, cuts)))
                .isEqualTo(parse(startsThinking, List.of(output)))
                .isEqualTo(parse(startsThinking, List.of(output.split(""))));
    }

    @Example
    void thinkingThatThePromptOpenedIsSplitOff() {
        assertThat(parse(true, List.of("let me", " see</thi", "nk>\n\nParis", ".")))
                .isEqualTo("let me see|\n\nParis.");
    }

    @Example
    void thinkingThatTheModelOpensIsSplitOff() {
        assertThat(parse(false, List.of("<think>hm</think>\nyes"))).isEqualTo("hm|\nyes");
    }

    @Example
    void aTagThatNeverCompletesIsText() {
        assertThat(parse(false, List.of("a <thin", "g"))).isEqualTo("|a <thing");
        assertThat(parse(false, List.of("a <think"))).isEqualTo("|a <think");
    }

    @Example
    void anUnclosedBlockKeepsItsLastCharacters() {
        assertThat(parse(true, List.of("all of this </thin"))).isEqualTo("all of this </thin|");
    }

    @Example
    void textIsHeldBackOnlyAsLongAsItCouldBecomeATag() {
        Gathered gathered = new Gathered();
        OutputParser parser = new OutputParser(OutputRules.text(false), gathered);
        parser.accept("abc <th");
        assertThat(gathered.text.toString()).isEqualTo("abc ");
        parser.accept("e");
        assertThat(gathered.text.toString()).isEqualTo("abc <the");
    }

    private static List<String> cut(String output, List<Integer> cuts) {
        java.util.TreeSet<Integer> places = new java.util.TreeSet<>();
        for (int cut : cuts) {
            int place = Math.floorMod(cut, output.length() + 1);
            places.add(
                    place > 0 && place < output.length() && Character.isLowSurrogate(output.charAt(place))
                            ? place - 1
                            : place);
        }
        places.add(output.length());
        List<String> pieces = new java.util.ArrayList<>();
        int from = 0;
        for (int place : places) {
            pieces.add(output.substring(from, place));
            from = place;
        }
        return pieces;
    }

    private static String parse(boolean startsThinking, List<String> pieces) {
        Gathered gathered = new Gathered();
        OutputParser parser = new OutputParser(OutputRules.text(startsThinking), gathered);
        pieces.forEach(parser::accept);
        parser.finish(true);
        return gathered.thinking + "|" + gathered.text;
    }
}
