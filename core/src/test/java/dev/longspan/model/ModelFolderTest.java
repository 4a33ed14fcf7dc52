package dev.longspan.model;

import static dev.longspan.model.TestFolder.assertFault;
import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.SpanAttention;
import dev.longspan.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFolderTest {
    @TempDir
    Path temp;

    @Test
    void aByteOrderMarkBeforeAnyFileIsNoPartOfIt(@TempDir Path temp) {
        TestFolder folder = TestFolder.withoutWeights(temp);
        for (String name : List.of(
                "config.json",
                "generation_config.json",
                "tokenizer.json",
                "tokenizer_config.json",
                "special_tokens_map.json",
                "chat_template.jinja")) {
            folder.write(name, "\uFEFF" + new String(TestFolder.bytes(temp.resolve(name)), StandardCharsets.UTF_8));
        }
        ModelFolder plain = ModelFolder.open(TestFolder.NANO);
        ModelFolder marked = ModelFolder.open(temp);

        assertThat(marked.config()).isEqualTo(plain.config());
        assertThat(marked.generation()).isEqualTo(plain.generation());
        assertThat(marked.tokenizer()).isEqualTo(plain.tokenizer());
        assertThat(marked.templates()).isEqualTo(plain.templates());
        assertThat(Tokenizer.load(marked.tokenizerFile()).encode("hello"))
                .isEqualTo(Tokenizer.load(plain.tokenizerFile()).encode("hello"));
    }

    @Test
    void aTokenThatIsFalseIsNone(@TempDir Path temp) {
        TestFolder folder =
                TestFolder.withoutWeights(temp).edit("tokenizer_config.json", root -> root.put("bos_token", false));
        assertThat(ModelFolder.open(folder.path).tokenizer().bosToken()).isNull();
    }

    @Test
    void theNanoFolderIsReadAsItIs() {
        ModelFolder folder = ModelFolder.open(TestFolder.NANO);
        ModelSpec spec = folder.config().spec();
        assertThat(spec.modelType()).isEqualTo("superlinear-exp");
        assertThat(spec.vocabularySize()).isEqualTo(1024);
        assertThat(spec.hiddenSize()).isEqualTo(128);
        assertThat(spec.normEpsilon()).isEqualTo(1e-5);
        assertThat(spec.tiedEmbeddings()).isFalse();
        LayerSpec mamba = new LayerSpec.Mamba(8, 32, 2, 32, 4, 0, 1e30);
        LayerSpec attention = new LayerSpec.Attention(
                new AttentionHeads(4, 2, 32), new SpanAttention(6, 3, 3, 1, 0.5, 0.5, 0.1767766952966369));
        LayerSpec experts = new LayerSpec.Experts(4, 2, 128, 128, 1, 1, true, 1);
        LayerSpec mlp = new LayerSpec.Mlp(320);
        assertThat(spec.layers())
                .containsExactly(mamba, attention, experts, mamba, mlp, mamba, attention, experts, mamba, mlp);
        assertThat(folder.config().bosTokenId()).isZero();
        assertThat(folder.config().eosTokenIds()).containsExactly(2);
        assertThat(folder.config().padTokenId()).isZero();
        assertThat(folder.config().maxPositionEmbeddings()).isEqualTo(8192);
        assertThat(folder.config().otherKeys())
                .containsEntry("expand", "2")
                .containsEntry("torch_dtype", "\"bfloat16\"")
                .doesNotContainKey("hidden_size");
        assertThat(folder.generation().temperature()).isZero();
        assertThat(folder.generation().topK()).isNull();
        assertThat(folder.generation().otherKeys()).containsKey("max_new_tokens");
        assertThat(folder.endTokenIds()).containsExactly(2, 0);
        assertThat(folder.tokenizer().eosToken()).isEqualTo("<|im_end|>");
        assertThat(folder.tokenizer().padToken()).isEqualTo("<|endoftext|>");
        assertThat(folder.tokenizer().bosToken()).isNull();
        assertThat(folder.tokenizer().addBosToken()).isFalse();
        assertThat(folder.tokenizer().additionalSpecialTokens()).containsExactly("<|im_start|>");
        assertThat(folder.templates().byName()).containsOnlyKeys("default");
        assertThat(folder.templates().defaultTemplate())
                .satisfies(template -> assertThat(template.text()).contains("<|im_start|>"));
        assertThat(folder.tokenizerFile()).isRegularFile();
    }

    @Test
    void endTokensOfTheConfigurationServeWhereGenerationNamesNone() {
        TestFolder folder = TestFolder.withoutWeights(temp).delete("generation_config.json");
        assertThat(ModelFolder.open(folder.path).endTokenIds()).isEqualTo(List.of(2));
        assertThat(ModelFolder.open(folder.path).generation().temperature()).isZero();
    }

    @Test
    void aWrongPathIsNamedInOneSentence() throws IOException {
        Path nowhere = temp.resolve("nowhere");
        assertFault(
                nowhere.toString(), "", () -> ModelFolder.open(nowhere), "expected a model's folder, found nothing");
        Path file = Files.writeString(temp.resolve("model.gguf"), "x");
        assertFault(file.toString(), "", () -> ModelFolder.open(file), "expected a model's folder, found a file");
        assertFault("config.json", "", () -> ModelFolder.open(temp), "expected this file in " + temp, "found none");
    }

    @Test
    void aMissingTokenizerIsNamed() {
        TestFolder folder = TestFolder.withoutWeights(temp).delete("tokenizer.json");
        assertFault("tokenizer.json", "", () -> ModelFolder.open(folder.path), "found none");
    }

    @Test
    void aFileThatIsADirectoryOrALinkToNowhereIsNamed() throws IOException {
        TestFolder folder = TestFolder.withoutWeights(temp).delete("config.json");
        Files.createDirectory(temp.resolve("config.json"));
        assertFault("config.json", "", () -> ModelFolder.open(folder.path), "found a directory");
        Files.delete(temp.resolve("config.json"));
        Files.createSymbolicLink(temp.resolve("config.json"), temp.resolve("gone"));
        assertFault("config.json", "", () -> ModelFolder.open(folder.path), "symbolic link");
        Files.delete(temp.resolve("config.json"));
        Files.createSymbolicLink(temp.resolve("config.json"), Path.of("config.json"));
        assertFault("config.json", "", () -> ModelFolder.open(folder.path), "symbolic link");
    }

    @Test
    void aConfigurationFileOutsideTheFolderMayBeLinkedTo() throws IOException {
        TestFolder folder = TestFolder.withoutWeights(temp.resolve("snapshot"));
        Files.createDirectory(temp.resolve("blobs"));
        Files.move(folder.path.resolve("config.json"), temp.resolve("blobs/abc"));
        Files.createSymbolicLink(folder.path.resolve("config.json"), Path.of("../blobs/abc"));
        assertThat(folder.config().spec().hiddenSize()).isEqualTo(128);
    }
}
