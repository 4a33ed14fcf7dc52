package dev.longspan.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.InvalidRequestException;
import dev.longspan.ToolParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class ToolParsersTest {
    private static final ToolParsers PARSERS = ToolParsers.with(List.of());

    @Test
    void aTemplateOfItsOwnWordsTellsTheFormat() {
        assertThat(fitting("'<tool_call>\\n<function=' ~ name ~ '>'")).isEqualTo(ToolParser.FUNCTION_TAGS);
        assertThat(fitting("'<tool_call>\\n{\\\"name\\\": \\\"' ~ name")).isEqualTo(ToolParser.HERMES);
        assertThat(fitting("'<tool_call>\n{\"name\": \"' ~ name")).isEqualTo(ToolParser.HERMES);
        assertThat(fitting("'[TOOL_CALLS]' ~ calls")).isEqualTo(ToolParser.MISTRAL);
        assertThat(fitting("'{\"name\": \"' ~ name ~ '\", ' ~ '\"parameters\": '"))
                .isEqualTo(ToolParser.LLAMA3);
        assertThat(fitting("'<seed:tool_call><function='")).isEmpty();
        assertThat(fitting("'<tool_call>' ~ name ~ '<arg_key>'")).isEmpty();
        assertThat(fitting("")).isEmpty();
    }

    private static String fitting(String template) {
        return PARSERS.fitting(template).map(ToolParser::name).orElse("");
    }

    @Test
    void aNameThatIsNotKnownIsRefused() {
        assertThat(PARSERS.named("hermes").name()).isEqualTo("hermes");
        assertThatThrownBy(() -> PARSERS.named("x"))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("function-tags");
    }

    @Test
    void publishedTemplatesAreRecognizedOrLeftAlone() throws IOException {
        String folder = System.getProperty("longspan.templates", "");
        Assumptions.assumeFalse(folder.isEmpty(), "the property longspan.templates names no published templates");
        Map<String, String> found = new TreeMap<>();
        try (Stream<Path> files = Files.list(Path.of(folder))) {
            for (Path file :
                    files.filter(each -> each.toString().endsWith(".jinja")).toList()) {
                found.put(file.getFileName().toString().replace(".jinja", ""), fitting(Files.readString(file)));
            }
        }
        assertThat(found)
                .containsEntry("NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", "function-tags")
                .containsEntry("Qwen3-Coder", "function-tags")
                .containsEntry("Qwen3.5-4B", "function-tags")
                .containsEntry("Qwen-Qwen2.5-7B-Instruct", "hermes")
                .containsEntry("Qwen-Qwen3-0.6B", "hermes")
                .containsEntry("NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use", "hermes")
                .containsEntry("meta-llama-Llama-3.1-8B-Instruct", "llama3")
                .containsEntry("meta-llama-Llama-3.2-3B-Instruct", "llama3")
                .containsEntry("mistralai-Mistral-Nemo-Instruct-2407", "mistral")
                .containsEntry("Mistral-Small-3.2-24B-Instruct-2506", "mistral")
                .containsEntry("ByteDance-Seed-OSS", "")
                .containsEntry("GLM-4.6", "")
                .containsEntry("CohereForAI-c4ai-command-r-plus-tool_use", "")
                .containsEntry("moonshotai-Kimi-K2", "")
                .containsEntry("openai-gpt-oss-120b", "")
                .containsEntry("deepseek-ai-DeepSeek-V3.2", "");
    }
}
