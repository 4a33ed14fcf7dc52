package dev.longspan.template;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.ChatTemplateException;
import dev.longspan.text.MarkedText;
import dev.longspan.text.MarkedText.Mark;
import dev.longspan.text.Origin;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Marks survive whatever a template does to text. Marked input is Greek, templates are Latin. */
class MarksProperties {
    /** Steps of a pipeline; X stands for the text so far, v is a marked variable. */
    private static final List<String> STEPS = List.of(
            "X|upper",
            "X.title()",
            "X|title",
            "X|capitalize",
            "X.swapcase()",
            "X|lower",
            "X.casefold()",
            "X[1:]",
            "X[:-1]",
            "X[::-1]",
            "X[::2]",
            "X|reverse",
            "X[0]",
            "X|first",
            "X|last",
            "X ~ 'a'",
            "'a' + X",
            "X * 2",
            "X + v",
            "'%s-%5s' % (X, v)",
            "'%(k)s' % {'k': X}",
            "'%r' % X",
            "'{}{!r}'.format(X, v)",
            "'{:>40}{:*^30}'.format(X, v)",
            "'{a[0]}'.format(a=[X])",
            "X.split('β')|join('b')",
            "X.split()|join",
            "X.rsplit('β', 1)|join",
            "X.partition('γ')|join",
            "X.splitlines()|join('n')",
            "X|list|join('-')",
            "'q'.join([X, v])",
            "X.join(['a', 'b', v])",
            "X.replace('a', 'z')",
            "X.replace('β', 'a')",
            "X|replace('γ', v)",
            "X|replace('', '.')",
            "X|tojson",
            "[X, v]|tojson(indent=2)",
            "{X: [v]}|tojson",
            "{'k': X}|tojson(ensure_ascii=true)",
            "[X]|string",
            "{X: v}|string",
            "(X, v)|string",
            "X|trim",
            "X.strip('β')",
            "X|indent(2, true)",
            "X|indent(v)",
            "X|center(50)",
            "X.ljust(20, '.')",
            "X|truncate(25, true, v)",
            "X|escape",
            "(X|safe) + '<'",
            "X.zfill(30)",
            "X.removeprefix('β')",
            "X|batch(2)|map('join')|join('/')",
            "X|list|sort|join",
            "X|list|unique|join",
            "[v, X]|max",
            "X|default('a')",
            "X|string",
            "X|map('upper')|join",
            "[X, 'a']|map('replace', 'a', v)|join",
            "{X: v}.items()|list|string",
            "{X: v}|dictsort|first|join('=')",
            "X if X else v",
            "dict(**{X: v})|tojson",
            "dict(a=X, **{X: v})|string",
            "dict(dict(**{X: v}))|list|join",
            "('{:' ~ X[:1] ~ '>40}').format('a')",
            "namespace(k=X).k");

    @Provide
    Arbitrary<String> greek() {
        return Arbitraries.strings().withChars("αβγδ ςΣΩß\n\"<'\\😀é").ofMaxLength(12);
    }

    @Provide
    Arbitrary<String> pipeline() {
        return Arbitraries.of(STEPS).list().ofMinSize(1).ofMaxSize(4).map(steps -> {
            String text = "v";
            for (String step : steps) {
                text = step.replace("X", "(" + text + ")");
            }
            return "kept {{ " + text + " }}{% set b %}{{ " + text + " }}{% endset %}{{ b }}";
        });
    }

    @Property(tries = 2_000)
    void greekIsMarkedWhateverHappensToIt(@ForAll("pipeline") String template, @ForAll("greek") String value) {
        ChatTemplate parsed = ChatTemplate.parse(template, TemplateLimits.DEFAULT);

        MarkedText marked = attempt(parsed, TemplateText.marked(value, Origin.OUTSIDE));

        assertThat(marked.text()).isEqualTo(attempt(parsed, value).text());
        assertThat(unmarked(marked)).doesNotMatch("(?s).*[\\p{InGreek}ß😀é].*");
        assertThat(unmarked(marked)).startsWith("kept ");
    }

    /** The rendered text, or why it is refused. */
    private static MarkedText attempt(ChatTemplate template, Object value) {
        try {
            return template.render(Map.of("v", value));
        } catch (ChatTemplateException e) {
            return MarkedText.plain("kept " + e.getMessage());
        }
    }

    /** The text without its marked parts. */
    static String unmarked(MarkedText text) {
        StringBuilder rest = new StringBuilder();
        int done = 0;
        for (Mark mark : text.marks()) {
            rest.append(text.text(), done, mark.start());
            done = mark.end();
        }
        return rest.append(text.text().substring(done)).toString();
    }

    private static MarkedText render(String template, Object value) {
        return ChatTemplate.parse(template, TemplateLimits.DEFAULT).render(Map.of("v", value));
    }

    @Example
    void theTemplatesOwnTextIsNotMarked() {
        MarkedText text = render(
                "<|im_start|>{{ v.a ~ '\\n' }}<|im_end|>", TemplateValues.marked(Map.of("a", "xyz"), Origin.OUTSIDE));

        assertThat(text.text()).isEqualTo("<|im_start|>xyz\n<|im_end|>");
        assertThat(text.marks()).containsExactly(new Mark(12, 15, Origin.OUTSIDE));
    }

    @Example
    void keysOfMapsAreMarkedToo() {
        MarkedText text = render(
                "{% for k, x in v.items() %}<{{ k }}>{{ x|tojson }}{% endfor %}",
                TemplateValues.marked(Map.of("key", List.of("one")), Origin.ASSISTANT));

        assertThat(text.text()).isEqualTo("<key>[\"one\"]");
        assertThat(text.marks()).containsExactly(new Mark(1, 4, Origin.ASSISTANT), new Mark(7, 10, Origin.ASSISTANT));
    }

    @Example
    void whereOriginsMeetTheStrongerOneWins() {
        TemplateText both = new TemplateTextBuilder()
                .append("o", Origin.OUTSIDE)
                .append("a", Origin.ASSISTANT)
                .build();

        assertThat(both.origin()).isEqualTo(Origin.OUTSIDE);
        assertThat(render("{{ v }}", both).marks())
                .containsExactly(new Mark(0, 1, Origin.OUTSIDE), new Mark(1, 2, Origin.ASSISTANT));
    }

    @Example
    void escapesAndEncodingsKeepTheMark() {
        MarkedText json = render("{{ v|tojson }}", TemplateText.marked("a\n\"", Origin.OUTSIDE));
        MarkedText url = render("{{ v|urlencode }}", TemplateText.marked("é ", Origin.OUTSIDE));
        MarkedText read = render("{{ (v|from_json).k }}", TemplateText.marked("{\"k\":\"w\"}", Origin.OUTSIDE));

        assertThat(unmarked(json)).isEqualTo("\"\"");
        assertThat(unmarked(url)).isEmpty();
        assertThat(unmarked(read)).isEmpty();
    }

    @Example
    void namesThatAreSpreadKeepTheMark() {
        Object named = TemplateValues.marked(Map.of("w", 1), Origin.OUTSIDE);

        assertThat(unmarked(render("{{ dict(**v) }}", named))).isEqualTo("{'': 1}");
        assertThat(unmarked(render("{% macro f() %}{{ kwargs }}{% endmacro %}{{ f(**v) }}", named)))
                .isEqualTo("{'': 1}");
        assertThat(unmarked(render(
                        "{% macro f() %}{{ kwargs }}{{ caller() }}{% endmacro %}{% call f(**v) %}c{% endcall %}",
                        named)))
                .isEqualTo("{'': 1}c");
    }

    @Example
    void aCharacterMadeOfANumberIsMarked() {
        assertThat(render("{{ '{:c}'.format(v) }}{{ '%c' % v }}", 60).marks())
                .containsExactly(new Mark(0, 2, Origin.OUTSIDE));
    }

    @Example
    void marksDoNotMatterForEqualityAndKeys() {
        TemplateText role = TemplateText.marked("user", Origin.OUTSIDE);

        assertThat(render("{{ v == 'user' }}{{ v in ['user'] }}{{ {'user': 1}[v] }}{{ {v: 2}['user'] }}", role)
                        .text())
                .isEqualTo("TrueTrue12");
    }
}
