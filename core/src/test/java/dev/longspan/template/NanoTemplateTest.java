package dev.longspan.template;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The nano model's template gives its golden renderings byte for byte. */
class NanoTemplateTest {
    static Stream<GoldenCases.Case> cases() {
        return GoldenCases.nano();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void rendersAsGolden(GoldenCases.Case golden) {
        ChatTemplate template = ChatTemplate.parse(golden.source(), TemplateLimits.DEFAULT);

        assertThat(template.render(golden.context()).text()).isEqualTo(golden.text());
    }
}
