package dev.longspan.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.ChatTemplateException;
import dev.longspan.ChatTemplateException.Reason;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever a hostile template does ends at a limit that the message names. */
class LimitsTest {
    private static final TemplateLimits SMALL = new TemplateLimits(1 << 20, 400_000, 1 << 20, 8 << 20, 400);

    private static final String LOOPS =
            "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
    private static final String DOUBLING =
            "{% set ns = namespace(x='abcdefgh') %}{% for i in range(90) %}{% set ns.x = ns.x + ns.x %}{% endfor %}";
    private static final String LIST_DOUBLING =
            "{% set ns = namespace(x=[1]) %}{% for i in range(90) %}{% set ns.x = ns.x + ns.x %}{% endfor %}";
    /** A value that is small in memory and huge when it is walked through. */
    private static final String SHARED =
            "{% set ns = namespace(x=['a'], y=['a']) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}"
                    + "{% set ns.y = [ns.y, ns.y] %}{% endfor %}";

    private static final String DEEP =
            "{% set ns = namespace(x=[], y=[]) %}{% for i in range(9000) %}{% set ns.x = [ns.x] %}{% set ns.y = [ns.y] %}"
                    + "{% endfor %}";

    static Stream<Arguments> hostile() {
        return Stream.of(
                Arguments.of("steps", LOOPS),
                Arguments.of(
                        "steps",
                        "{% macro f(n) %}{% if n %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}{{ f(60) }}"),
                Arguments.of(
                        "steps", "{% set x = 'a' * 1000000 %}{% for i in range(99999) %}{{ 'b' in x }}{% endfor %}"),
                Arguments.of(
                        "steps", "{% set x = 'a' * 1000000 %}{% for i in range(99999) %}{{ x == x ~ '' }}{% endfor %}"),
                Arguments.of("steps", SHARED + "{{ ns.x == ns.y }}"),
                Arguments.of("steps", SHARED + "{{ ns.x < ns.y }}"),
                Arguments.of("steps", SHARED + "{{ ns.x|string|length }}"),
                Arguments.of("steps", SHARED + "{{ ns.x|tojson|length }}"),
                Arguments.of("depth", DEEP + "{{ ns.x == ns.y }}"),
                Arguments.of("depth", DEEP + "{{ ns.x }}"),
                Arguments.of("depth", DEEP + "{{ ns.x|tojson }}"),
                Arguments.of("depth", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"),
                Arguments.of(
                        "depth", "{% macro f(x) %}{% call f(x) %}{% endcall %}{{ caller }}{% endmacro %}{{ f(1) }}"),
                Arguments.of("depth", "{% macro f(x=f()) %}{% endmacro %}{{ f() }}"),
                Arguments.of("depth", "{% for x in [[1]] recursive %}{{ loop([x]) }}{% endfor %}"),
                Arguments.of("depth", "{{ 1" + " + 1".repeat(5_000) + " }}"),
                Arguments.of("depth", "{{ x" + "|trim".repeat(5_000) + " }}"),
                Arguments.of("depth", "{{ x" + ".a".repeat(5_000) + " is defined }}"),
                Arguments.of("depth", "{{ " + "(".repeat(10_000) + "1" + ")".repeat(10_000) + " }}"),
                Arguments.of("depth", "{{ " + "[".repeat(10_000) + "]".repeat(10_000) + " }}"),
                Arguments.of("depth", "{{ " + "-".repeat(10_000) + "1 }}"),
                Arguments.of("depth", "{{ " + "not ".repeat(10_000) + "1 }}"),
                Arguments.of("depth", "{{ 1" + " if 1 else 1".repeat(10_000) + " }}"),
                Arguments.of("depth", "{% if 1 %}".repeat(10_000) + "{% endif %}".repeat(10_000)),
                Arguments.of("depth", "{% for x in [1] %}".repeat(10_000) + "{% endfor %}".repeat(10_000)),
                Arguments.of("depth", "{% set " + "(".repeat(10_000) + "a" + ")".repeat(10_000) + " = 1 %}"),
                Arguments.of("created", DOUBLING),
                Arguments.of("created", LIST_DOUBLING),
                Arguments.of("created", "{{ ('x' * 1000000000)|length }}"),
                Arguments.of("created", "{{ ([1] * 1000000000)|length }}"),
                Arguments.of("created", "{{ 'a'.center(2000000000) }}"),
                Arguments.of("created", "{{ '%2000000000d' % 1 }}"),
                Arguments.of("created", "{{ '{:2000000000}'.format(1) }}"),
                Arguments.of("created", "{{ 'a\nb'|indent(2000000000) }}"),
                Arguments.of("created", "{% set x = 'a' * 100000 %}{{ x.replace('a', x) }}"),
                Arguments.of("created", "{% set x = 'a' * 100000 %}{{ x|list|join(x) }}"),
                Arguments.of("created", "{{ [1]|batch(2000000000, 0)|list }}"),
                Arguments.of("created", "{{ [1]|slice(2000000000)|list }}"),
                Arguments.of("created", "{{ [1]|tojson(indent=2000000000) }}"),
                Arguments.of("output", "{% set x = 'a' * 100000 %}{% for i in range(99) %}{{ x }}{% endfor %}"),
                Arguments.of("range", "{{ range(1000000) }}"),
                Arguments.of("bits", "{{ 10 ** 1000000000 }}"),
                Arguments.of(
                        "bits",
                        "{% set ns = namespace(x=3) %}{% for i in range(99) %}{% set ns.x = ns.x * ns.x %}{% endfor %}"),
                Arguments.of("digits", "{{ " + "9".repeat(100_000) + " }}"),
                Arguments.of("precision", "{{ '%.2000000000f' % 1.5 }}"));
    }

    @ParameterizedTest
    @MethodSource("hostile")
    void endsAtALimit(String limit, String template) {
        assertRefused(limit, template, SMALL);
    }

    private static void assertRefused(String limit, String template, TemplateLimits limits) {
        assertThatThrownBy(() -> ChatTemplate.parse(template, limits).render(Map.of("x", Map.of())))
                .isInstanceOfSatisfying(ChatTemplateException.class, e -> {
                    assertThat(e.reason()).isEqualTo(Reason.LIMIT);
                    assertThat(e.getMessage()).contains(limit);
                });
    }

    @Test
    void aThreadWithASmallStackIsSafe() throws InterruptedException {
        List<Throwable> seen = new CopyOnWriteArrayList<>();
        String template = "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}";
        Thread thread = new Thread(
                null,
                () -> {
                    try {
                        ChatTemplate.parse(template, TemplateLimits.DEFAULT).render(Map.of());
                    } catch (ChatTemplateException e) {
                        seen.add(e);
                    }
                },
                "small stack",
                160 << 10);
        thread.start();
        thread.join();

        assertThat(seen).hasSize(1);
    }

    @Test
    void aTemplateThatGathersItsOutputIsNotQuadratic() {
        String template =
                "{% set ns = namespace(out='') %}{% for i in range(20000) %}{% set ns.out = ns.out + x + '!' %}"
                        + "{% endfor %}{{ ns.out ~ '?' }}";

        String text = ChatTemplate.parse(template, TemplateLimits.DEFAULT)
                .render(Map.of("x", "message ".repeat(100)))
                .text();

        assertThat(text).hasSize(20_000 * 801 + 1).startsWith("message message").endsWith("!?");
    }

    @Test
    void lookingAtGatheredOutputIsPaidFor() {
        String template = "{% set ns = namespace(out='" + "a".repeat(1_000) + "') %}{% for i in range(99999) %}"
                + "{% set ns.out = ns.out + 'b' * 1000 %}{% if 'c' in ns.out %}{% endif %}{% endfor %}";

        assertRefused("created", template, new TemplateLimits(1 << 20, 10_000_000, 1 << 20, 64 << 20, 400));
    }

    @Test
    void aTemplateLongerThanTheLimitIsNotRead() {
        assertRefused("source", "x".repeat(101), new TemplateLimits(100, 1, 1, 1, 1));
    }

    @Test
    void theSameLimitAlwaysEndsAtTheSamePlace() {
        ChatTemplate template = ChatTemplate.parse(LOOPS, SMALL);

        String first = message(template);
        String second = message(template);

        assertThat(first).isEqualTo(second).contains("steps");
    }

    private static String message(ChatTemplate template) {
        try {
            return template.render(Map.of()).text();
        } catch (ChatTemplateException e) {
            return e.getMessage();
        }
    }
}
