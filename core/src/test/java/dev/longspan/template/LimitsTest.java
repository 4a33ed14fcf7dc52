package dev.longspan.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.ChatTemplateException;
import dev.longspan.ChatTemplateException.Reason;
import dev.longspan.text.Origin;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever a hostile template does ends at a limit that the message names. */
class LimitsTest {
    private static final TemplateLimits SMALL = new TemplateLimits(1 << 20, 400_000, 1 << 20, 8 << 20, 400);

    private static final ZonedDateTime NOW = Instant.EPOCH.atZone(ZoneOffset.UTC);

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
                Arguments.of(
                        "steps",
                        "{% set x = 'a' * 200000 %}{% set z = 'a' * 100000 ~ 'b' %}{% for i in range(99) %}{{ z in x }}"
                                + "{{ x.find(z) }}{{ x.rfind(z) }}{{ x.count(z) }}{{ x.split(z) }}{% endfor %}"),
                Arguments.of("steps", "{% set x = 'é€' * 500000 %}{% for i in range(99) %}{{ x[5] }}{% endfor %}"),
                Arguments.of("steps", "{% set x = ' ' * 1000000 %}{% for i in range(99) %}{{ x|trim }}{% endfor %}"),
                Arguments.of(
                        "steps", "{% set x = 'a' * 1000000 %}{% for i in range(99) %}{{ x is lower }}{% endfor %}"),
                Arguments.of("steps", "{% for i in range(9999) %}{% set x = '9' * 4000 %}{{ x|int }}{% endfor %}"),
                Arguments.of("steps", "{% for i in range(9999) %}{% set x = '%.999f' % 1e-300 %}{% endfor %}"),
                Arguments.of(
                        "steps",
                        "{% set x = 'a' * 30000 %}{% for i in range(99) %}{% set y = x.title() %}{% endfor %}"),
                Arguments.of("steps", "{% for i in range(9999) %}{{ i * 1.2345678901234567e-300 }}{% endfor %}"),
                Arguments.of(
                        "steps",
                        "{% set d = {'a' * 100000: 1} %}{% set k = 'a' * 100000 %}{% for i in range(999) %}{{ d[k] }}"
                                + "{{ k in d }}{{ d.get(k) }}{% endfor %}"),
                Arguments.of(
                        "steps",
                        "{% with %}".repeat(80) + "{% for i in range(9999) %}" + "{{ nope }}".repeat(9) + "{% endfor %}"
                                + "{% endwith %}".repeat(80)),
                Arguments.of("created", "{% set a = 'A' * 100000 %}{{ ([a] * 1000)|sort|first }}"),
                Arguments.of("steps", "{% set a = 'A' * 100000 %}{{ ([a] * 1000)|unique|list }}"),
                Arguments.of(
                        "created",
                        "{% set x = range(9999)|list %}{% for i in range(99) %}{% set y = x|reverse %}{% endfor %}"),
                Arguments.of("parts", "{% set d = {1: 2} %}{{ d[(1, 2, 3, 4) * 9999] }}"),
                Arguments.of("time format", "{{ strftime_now('%c' * 100000) }}"),
                Arguments.of(
                        "steps",
                        "{% set x = 'é ' * 50000 %}{% for i in range(99) %}{% set y = x|urlencode %}{% endfor %}"),
                Arguments.of(
                        "steps", "{% set x = 'a' * 200000 %}{% for i in range(9) %}{% set y = x|tojson %}{% endfor %}"),
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
                Arguments.of("depth", "{{".repeat(500_000)),
                Arguments.of("depth", " \t".repeat(1_000) + "{".repeat(500_000)),
                Arguments.of("depth", "{{" + " [".repeat(400)),
                Arguments.of("created", DOUBLING),
                Arguments.of("created", LIST_DOUBLING),
                Arguments.of("created", "{{ ('x' * 1000000000)|length }}"),
                Arguments.of("created", "{{ ([1] * 1000000000)|length }}"),
                Arguments.of("created", "{{ 'a'.center(2000000000) }}"),
                Arguments.of("created", "{{ '%2000000000d' % 1 }}"),
                Arguments.of("created", "{{ '{:2000000000}'.format(1) }}"),
                Arguments.of("created", "{{ 'a\nb'|indent(2000000000) }}"),
                Arguments.of("created", "{% set x = 'a' * 100000 %}{{ x.replace('a', x) }}"),
                Arguments.of("created", "{% set x = 'a' * 10000 %}{{ x|list|join(x) }}"),
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
        assertThatThrownBy(
                        () -> ChatTemplate.parse(template, limits).render(Map.of("x", Map.of(), "strftime_now", NOW)))
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
    void cuttingTextOfManyMarksIsNotQuadratic() {
        String template =
                "{% set x = v|join('<') * 1000 %}{{ x.split('<')|length }} {{ x.rsplit('<')|length }} {{ x|list|length }}";
        List<TemplateText> marked = Collections.nCopies(100, TemplateText.marked("ab", Origin.OUTSIDE));

        String text = ChatTemplate.parse(template, TemplateLimits.DEFAULT)
                .render(Map.of("v", marked))
                .text();

        assertThat(text).isEqualTo("99001 99001 299000");
    }

    @Test
    void takingOffALongSetOfCharsIsNotQuadratic() {
        String template = "{% set x = 'a' * 1000000 %}{% set c = 'b' * 1000000 ~ 'a' %}{{ x.strip(c)|length }}";

        assertThat(ChatTemplate.parse(template, TemplateLimits.DEFAULT)
                        .render(Map.of())
                        .text())
                .isEqualTo("0");
    }

    @Test
    void theEndsOfGreekWordsAreNotQuadratic() {
        String template = "{% set x = 'ΑΣ' * 200000 %}{{ x.lower()[-3:] }} {{ x.swapcase()[-3:] }}";

        assertThat(ChatTemplate.parse(template, TemplateLimits.DEFAULT)
                        .render(Map.of())
                        .text())
                .isEqualTo("σας σας");
    }

    @Test
    void namesAndKeysWithOneHashDoNotHang() {
        List<String> names = IntStream.range(0, 1 << 14)
                .mapToObj(number -> IntStream.range(0, 14)
                        .mapToObj(bit -> (number >> bit & 1) == 0 ? "Aa" : "BB")
                        .collect(Collectors.joining()))
                .toList();
        String keys = names.stream().map(name -> "('" + name + "',): 1").collect(Collectors.joining(","));

        ChatTemplate template = ChatTemplate.parse("{{ {" + keys + "}|length }}", TemplateLimits.DEFAULT);

        assertThat(template.names()).containsAll(names);
        assertThat(template.render(Map.of()).text()).isEqualTo("16384");
    }

    @Test
    void otherLimitsHoldForTheSameTemplate() {
        ChatTemplate template =
                ChatTemplate.parse("{% for i in range(90000) %}{{ i }}{% endfor %}", TemplateLimits.DEFAULT);

        assertThat(template.render(Map.of()).text()).startsWith("0123");
        assertThatThrownBy(() -> template.withLimits(TemplateLimits.PROBE).render(Map.of()))
                .isInstanceOf(ChatTemplateException.class)
                .hasMessageContaining("steps");
        assertThat(template.withLimits(TemplateLimits.PROBE).names()).isEqualTo(template.names());
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
