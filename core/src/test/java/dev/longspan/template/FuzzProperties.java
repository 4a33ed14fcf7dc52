package dev.longspan.template;

import dev.longspan.ChatTemplateException;
import dev.longspan.text.Origin;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Broken and odd templates end in a text or a typed error, and in nothing else. */
class FuzzProperties {
    private static final TemplateLimits SMALL = new TemplateLimits(1 << 16, 20_000, 1 << 16, 1 << 20, 200);
    private static final List<String> PIECES = List.of(
            "{{",
            "}}",
            "{%",
            "%}",
            "{#",
            "#}",
            "-%}",
            "{%-",
            "{% raw %}",
            "{% endraw %}",
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            "|",
            ".",
            ",",
            ":",
            "=",
            "==",
            "~",
            "*",
            "**",
            "//",
            "%",
            "-",
            "'",
            "\"",
            "\\",
            "\n",
            " ",
            "😀",
            "\ud83d",
            " if ",
            " else ",
            " in ",
            " is ",
            " not ",
            " and ",
            " for x in l ",
            "{% for x in l %}",
            "{% endfor %}",
            "{% if x %}",
            "{% endif %}",
            "{% else %}",
            "{% set x = l %}",
            "{% macro m(a) %}",
            "{% endmacro %}",
            "m(1)",
            "|tojson",
            "|join",
            "|map('upper')",
            "|list",
            "|sort",
            "|int",
            "|round",
            "[::-1]",
            "[1:]",
            ".split('a')",
            ".format(1)",
            "%s",
            "{:5}",
            "none",
            "true",
            "1",
            "2.5",
            "9999999999999999999",
            "1e308",
            "ns",
            "loop",
            "l",
            "d",
            "u",
            "range(9)",
            "namespace(a=1)",
            "caller()",
            "varargs",
            "dict(a=1)",
            "undefined_name",
            "x");

    private final List<String> corpus =
            LanguageCases.all().map(LanguageCases.Case::template).toList();
    private final Map<String, Object> context = LanguageCases.context(Origin.OUTSIDE);
    private final String nano = GoldenCases.nanoTemplate();

    @Property(tries = 4_000)
    void nothingButATypedErrorComesOut(@ForAll long seed) {
        Random random = new Random(seed);
        String template = random.nextInt(10) == 0 ? nano : pick(random, corpus);
        for (int changes = 1 + random.nextInt(6); changes > 0; changes--) {
            template = change(template, random);
        }
        try {
            ChatTemplate.parse(template, SMALL).render(context);
        } catch (ChatTemplateException e) {
            // refused, with a reason and a place
        }
    }

    private String change(String template, Random random) {
        int from = random.nextInt(template.length() + 1);
        int to = Math.min(template.length(), from + random.nextInt(12));
        String before = template.substring(0, from);
        String after = template.substring(to);
        return switch (random.nextInt(5)) {
            case 0 -> before + after;
            case 1 -> before + pick(random, PIECES) + template.substring(from);
            case 2 -> before + pick(random, PIECES) + after;
            case 3 -> before + template.substring(from, to).repeat(2) + after;
            default -> {
                String other = pick(random, corpus);
                int start = random.nextInt(other.length() + 1);
                yield before + other.substring(start, Math.min(other.length(), start + random.nextInt(40))) + after;
            }
        };
    }

    private static String pick(Random random, List<String> from) {
        return from.get(random.nextInt(from.size()));
    }
}
