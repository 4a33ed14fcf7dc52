package dev.longspan.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.ChatTemplateException;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The published chat templates give their golden renderings byte for byte and refuse what they refuse. */
class PublishedTemplatesTest {
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
