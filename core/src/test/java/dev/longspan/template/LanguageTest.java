package dev.longspan.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.ChatTemplateException;
import dev.longspan.ChatTemplateException.Reason;
import dev.longspan.text.Origin;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The language, corner by corner. */
class LanguageTest {
    static Stream<LanguageCases.Case> cases() {
        return LanguageCases.all();
    }

    private static String render(String template, Map<String, Object> context) {
        return ChatTemplate.parse(template, TemplateLimits.DEFAULT)
                .render(context)
                .text();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void rendersAsJinja2(LanguageCases.Case example) {
        check(example, LanguageCases.context(null));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void rendersTheSameWithMarks(LanguageCases.Case example) {
        check(example, LanguageCases.context(Origin.OUTSIDE));
    }

    private static void check(LanguageCases.Case example, Map<String, Object> context) {
        if (example.text() == null) {
            assertThatThrownBy(() -> render(example.template(), context)).isInstanceOf(ChatTemplateException.class);
        } else {
            assertThat(render(example.template(), context)).isEqualTo(example.text());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{{ x|nonsense }}",
                "{% if false %}{{ x|nonsense }}{% endif %}",
                "{{ x is nonsense }}",
                "{{ nonsense(1) }}",
                "{{ x.nonsense(1) }}",
                "{{ x['a'].nonsense }}{{ x.y.nonsense() }}",
                "{{ l|map('nonsense')|list }}",
                "{{ l|select('nonsense')|list }}",
                "{{ l|selectattr('a', 'nonsense')|list }}",
                "{% filter nonsense %}{% endfilter %}",
                "{% call nonsense() %}{% endcall %}",
                "{{ lipsum() }}",
                "{{ self is defined }}",
                "{{ self.block() }}",
                "{{ x.__class__.__mro__() }}",
            })
    void anUnknownNameIsRefusedWhenTheTemplateIsRead(String template) {
        assertThatThrownBy(() -> ChatTemplate.parse(template, TemplateLimits.DEFAULT))
                .isInstanceOfSatisfying(
                        ChatTemplateException.class, e -> assertThat(e.reason()).isEqualTo(Reason.UNKNOWN_NAME));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% macro f() %}1{% endmacro %}{{ f() }}",
                "{% macro f() %}1{% endmacro %}{% set ns = namespace(g=f) %}{{ ns.g() }}",
                "{% macro f() %}1{% endmacro %}{% set d = {'g': f} %}{{ d.g() }}",
                "{% macro f() %}1{% endmacro %}{% set ns = namespace() %}{% set ns.g = f %}{{ ns.g() }}",
                "{% macro f() %}1{% endmacro %}{% set g = f %}{{ g() }}",
                "{% macro f() %}1{% endmacro %}{% for g in [f] %}{{ g() }}{% endfor %}",
                "{% macro f() %}1{% endmacro %}{% macro h(g) %}{{ g() }}{% endmacro %}{{ h(f) }}",
            })
    void whatATemplateDefinesItselfMayBeCalled(String template) {
        assertThat(render(template, Map.of())).isEqualTo("1");
    }

    @Test
    void selfMayBeAnyOtherName() {
        assertThat(render("{% set self = 1 %}{{ self }}{{ x.self }}", Map.of("x", Map.of("self", 2))))
                .isEqualTo("12");
    }

    @Test
    void whiteSpaceIsTheSameInTagsAndInStrings() {
        Pattern white = Pattern.compile(Lexer.WHITE);
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            assertThat(white.matcher(Character.toString(c)).matches())
                    .as("U+%04X", c)
                    .isEqualTo(TextFunctions.isSpace(c));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'a\nb {{ x.y.z }}', EVALUATION, 2, 10",
        "'{{ 1 +\n  nope.a }}', EVALUATION, 2, 8",
        "'\n\n  {{ raise_exception(\"no\") }}', RAISED, 3, 6",
        "'{% if true %}\n{{ 1 | }}', SYNTAX, 2, 8",
        "'ab{% zz %}', SYNTAX, 1, 6",
    })
    void anErrorTellsItsPlace(String template, Reason reason, int line, int column) {
        assertThatThrownBy(() -> render(template, Map.of("x", Map.of())))
                .isInstanceOfSatisfying(ChatTemplateException.class, e -> {
                    assertThat(e.reason()).isEqualTo(reason);
                    assertThat(e.line()).isEqualTo(line);
                    assertThat(e.column()).isEqualTo(column);
                });
    }

    @Test
    void theNamesOfATemplateTellWhatItKnows() {
        ChatTemplate template = ChatTemplate.parse(
                "{% if enable_thinking is defined %}{{ m.reasoning_content }}{% endif %}{{ m['documents'] }}",
                TemplateLimits.DEFAULT);

        assertThat(template.names())
                .contains("enable_thinking", "reasoning_content", "documents", "m")
                .doesNotContain("tools");
    }

    @Test
    void javaValuesBecomeValuesOfTheTemplate() {
        Map<String, Object> context = new HashMap<>();
        context.put("a", 1);
        context.put("b", 2.5f);
        context.put("c", null);
        context.put("d", List.of("x", Map.of("k", true)));
        context.put("e", new BigDecimal("1.10"));
        context.put("f", new BigInteger("123456789012345678901234567890"));

        assertThat(render("{{ a }} {{ b }} {{ c }} {{ d }} {{ e }} {{ f }}", context))
                .isEqualTo("1 2.5 None ['x', {'k': True}] 1.1 123456789012345678901234567890");
    }

    @Test
    void anotherJavaTypeIsRefused() {
        assertThatThrownBy(() -> render("", Map.of("x", new Object()))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void fromJsonReadsText() {
        assertThat(render("{{ ('{\"a\": [1, 2.5, null]}'|from_json).a }}", Map.of()))
                .isEqualTo("[1, 2.5, None]");
        assertThatThrownBy(() -> render("{{ '{'|from_json }}", Map.of())).isInstanceOf(ChatTemplateException.class);
    }

    @Test
    void withoutATimeInTheContextThereIsNoStrftimeNow() {
        assertThat(render("{{ strftime_now is defined }}", Map.of())).isEqualTo("False");
    }
}
