package dev.longspan.model;

import static dev.longspan.model.TestFolder.assertFault;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.ChatTemplateException;
import dev.longspan.ModelInspection;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChatTemplatesTest {
    private static final String CONFIG = "tokenizer_config.json";

    @TempDir
    Path temp;

    private TestFolder folder;

    @BeforeEach
    void copyTheNanoModel() {
        folder = TestFolder.withoutWeights(temp).delete("chat_template.jinja");
    }

    private ChatTemplates templates() {
        return ModelFolder.open(temp).templates();
    }

    @Test
    void aModelMayHaveNone() {
        assertThat(templates().byName()).isEmpty();
        assertThat(templates().defaultTemplate()).isNull();
    }

    @Test
    void aStringInTheTokenizersConfigurationIsTheDefault() {
        folder.edit(CONFIG, root -> root.put("chat_template", "from config"));
        assertThat(templates().defaultTemplate()).isEqualTo(new ChatTemplateSource("default", "from config", CONFIG));
    }

    @Test
    void aListGivesNamedTemplates() {
        folder.edit(CONFIG, root -> {
            root.putArray("chat_template").addObject().put("name", "default").put("template", "a");
            root.withArray("chat_template").addObject().put("name", "tool_use").put("template", "b");
        });
        assertThat(templates().byName()).containsOnlyKeys("default", "tool_use");
        assertThat(templates().byName().get("tool_use").text()).isEqualTo("b");
    }

    @Test
    void anObjectGivesNamedTemplates() {
        folder.edit(
                CONFIG,
                root -> root.putObject("chat_template").put("default", "a").put("tool_use", "b"));
        assertThat(templates().byName()).containsOnlyKeys("default", "tool_use");
        assertThat(templates().defaultTemplate()).isEqualTo(new ChatTemplateSource("default", "a", CONFIG));
    }

    @Test
    void theFileWinsOverTheTokenizersConfigurationAndThatOverTheOldFile() {
        folder.write("chat_template.json", "{\"chat_template\": \"old\"}");
        assertThat(templates().defaultTemplate())
                .isEqualTo(new ChatTemplateSource("default", "old", "chat_template.json"));
        folder.edit(CONFIG, root -> root.put("chat_template", "config"));
        assertThat(templates().defaultTemplate()).isEqualTo(new ChatTemplateSource("default", "config", CONFIG));
        folder.write("chat_template.jinja", "file ü\n");
        assertThat(templates().defaultTemplate())
                .isEqualTo(new ChatTemplateSource("default", "file ü\n", "chat_template.jinja"));
    }

    @Test
    void furtherTemplatesLieInAFolderOfTheirOwn() {
        folder.write("chat_template.jinja", "main");
        folder.write("additional_chat_templates/rag.jinja", "rag");
        folder.write("additional_chat_templates/notes.txt", "x");
        assertThat(templates().byName()).containsOnlyKeys("default", "rag");
        assertThat(templates().byName().get("rag"))
                .isEqualTo(new ChatTemplateSource("rag", "rag", "additional_chat_templates/rag.jinja"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"7", "{\"default\":1}", "[\"a\"]", "[{\"name\":\"a\"}]", "[{\"name\":1,\"template\":\"x\"}]"})
    void anotherFormIsRefused(String json) {
        folder.write(CONFIG, "{\"chat_template\": " + json + "}");
        assertFault(CONFIG, "chat_template", this::templates, "expected a string, a list", "found " + json);
    }

    @Test
    void aNameThatComesTwiceIsRefused() {
        folder.write(
                CONFIG,
                "{\"chat_template\": [{\"name\": \"a\", \"template\": \"x\"}, {\"name\": \"a\", \"template\": \"y\"}]}");
        assertFault(CONFIG, "chat_template", this::templates, "\"a\" is there twice");
    }

    @Test
    void aTemplateThatIsNotTextIsRefused() {
        folder.write("chat_template.jinja", new byte[] {'a', (byte) 0xc3});
        assertFault("chat_template.jinja", "", this::templates, "expected UTF-8");
    }

    @Test
    void aFaultInATemplateNamesItsFile() {
        folder.write("chat_template.jinja", "a");
        folder.write("additional_chat_templates/tool_use.jinja", "{{ 1\n | }}");
        assertThatThrownBy(() -> ModelInspection.of(temp))
                .isInstanceOfSatisfying(ChatTemplateException.class, e -> {
                    assertThat(e.reason()).isEqualTo(ChatTemplateException.Reason.SYNTAX);
                    assertThat(e.line()).isEqualTo(2);
                })
                .hasMessageStartingWith("chat template, line 2")
                .hasMessageEndingWith("(template 'tool_use' of additional_chat_templates/tool_use.jinja)");
    }

    @Test
    void specialTokensAreStringsOrObjectsAndTheSecondFileFillsIn() {
        folder.write(CONFIG, "{\"bos_token\": {\"content\": \"<s>\", \"lstrip\": false}, \"add_bos_token\": true}");
        folder.write("special_tokens_map.json", "{\"bos_token\": \"no\", \"eos_token\": {\"content\": \"</s>\"}}");
        TokenizerConfig tokenizer = ModelFolder.open(temp).tokenizer();
        assertThat(tokenizer.bosToken()).isEqualTo("<s>");
        assertThat(tokenizer.eosToken()).isEqualTo("</s>");
        assertThat(tokenizer.unkToken()).isNull();
        assertThat(tokenizer.addBosToken()).isTrue();
        assertThat(tokenizer.addEosToken()).isNull();
        folder.write("special_tokens_map.json", "{\"eos_token\": 2}");
        assertFault("special_tokens_map.json", "eos_token", () -> ModelFolder.open(temp), "found 2");
    }

    @Test
    void theTokenizersFilesMayBeMissing() {
        folder.delete(CONFIG).delete("special_tokens_map.json");
        assertThat(ModelFolder.open(temp).tokenizer().eosToken()).isNull();
    }
}
