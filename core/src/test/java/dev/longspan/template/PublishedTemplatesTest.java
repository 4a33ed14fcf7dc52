package dev.longspan.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.ChatTemplateException;
import dev.longspan.text.Origin;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The published chat templates give their golden renderings byte for byte and refuse what they refuse. */
class PublishedTemplatesTest {
    /** Looks back over all messages at each. */
    private static final String QUADRATIC = "google-gemma-4-31B-it.jinja";

    @TestFactory
    Stream<DynamicTest> renderALongHistoryWithinTheLimits() {
        GoldenCases published = GoldenCases.published();
        return published
                .templates()
                .map(name -> DynamicTest.dynamicTest(name, () -> {
                    int count = name.equals(QUADRATIC) ? 2_000 : 5_000;
                    Map<String, Object> context = published.common();
                    context.put("messages", TemplateValues.marked(history(count), Origin.OUTSIDE));
                    context.put("add_generation_prompt", true);
                    // one template wants these always
                    context.put("functions", "none");
                    context.put("datetime", "now");
                    ChatTemplate template = ChatTemplate.parse(published.source(name), TemplateLimits.DEFAULT);
                    assertThat(template.render(context).text().length()).isGreaterThan(count * 1_000 / 2);
                }));
    }

    private static List<Map<String, String>> history(int count) {
        return IntStream.rangeClosed(0, count)
                .mapToObj(i -> Map.of("role", i % 2 == 0 ? "user" : "assistant", "content", "x".repeat(1_000)))
                .toList();
    }

    @TestFactory
    Stream<DynamicTest> renderAsGolden() {
        return GoldenCases.published()
                .all()
                .map(golden -> DynamicTest.dynamicTest(golden.toString(), () -> {
                    ChatTemplate template = ChatTemplate.parse(golden.source(), TemplateLimits.DEFAULT);
                    if (golden.text() == null) {
                        assertThatThrownBy(() -> template.render(golden.context()))
                                .isInstanceOf(ChatTemplateException.class);
                    } else {
                        assertThat(template.render(golden.context()).text()).isEqualTo(golden.text());
                    }
                }));
    }
}
