package dev.longspan.output;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.ToolParser;
import dev.longspan.ToolSpecification;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The ways to write calls beside the golden vectors, each cut at every place. */
@Tag("fast")
class ToolFormatsTest {
    private static final List<ToolSpecification> TOOLS =
            List.of(new ToolSpecification("look", "", ""), new ToolSpecification("add", "", ""));

    private static Gathered parse(ToolParser parser, String output) {
        return parse(parser, output, List.of(), true);
    }

    private static Gathered parse(ToolParser parser, String output, List<String> stop, boolean byModel) {
        OutputRules rules = new OutputRules(false, stop, parser, TOOLS, true, 8, false);
        Gathered whole = Gathered.of(rules, List.of(output), byModel);
        int points = output.codePointCount(0, output.length());
        for (int at = 0; at <= points; at++) {
            assertThat(Gathered.of(rules, Gathered.cut(output, at), byModel).outcome())
                    .as("cut at " + at)
                    .isEqualTo(whole.outcome());
        }
        assertThat(Gathered.of(rules, Gathered.points(output), byModel).outcome())
                .isEqualTo(whole.outcome());
        return whole;
    }

    @Test
    void hermesCallsAreObjectsBetweenTags() {
        Gathered got = parse(
                new HermesTags(),
                "Let me see. <tool_call>\n{\"name\": \"look\", \"arguments\": {\"q\": \"a </tool_call> \\\" b\", \"n\": 1.50}}\n"
                        + "</tool_call>\n<tool_call>{\"arguments\": {}, \"name\": \"add\"}</tool_call>");
        assertThat(got.calls).containsExactly("look {\"q\":\"a </tool_call> \\\" b\",\"n\":1.50}", "add {}");
        assertThat(got.text().strip()).isEqualTo("Let me see.");
        assertThat(got.end()).isEqualTo("tool_calls");
    }

    @Test
    void hermesCallsThatAreNoneAreErrorsWithTheirRawText() {
        for (String block : List.of(
                "<tool_call>look</tool_call>",
                "<tool_call>{\"name\": \"look\"} and more</tool_call>",
                "<tool_call>{\"nam\": \"look\", \"arguments\": {}}</tool_call>",
                "<tool_call>{\"name\": \"look\", \"arguments\": [1]}</tool_call>",
                "<tool_call>{\"name\": \"look\", \"arguments\": {\"a\" 1}}</tool_call>",
                "<tool_call></tool_call>")) {
            Gathered got = parse(new HermesTags(), block);
            assertThat(got.end()).as(block).isEqualTo("MALFORMED");
            assertThat(got.raw()).isEqualTo(block);
        }
        String cut = "<tool_call>\n{\"name\": \"look\", \"arguments\": {\"a\": 1}}\n";
        assertThat(parse(new HermesTags(), cut).end()).isEqualTo("INCOMPLETE");
        Gathered limit = parse(new HermesTags(), cut, List.of(), false);
        assertThat(limit.end()).isEmpty();
        assertThat(limit.text()).isEqualTo(cut);
    }

    @Test
    void argumentsMayBeAStringOfJson() {
        assertThat(parse(
                                new HermesTags(),
                                "<tool_call>{\"name\": \"add\", \"arguments\": \"{\\\"a\\\": 1}\"}</tool_call>")
                        .calls)
                .containsExactly("add {\"a\":1}");
    }

    @Test
    void llama3CallsAreTheWholeAnswer() {
        assertThat(parse(new Llama3Json(), "{\"name\": \"look\", \"parameters\": {\"q\": \"x}\"}}").calls)
                .containsExactly("look {\"q\":\"x}\"}");
        assertThat(parse(
                                new Llama3Json(),
                                " <|python_tag|>{\"type\": \"function\", \"name\": \"look\", \"parameters\": {}}; {\"name\": \"add\", \"parameters\": {}}")
                        .calls)
                .containsExactly("look {}", "add {}");
    }

    @Test
    void llama3TextThatOnlyLooksLikeACallStaysText() {
        for (String text : List.of(
                "{\"city\": \"Paris\", \"name\": \"look\"}",
                "{\"name\": \"Bob\", \"age\": 42}",
                "{\"name\": \"look\"}",
                "Use {\"name\": \"look\", \"parameters\": {}} to look.",
                "{not json at all}",
                "{",
                "{\"name\": \"Bo",
                "<|python_tag|>print(1)",
                "<|pyth",
                "{}")) {
            Gathered got = parse(new Llama3Json(), text);
            assertThat(got.text()).isEqualTo(text);
            assertThat(got.calls).isEmpty();
            assertThat(got.end()).isEmpty();
        }
    }

    @Test
    void llama3CallsThatAreCutAreErrorsOnlyWhereTheyCanBeNothingElse() {
        String cut = "{\"name\": \"look\", \"parameters\": {\"q\": 1";
        assertThat(parse(new Llama3Json(), cut).end()).isEqualTo("INCOMPLETE");
        assertThat(parse(new Llama3Json(), cut, List.of(), false).text()).isEqualTo(cut);
        assertThat(parse(new Llama3Json(), "{\"name\": \"nobody\", \"parameters\": {}}")
                        .end())
                .isEqualTo("UNKNOWN_TOOL");
    }

    @Test
    void stopStringsCountInTextThatOnlyLookedLikeACall() {
        Gathered got = parse(new Llama3Json(), "{\"city\": \"Paris\"} STOP more", List.of("STOP"), true);
        assertThat(got.text()).isEqualTo("{\"city\": \"Paris\"} ");
        assertThat(got.end()).isEqualTo("stop");
        Gathered open = parse(new Llama3Json(), "{\"name\": \"Bob\" STOP more", List.of("STOP"), true);
        assertThat(open.text()).isEqualTo("{\"name\": \"Bob\" ");
        assertThat(open.end()).isEqualTo("stop");
        Gathered brace = parse(new Llama3Json(), "a { b", List.of("{"), true);
        assertThat(brace.text()).isEqualTo("a ");
        assertThat(brace.end()).isEqualTo("stop");
    }

    @Test
    void mistralCallsAreAnArrayOrANameWithArguments() {
        assertThat(parse(
                                new MistralJson(),
                                "[TOOL_CALLS] [{\"name\": \"look\", \"arguments\": {\"q\": [1, {}]}, \"id\": \"abc\"}, {\"name\": \"add\", \"arguments\": {}}]")
                        .calls)
                .containsExactly("look {\"q\":[1,{}]}", "add {}");
        assertThat(parse(
                                new MistralJson(),
                                "[TOOL_CALLS]look[ARGS]{\"q\": \"]\"}[TOOL_CALLS]add[CALL_ID]123456789[ARGS]{}")
                        .calls)
                .containsExactly("look {\"q\":\"]\"}", "add {}");
        assertThat(parse(new MistralJson(), "[TOOL_CALLS]look{\"q\": 1}").end()).isEqualTo("MALFORMED");
        assertThat(parse(new MistralJson(), "[TOOL_CALLS][]").end()).isEqualTo("MALFORMED");
        assertThat(parse(new MistralJson(), "[TOOL_CALL] is text [TOOL_CALLS").text())
                .isEqualTo("[TOOL_CALL] is text [TOOL_CALLS");
    }

    @Test
    void aCallWhoseValueWasNeverClosedIsAnErrorAndNotAWrongCall() {
        String first = "<tool_call><function=look><parameter=q>1</function></tool_call>";
        Gathered got = parse(
                new FunctionTags(),
                first + "<tool_call><function=look><parameter=q>2</parameter></function></tool_call>");
        assertThat(got.calls).isEmpty();
        assertThat(got.end()).isEqualTo("MALFORMED");
        assertThat(got.raw()).isEqualTo(first);
    }

    @Test
    void aValueMayHoldTheTagsOfCallsButForTheEndOfAll() {
        assertThat(parse(
                                new FunctionTags(),
                                "<tool_call><function=look><parameter=q>a </tool_call> b </function> c</parameter></function></tool_call>")
                        .calls)
                .containsExactly("look {\"q\":\"a </tool_call> b </function> c\"}");
    }

    @Test
    void aCallCutByTheLimitIsTextAndNeverHalfACallInsideIt() {
        String cut = "<tool_call>\n<function=add>\n<parameter=x>\n<tool_call><function=look></function> x";
        Gathered got = parse(new FunctionTags(), cut, List.of(), false);
        assertThat(got.text()).isEqualTo(cut);
        assertThat(got.calls).isEmpty();
    }

    @Test
    void provisionalPiecesFollowTheNameAndComeBeforeTheEndOfTheCall() {
        Gathered gathered = new Gathered();
        OutputParser parser = new OutputParser(
                new OutputRules(false, List.of(), new FunctionTags(), TOOLS, true, 8, false), gathered);
        parser.accept("<tool_call>\n<function=lo");
        assertThat(gathered.provisional.toString()).isEmpty();
        parser.accept("ok>\n<parameter=q>\nca");
        assertThat(gathered.provisional.toString()).isEqualTo("\n<parameter=q>\nca");
        parser.accept("ts");
        assertThat(gathered.provisional.toString()).isEqualTo("\n<parameter=q>\ncats");
        assertThat(gathered.calls).isEmpty();
    }

    @Test
    void theSchemaSaysWhatAValueBecomes() {
        ToolSpecification typed = new ToolSpecification("f", "", """
                {"type": "object", "properties": {
                  "i": {"type": "integer"}, "n": {"type": "number"}, "b": {"type": "boolean"}, "z": {"type": "null"},
                  "o": {"type": "object"}, "a": {"type": "array"}, "s": {"type": "string"},
                  "is": {"type": ["integer", "null"]}, "sn": {"type": ["string", "null"]},
                  "any": {"anyOf": [{"type": "integer"}, {"type": "boolean"}]}, "free": {}}}""");
        assertThat(value(typed, "i", "42")).isEqualTo("42");
        assertThat(value(typed, "i", " 7 ")).isEqualTo("7");
        assertThat(value(typed, "i", "4.0")).isEqualTo("4.0");
        assertThat(value(typed, "i", "4.5")).isEqualTo("\"4.5\"");
        assertThat(value(typed, "i", "x")).isEqualTo("\"x\"");
        assertThat(value(typed, "n", "-1.5e3")).isEqualTo("-1.5E+3");
        assertThat(value(typed, "n", "12345678901234567890123")).isEqualTo("12345678901234567890123");
        assertThat(value(typed, "b", "true")).isEqualTo("true");
        assertThat(value(typed, "b", "False")).isEqualTo("false");
        assertThat(value(typed, "b", "yes")).isEqualTo("\"yes\"");
        assertThat(value(typed, "z", "null")).isEqualTo("null");
        assertThat(value(typed, "o", "{\"a\": [1]}")).isEqualTo("{\"a\":[1]}");
        assertThat(value(typed, "o", "[1]")).isEqualTo("\"[1]\"");
        assertThat(value(typed, "a", "[1, 2]")).isEqualTo("[1,2]");
        assertThat(value(typed, "s", "42")).isEqualTo("\"42\"");
        assertThat(value(typed, "s", "{\"a\": 1}")).isEqualTo("\"{\\\"a\\\": 1}\"");
        assertThat(value(typed, "s", "  x ")).isEqualTo("\"  x \"");
        assertThat(value(typed, "is", "null")).isEqualTo("null");
        assertThat(value(typed, "is", "3")).isEqualTo("3");
        assertThat(value(typed, "sn", "3")).isEqualTo("\"3\"");
        assertThat(value(typed, "sn", "null")).isEqualTo("null");
        assertThat(value(typed, "any", "true")).isEqualTo("true");
        assertThat(value(typed, "free", "42")).isEqualTo("\"42\"");
        assertThat(value(typed, "free", "[42]")).isEqualTo("[42]");
        assertThat(value(typed, "unknown", "42")).isEqualTo("\"42\"");
    }

    private static String value(ToolSpecification tool, String parameter, String text) {
        OutputRules rules = new OutputRules(false, List.of(), new FunctionTags(), List.of(tool), true, 1, false);
        String call =
                "<tool_call><function=f><parameter=" + parameter + ">" + text + "</parameter></function></tool_call>";
        String found = Gathered.of(rules, List.of(call)).calls.get(0);
        String prefix = "f {\"" + parameter + "\":";
        assertThat(found).startsWith(prefix);
        return found.substring(prefix.length(), found.length() - 1);
    }

    @Test
    void stopStringsAndTagsThatReachIntoEachOther() {
        OutputRules rules =
                new OutputRules(false, List.of("ab<t", "b", "x<think>y", "<thinX"), null, List.of(), false, 0, false);
        assertThat(all(rules, "ab<think>c</think>")).isEqualTo("a||stop");
        assertThat(all(rules, "x<think>y</think>z")).isEqualTo("xz|y|");
        assertThat(all(rules, "1<thinX2")).isEqualTo("1||stop");
        assertThat(all(rules, "1<think>2")).isEqualTo("1|2|");
    }

    private static String all(OutputRules rules, String output) {
        Gathered whole = Gathered.of(rules, List.of(output));
        assertThat(Gathered.of(rules, Gathered.points(output)).outcome()).isEqualTo(whole.outcome());
        return whole.text() + "|" + whole.thinking + "|" + whole.end();
    }

    @Test
    void anEmptyThinkingBlockDropsTheNewlinesBehindItToo() {
        OutputRules rules = new OutputRules(false, List.of(), null, List.of(), false, 0, true);
        assertThat(all(rules, "<think></think>\n\nHi\n\n")).isEqualTo("Hi\n\n||");
        assertThat(all(rules, "<think>a</think>\n\n<think>b</think>\nHi")).isEqualTo("Hi|ab|");
    }

    @Test
    void provisionalPiecesOfAnArrayBelongToItsFirstCallAndLoseNothing() {
        Gathered gathered = new Gathered();
        OutputParser parser =
                new OutputParser(new OutputRules(false, List.of(), new MistralJson(), TOOLS, true, 8, false), gathered);
        parser.accept("[TOOL_CALLS]look[ARGS]");
        parser.accept("{\"q\":1}");
        assertThat(gathered.provisional.toString()).isEqualTo("{\"q\":1}");
        parser.accept("[TOOL_CALLS][{\"name\":\"look\",\"arguments\":{}},{\"name\":\"add\",\"arg");
        assertThat(gathered.provisional.toString()).doesNotContain("add");
    }

    @Test
    void textThatOftenLooksLikeABlockCostsNoStackAndIsNotLost() {
        OutputRules rules = new OutputRules(false, List.of(), new AtSigns(), List.of(), true, 8, false);
        assertThat(all(rules, "x@a@b")).isEqualTo("x@a@b||");
        String many = "@".repeat(20_000) + "\n";
        assertThat(Gathered.of(rules, List.of(many)).text()).isEqualTo(many);
    }

    /** {@code @} begins a block that a newline shows to be none. */
    private static final class AtSigns implements ToolParser {
        @Override
        public String name() {
            return "at";
        }

        @Override
        public boolean fits(String template) {
            return false;
        }

        @Override
        public List<String> openings() {
            return List.of("@");
        }

        @Override
        public Reader reader(List<ToolSpecification> tools) {
            return new Reader() {
                @Override
                public State accept(char next) {
                    return next == '\n' ? State.NO_CALL : State.READING;
                }

                @Override
                public String name() {
                    return "";
                }

                @Override
                public boolean isCertain() {
                    return false;
                }

                @Override
                public List<Call> calls() {
                    return List.of();
                }
            };
        }
    }
}
