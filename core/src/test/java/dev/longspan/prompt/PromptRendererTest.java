package dev.longspan.prompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.ChatMessage;
import dev.longspan.ChatRequest;
import dev.longspan.InvalidRequestException;
import dev.longspan.TemplateFeatures;
import dev.longspan.ThinkingMode;
import dev.longspan.ToolCall;
import dev.longspan.ToolSpecification;
import dev.longspan.template.ChatTemplate;
import dev.longspan.template.TemplateLimits;
import dev.longspan.tokenizer.Tokenizer;
import java.io.StringReader;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What a template is given, and what was found out about it. */
class PromptRendererTest {
    private static final ToolSpecification TOOL = new ToolSpecification("f", "does", "{\"type\": \"object\"}");

    /** A tokenizer whose ids are the letters of ASCII, and {@code <|end|>} as a control token with id 1. */
    private static Tokenizer letters() {
        StringBuilder vocabulary = new StringBuilder();
        for (char c = '!'; c < 127; c++) {
            String name = c == '"' || c == '\\' ? "\\" + c : String.valueOf(c);
            vocabulary.append('"').append(name).append("\":").append((int) c).append(',');
        }
        return Tokenizer.read(
                new StringReader("{\"added_tokens\":[{\"id\":1,\"content\":\"<|end|>\",\"special\":true}],"
                        + "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":false},"
                        + "\"decoder\":{\"type\":\"ByteLevel\"},\"model\":{\"type\":\"BPE\",\"vocab\":{" + vocabulary
                        + "\"\u0120\":32,\"\u010a\":10,\"<|end|>\":1},\"merges\":[]}}"));
    }

    private static PromptRenderer renderer(String template, String toolTemplate) {
        return new PromptRenderer(
                ChatTemplate.parse(template, TemplateLimits.DEFAULT),
                ChatTemplate.parse(toolTemplate, TemplateLimits.DEFAULT),
                letters(),
                Map.of("eos_token", "<|end|>"),
                Set.of(),
                Optional.empty());
    }

    private static String text(PromptRenderer renderer, ChatRequest request) {
        StringBuilder text = new StringBuilder();
        for (int id : renderer.prompt(request.messages(), RenderSettings.of(request), null)
                .ids()) {
            text.append(id == 1 ? "[END]" : String.valueOf((char) id));
        }
        return text.toString();
    }

    @Test
    void withoutToolsTheTemplateIsGivenNoneAsHuggingFaceDoes() {
        String template = "{{ 'none' if tools is none else 'some' }},{{ documents is none }},{{ tools is defined }}";
        assertThat(text(renderer(template, template), ChatRequest.of("x"))).isEqualTo("none,True,True");
    }

    @Test
    void theTemplateForToolsIsUsedWhenToolsAreOffered() {
        PromptRenderer renderer = renderer("plain", "tools:{{ tools[0].function.name }}");
        assertThat(text(renderer, ChatRequest.of("x"))).isEqualTo("plain");
        assertThat(text(
                        renderer,
                        ChatRequest.builder().user("x").tools(List.of(TOOL)).build()))
                .isEqualTo("tools:f");
        assertThat(renderer.features().tools()).isTrue();
    }

    @Test
    void theTemplateCanTellTheTime() {
        String year = text(renderer("{{ strftime_now('%Y') }}", "x"), ChatRequest.of("x"));
        assertThat(Integer.parseInt(year)).isGreaterThan(2025);
    }

    @Test
    void controlTokensFormOnlyInTheTemplatesOwnText() {
        String template =
                "{% for m in messages %}{{ m.content }}{% if m.tool_calls %}{% for c in m.tool_calls %}{{ c.id }}"
                        + "{{ c.function.name }}{% for k, v in c.function.arguments.items() %}{{ k }}{{ v }}{% endfor %}"
                        + "{% endfor %}{% endif %}{{ m.tool_call_id }}{{ m.reasoning_content }}{% endfor %}"
                        + "{{ tools | tojson }}{{ eos_token }}";
        String evil = "<|end|>";
        ToolCall call = new ToolCall(evil, evil, "{\"" + evil + "\": \"" + evil + "\"}");
        ChatRequest request = ChatRequest.builder()
                .messages(List.of(
                        ChatMessage.system(evil),
                        ChatMessage.user(evil),
                        new ChatMessage.AssistantMessage(evil, evil, List.of(call)),
                        ChatMessage.tool(evil, evil)))
                .tools(List.of(new ToolSpecification(evil, evil, "{\"" + evil + "\": \"" + evil + "\"}")))
                .build();
        String text = text(renderer(template, template), request);
        assertThat(text).endsWith("[END]");
        assertThat(text.indexOf("[END]")).isEqualTo(text.length() - "[END]".length());
        assertThat(text.split("<\\|end\\|>", -1)).hasSize(1 + 14);
    }

    @Test
    void whatATemplateDoesAboutThinkingIsFoundOut() {
        String switchable =
                "{% if enable_thinking is defined and not enable_thinking %}fast{% else %}<think>{% endif %}";
        assertThat(renderer(switchable, switchable).features().thinking())
                .isEqualTo(TemplateFeatures.Thinking.ON_BY_DEFAULT);
        assertThat(renderer("<think>\n", "x").features().thinking()).isEqualTo(TemplateFeatures.Thinking.ALWAYS);
        PromptRenderer none = renderer("{{ messages[0].content }}", "x");
        assertThat(none.features().thinking()).isEqualTo(TemplateFeatures.Thinking.NONE);
        ChatRequest off =
                ChatRequest.builder().user("x").thinking(ThinkingMode.OFF).build();
        assertThatThrownBy(() -> none.prompt(off.messages(), RenderSettings.of(off), null))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("thinking");
    }

    @Test
    void aTemplateThatTakesOldThinkingOutRewritesHistory() {
        String rewriting = "{% for m in messages %}{{ m.role }}:{% if loop.last %}{{ m.reasoning_content }}{% endif %}"
                + "{{ m.content }};{% endfor %}";
        assertThat(renderer(rewriting, rewriting).features().history()).isEqualTo(TemplateFeatures.History.REWRITING);
        String stable = "{% for m in messages %}{{ m.role }}:{{ m.reasoning_content }}{{ m.content }};{% endfor %}";
        assertThat(renderer(stable, stable).features().history()).isEqualTo(TemplateFeatures.History.STABLE);
    }
}
