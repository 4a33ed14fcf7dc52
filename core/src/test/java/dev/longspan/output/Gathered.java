package dev.longspan.output;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.ToolCallException;
import dev.longspan.tokenizer.IncrementalDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Gathers all that a parser gives. */
final class Gathered implements DeltaSink {
    private static final char BESIDE_A_CALL = '\u0000';

    final StringBuilder thinking = new StringBuilder();
    final StringBuilder text = new StringBuilder();
    final List<String> calls = new ArrayList<>();
    final StringBuilder provisional = new StringBuilder();
    private String end = "";
    private String raw = "";

    @Override
    public void thinking(String piece) {
        assertThat(piece).isNotEmpty();
        thinking.append(piece);
    }

    @Override
    public void text(String piece) {
        assertThat(piece).isNotEmpty();
        text.append(piece);
    }

    @Override
    public void callDelta(int index, String name, String piece) {
        assertThat(index).isEqualTo(calls.size());
        assertThat(name).isNotEmpty();
        provisional.append(piece);
    }

    @Override
    public void call(int index, String name, String arguments) {
        assertThat(index).isEqualTo(calls.size());
        text.append(BESIDE_A_CALL);
        calls.add(name + " " + arguments);
    }

    /** {@return the text; a NUL stands for each call} */
    String textWithCalls() {
        return text.toString();
    }

    String text() {
        return text.toString().replace(String.valueOf(BESIDE_A_CALL), "");
    }

    /** {@return what the text is if white space beside calls does not count} */
    String textWithoutSpaceBesideCalls() {
        return text.toString().replaceAll("\\s*\u0000\\s*", "");
    }

    /** {@return {@code stop}, {@code tool_calls}, the reason of an error, or nothing} */
    String end() {
        return end;
    }

    String raw() {
        return raw;
    }

    /** {@return all that must not depend on how the output was cut} */
    List<String> outcome() {
        List<String> outcome = new ArrayList<>(List.of(thinking.toString(), text.toString(), end, raw));
        outcome.addAll(calls);
        return outcome;
    }

    private void finish(OutputParser parser, boolean byModel) {
        parser.finish(byModel);
        ToolCallException error = parser.error();
        if (error != null) {
            end = error.reason().name();
            raw = error.rawText();
        } else if (parser.callCount() > 0) {
            end = "tool_calls";
        } else if (parser.isStopped()) {
            end = "stop";
        }
    }

    /** {@return what comes of an output that comes in pieces} */
    static Gathered of(OutputRules rules, List<String> pieces) {
        return of(rules, pieces, true);
    }

    static Gathered of(OutputRules rules, List<String> pieces, boolean byModel) {
        Gathered gathered = new Gathered();
        OutputParser parser = new OutputParser(rules, gathered);
        pieces.forEach(parser::accept);
        gathered.finish(parser, byModel);
        return gathered;
    }

    /** {@return what comes of an output whose bytes are cut at these places, inside characters, too} */
    static Gathered ofBytes(OutputRules rules, String output, int... cuts) {
        Gathered gathered = new Gathered();
        OutputParser parser = new OutputParser(rules, gathered);
        IncrementalDecoder decoder = new IncrementalDecoder();
        byte[] bytes = output.getBytes(StandardCharsets.UTF_8);
        int from = 0;
        for (int cut : cuts) {
            parser.accept(decoder.append(Arrays.copyOfRange(bytes, from, cut)));
            from = cut;
        }
        parser.accept(decoder.append(Arrays.copyOfRange(bytes, from, bytes.length)));
        parser.accept(decoder.flush());
        gathered.finish(parser, true);
        return gathered;
    }

    /** {@return the code points of a text} */
    static List<String> points(String text) {
        return text.codePoints().mapToObj(Character::toString).toList();
    }

    /** {@return a text cut behind so many code points} */
    static List<String> cut(String text, int... places) {
        List<String> pieces = new ArrayList<>();
        int from = 0;
        for (int place : places) {
            int to = text.offsetByCodePoints(0, place);
            pieces.add(text.substring(from, to));
            from = to;
        }
        pieces.add(text.substring(from));
        return pieces;
    }
}
