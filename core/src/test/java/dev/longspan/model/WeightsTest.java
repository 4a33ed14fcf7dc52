package dev.longspan.model;

import static dev.longspan.model.TestFolder.assertFault;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.spi.DType;
import dev.longspan.spi.ModelLoadException;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.TensorInfo;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WeightsTest {
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";
    private static final String SEARCH = "backbone.layers.1.mixer.search_q_proj.weight";
    private static final String EXPERT = "backbone.layers.2.mixer.experts.3.down_proj.weight";

    @TempDir
    Path temp;

    private TestFolder folder;
    private Map<String, TestTensor> tensors;

    @BeforeEach
    void copyTheNanoModel() {
        folder = TestFolder.withoutWeights(temp.resolve("model"));
        tensors = TestFolder.nanoTensors();
    }

    private void rename(UnaryOperator<String> names) {
        Map<String, TestTensor> renamed = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> renamed.put(names.apply(name), tensor));
        tensors = renamed;
    }

    private Weights write() {
        return folder.safetensors(SINGLE, tensors).weights();
    }

    /** Every tensor of the network has the nano model's bytes. */
    private static void assertNano(Weights weights) {
        Map<String, TestTensor> nano = TestFolder.nanoTensors();
        ModelSpec spec = ModelFolder.open(TestFolder.NANO).config().spec();
        assertThat(weights.names())
                .containsExactlyElementsOf(
                        spec.tensors().stream().map(ModelSpec.Tensor::name).toList());
        for (String name : weights.names()) {
            TestTensor expected = nano.get(name);
            TensorInfo info = weights.info(name);
            assertThat(info).isEqualTo(new TensorInfo(name, DType.valueOf(expected.dtype()), expected.shape()));
            ByteBuffer read = ByteBuffer.allocate((int) info.bytes());
            weights.read(name, 0, read);
            assertThat(read.array()).as(name).isEqualTo(expected.bytes());
            byte[] mapped = new byte[(int) info.bytes()];
            weights.map(name, 0, info.bytes()).get(mapped);
            assertThat(mapped).as(name).isEqualTo(expected.bytes());
        }
    }

    @Test
    void theNanoModelsWeightsAreAllThere() {
        try (Weights weights = ModelFolder.open(TestFolder.NANO).openWeights()) {
            assertNano(weights);
            assertThat(weights.extraTensors()).isEmpty();
            assertThat(weights.files()).containsExactly(SINGLE);
            assertThat(weights.bytes())
                    .isEqualTo(TestFolder.nanoTensors().values().stream()
                            .mapToLong(tensor -> tensor.bytes().length)
                            .sum());
        }
    }

    @Test
    void partsAreReadAtTheirOffset() {
        try (Weights weights = ModelFolder.open(TestFolder.NANO).openWeights()) {
            byte[] expected = tensors.get(SEARCH).bytes();
            ByteBuffer part = ByteBuffer.allocate(10).position(2).limit(6);
            weights.read(SEARCH, 100, part);
            assertThat(part.position()).isEqualTo(6);
            assertThat(part.get(2)).isEqualTo(expected[100]);
            assertThat(part.get(5)).isEqualTo(expected[103]);
            assertThat(weights.map(SEARCH, 100, 4).get(3)).isEqualTo(expected[103]);
            long bytes = expected.length;
            assertThat(weights.map(SEARCH, bytes, 0).remaining()).isZero();
            assertThatThrownBy(() -> weights.read(SEARCH, bytes - 3, ByteBuffer.allocate(4)))
                    .isInstanceOf(IndexOutOfBoundsException.class)
                    .hasMessageContaining(SEARCH);
            assertThatThrownBy(() -> weights.map(SEARCH, -1, 4)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> weights.map(SEARCH, 0, (1L << 30) + 1))
                    .isInstanceOf(IllegalArgumentException.class);
            assertFault(SINGLE, "nobody", () -> weights.info("nobody"), "no such name");
        }
    }

    @Test
    void afterCloseReadingIsRefused() {
        Weights weights = ModelFolder.open(TestFolder.NANO).openWeights();
        weights.close();
        weights.close();
        assertThatThrownBy(() -> weights.read(SEARCH, 0, ByteBuffer.allocate(1)))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void theOtherPrefixIsUnderstood() {
        rename(name -> name.replace("backbone.", "model."));
        try (Weights weights = write()) {
            assertNano(weights);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"q_search_proj", "search_proj", "search_query_proj", "q1_proj", "span_q_proj"})
    void theSearchProjectionHasSeveralSpellings(String spelling) {
        rename(name -> name.replace("search_q_proj", spelling));
        try (Weights weights = write()) {
            assertNano(weights);
        }
    }

    @Test
    void embeddingsAndLastNormHaveSeveralSpellings() {
        rename(name ->
                name.replace("backbone.embeddings.", "model.embed_tokens.").replace("backbone.norm_f.", "model.norm."));
        try (Weights weights = write()) {
            assertNano(weights);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".weight"})
    void stackedExpertsAreSlicedPerExpert(String end) {
        stack(end);
        try (Weights weights = write()) {
            assertNano(weights);
            assertThat(weights.extraTensors()).isEmpty();
        }
    }

    private void stack(String end) {
        for (int layer : new int[] {2, 7}) {
            for (String projection : List.of("up_proj", "down_proj")) {
                String prefix = "backbone.layers." + layer + ".mixer.experts.";
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                for (int j = 0; j < 4; j++) {
                    TestTensor expert = tensors.remove(prefix + j + "." + projection + ".weight");
                    bytes.writeBytes(expert.bytes());
                }
                tensors.put(
                        prefix + projection + end,
                        new TestTensor("BF16", List.of(4L, 128L, 128L), bytes.toByteArray()));
            }
        }
    }

    @Test
    void aStackOfAnotherShapeIsRefused() {
        stack("");
        String name = "backbone.layers.7.mixer.experts.up_proj";
        tensors.put(name, TestTensor.of("BF16", 2, 3, 128, 128));
        assertFault(SINGLE, name, this::write, "expected shape [4, 128, 128]", "found [3, 128, 128]");
    }

    @Test
    void aMissingTensorIsNamed() {
        tensors.remove(EXPERT);
        assertFault(SINGLE, EXPERT, this::write, "expected this tensor", "longspan-tensors.json");
        tensors.remove(SEARCH);
        assertFault(SINGLE, SEARCH, this::write, "1 more are missing");
    }

    @Test
    void aTensorOfAnotherShapeIsNamed() {
        tensors.put(SEARCH, TestTensor.of("BF16", 2, 128, 127));
        assertFault(SINGLE, SEARCH, this::write, "expected shape [128, 128], found [128, 127]");
    }

    @Test
    void aTensorOfAnotherTypeIsNamed() {
        tensors.put(SEARCH, TestTensor.of("I8", 1, 128, 128));
        assertFault(SINGLE, SEARCH, this::write, "BF16, F16 or F32", "found I8");
    }

    @Test
    void oneTensorUnderTwoNamesIsRefused() {
        tensors.put(SEARCH.replace("backbone.", "model."), tensors.get(SEARCH));
        assertFault(SINGLE, SEARCH.replace("backbone.", "model."), this::write, "found " + SEARCH + ", too");
    }

    @Test
    void extraTensorsOfAnyTypeAreListedAndIgnored() {
        tensors.put("mtp.layers.0.weight", TestTensor.of("F64", 8, 2, 3));
        try (Weights weights = write()) {
            assertNano(weights);
            assertThat(weights.extraTensors()).hasSize(1);
            StoredTensor extra = weights.extraTensors().get(0);
            assertThat(extra.name()).isEqualTo("mtp.layers.0.weight");
            assertThat(extra.dtype()).isEqualTo("F64");
            assertThat(extra.shape()).containsExactly(2L, 3L);
            assertThat(extra.file()).isEqualTo(SINGLE);
        }
    }

    @Test
    void tiedEmbeddingsNeedNoHead() {
        folder.config("tie_word_embeddings", "true");
        try (Weights weights = write()) {
            assertThat(weights.names()).doesNotContain("lm_head.weight");
            assertThat(weights.extraTensors()).extracting(StoredTensor::name).containsExactly("lm_head.weight");
        }
    }

    @Test
    void aFileBesideTheModelSaysWhereTensorsAre() {
        rename(name -> name.replace("mixer.search_q_proj.weight", "attn.route")
                .replace("lm_head.weight", "output")
                .replaceAll("layers\\.(\\d+)\\.mixer\\.experts\\.(\\d+)\\.up_proj", "ffn.$2.of.$1.in"));
        folder.write(
                "longspan-tensors.json",
                "{\"backbone.layers.{i}.mixer.search_q_proj.weight\": \"backbone.layers.{i}.attn.route\","
                        + "\"backbone.layers.{i}.mixer.experts.{j}.up_proj.weight\": \"backbone.ffn.{j}.of.{i}.in.weight\","
                        + "\"lm_head.weight\": \"output\"}");
        try (Weights weights = write()) {
            assertNano(weights);
        }
    }

    @Test
    void theFileBesideTheModelCanNameAStack() {
        stack("");
        rename(name -> name.replace(".experts.up_proj", ".w1"));
        folder.write(
                "longspan-tensors.json",
                "{\"backbone.layers.{i}.mixer.experts.{j}.up_proj.weight\": \"backbone.layers.{i}.mixer.w1\"}");
        try (Weights weights = write()) {
            assertNano(weights);
        }
    }

    @Test
    void aWrongFileBesideTheModelIsNamed() {
        String file = "longspan-tensors.json";
        folder.write(file, "{\"backbone.layers.0.mixer.search_q_proj.weight\": \"x\"}");
        assertFault(file, "backbone.layers.0.mixer.search_q_proj.weight", this::write, "found another name");
        folder.write(file, "{\"" + SEARCH + "\": 7}");
        assertFault(file, SEARCH, this::write, "found 7");
        String layers = "backbone.layers.{i}.mixer.search_q_proj.weight";
        folder.write(file, "{\"" + layers + "\": \"x.{i}.{j}\"}");
        assertFault(file, layers, this::write, "expected {j} in this name, too", "found \"x.{i}.{j}\"");
        folder.write(file, "{\"" + SEARCH + "\": \"x.{i}\"}");
        assertFault(file, SEARCH, this::write, "expected {i} in this name, too");
        folder.write(file, "{\"" + SEARCH + "\": \"nowhere\"}");
        assertFault(SINGLE, SEARCH, this::write, "stored as nowhere, as longspan-tensors.json says");
    }

    @Test
    void withoutWeightsTheFolderSaysWhatIsMissing() {
        assertFault(SINGLE, "", folder::weights, "expected this file or " + INDEX);
        folder.write("pytorch_model.bin", "x");
        assertFault(SINGLE, "", folder::weights, "pytorch_model.bin is never read");
    }

    /** Deals the tensors out to two shards. */
    private void shards() {
        List<Map<String, TestTensor>> parts = List.of(new LinkedHashMap<>(), new LinkedHashMap<>());
        StringBuilder map = new StringBuilder("{\"metadata\": {\"total_size\": 1}, \"weight_map\": {");
        tensors.forEach((name, tensor) -> {
            int part = parts.get(0).size() > parts.get(1).size() ? 1 : 0;
            map.append(parts.get(0).isEmpty() ? "" : ", ");
            parts.get(part).put(name, tensor);
            map.append("\"").append(name).append("\": \"").append(shard(part)).append("\"");
        });
        folder.write(INDEX, map.append("}}").toString());
        folder.safetensors(shard(0), parts.get(0));
        folder.safetensors(shard(1), parts.get(1));
    }

    private static String shard(int part) {
        return "model-0000" + (part + 1) + "-of-00002.safetensors";
    }

    private void index(String tensor, String shard) {
        folder.edit(INDEX, root -> root.withObject("/weight_map").put(tensor, shard));
    }

    @Test
    void shardsAreReadAsOneModel() {
        shards();
        try (Weights weights = folder.weights()) {
            assertNano(weights);
            assertThat(weights.files()).containsExactly(shard(0), shard(1));
        }
    }

    @Test
    void shardsMayBeLinksOutOfTheFolderAsInHubCaches() throws IOException {
        shards();
        Files.createDirectory(temp.resolve("blobs"));
        for (int part : new int[] {0, 1}) {
            Path file = folder.path.resolve(shard(part));
            Files.move(file, temp.resolve("blobs/" + part));
            Files.createSymbolicLink(file, Path.of("../blobs/" + part));
        }
        try (Weights weights = folder.weights()) {
            assertNano(weights);
        }
    }

    @Test
    void aShardThatIsMissingOrACycleIsNamed() throws IOException {
        shards();
        folder.delete(shard(1));
        assertFault(INDEX, shard(1), folder::weights, "expected a shard of this name, found none");
        Files.createSymbolicLink(folder.path.resolve(shard(1)), Path.of(shard(1)));
        assertFault(shard(1), "", folder::weights, "symbolic link");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../model-00001-of-00002.safetensors",
                "/etc/x.safetensors",
                "sub/x.safetensors",
                "sub\\\\x.safetensors",
                "c:x.safetensors",
                "..safetensors",
                "x\u0000.safetensors",
                "..",
                "",
                "config.json",
                INDEX,
            })
    void aShardThatIsNotAPlainNameIsRefused(String shard) {
        shards();
        index(SEARCH, shard);
        assertFault(INDEX, "weight_map." + SEARCH, folder::weights, "expected the plain name of a .safetensors file");
    }

    @Test
    void anIndexThatDisagreesWithItsShardsIsRefused() {
        shards();
        index("ghost", shard(0));
        assertFault(INDEX, "ghost", folder::weights, "expected this tensor in " + shard(0), "in no shard");
        shards();
        folder.edit(INDEX, root -> {
            String other = root.at("/weight_map").get(SEARCH).textValue().equals(shard(0)) ? shard(1) : shard(0);
            root.withObject("/weight_map").put(SEARCH, other);
        });
        assertFault(INDEX, SEARCH, folder::weights, "expected this tensor in ", "found it in ");
    }

    @Test
    void aTensorInTwoShardsIsRefused() {
        shards();
        folder.safetensors("model-00003.safetensors", Map.of(SEARCH, tensors.get(SEARCH), "x", tensors.get(SEARCH)));
        index("x", "model-00003.safetensors");
        assertFault("model-00003.safetensors", SEARCH, folder::weights, "expected each tensor once");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "{\"weight_map\": {}}", "{\"weight_map\": [1]}", "{\"weight_map\": null}"})
    void anIndexWithoutAMapIsRefused(String json) {
        folder.write(INDEX, json);
        assertFault(INDEX, "weight_map", folder::weights, "an object from tensors to shards");
    }

    @Test
    void aShardWithAFaultIsNamed() {
        shards();
        folder.write(shard(1), new byte[] {1, 2, 3});
        assertThatThrownBy(folder::weights)
                .isInstanceOf(ModelLoadException.class)
                .hasMessageStartingWith(shard(1));
    }
}
