package dev.longspan.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.longspan.model.ModelFolder;
import dev.longspan.model.Weights;
import dev.longspan.spi.DType;
import dev.longspan.spi.ModelSpec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SyntheticHybridTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"nano-dense", "nano-moe", "nano-moe-span"})
    void aWrittenFolderIsAModelWithAllItsTensors(String name) throws IOException {
        Path written = folder.resolve(name);
        SyntheticHybrid.write(HybridShape.named(name), written, 1);

        ModelFolder model = ModelFolder.open(written);
        try (Weights weights = model.openWeights()) {
            for (ModelSpec.Tensor tensor : model.config().spec().tensors()) {
                assertThat(weights.info(tensor.name()).shape()).isEqualTo(tensor.shape());
            }
            assertThat(weights.info("backbone.layers.0.mixer.A_log").dtype()).isEqualTo(DType.F32);
            assertThat(weights.info("lm_head.weight").dtype()).isEqualTo(DType.BF16);
        }
        assertThat(model.config().spec().modelType())
                .isEqualTo(name.endsWith("-span") ? "superlinear-exp" : "nemotron_h");
    }

    @ParameterizedTest
    @CsvSource({"nano-dense, 1.2", "nano-moe, 1.5", "0.1b, 94.6", "0.1b-dense, 103.1", "1b, 1041.7"})
    void aSizeHasItsNumberOfParameters(String name, String millions) {
        long count = WeightPlan.of(HybridShape.named(name)).stream()
                .mapToLong(tensor -> tensor.info().elements())
                .sum();

        assertThat(String.format(Locale.ROOT, "%.1f", count / 1e6)).isEqualTo(millions);
    }

    @Test
    void theSameSeedGivesTheSameBytesAndAnotherSeedOthers() throws IOException {
        HybridShape shape = HybridShape.named("nano-moe");
        SyntheticHybrid.write(shape, folder.resolve("a"), 1);
        SyntheticHybrid.write(shape, folder.resolve("b"), 1);
        SyntheticHybrid.write(shape, folder.resolve("c"), 2);

        byte[] first = Files.readAllBytes(folder.resolve("a/model.safetensors"));
        assertThat(Files.readAllBytes(folder.resolve("b/model.safetensors"))).isEqualTo(first);
        assertThat(Files.readAllBytes(folder.resolve("c/model.safetensors"))).isNotEqualTo(first);
    }

    @Test
    void weightsAreNormalWithTheirDeviation() throws IOException {
        SyntheticHybrid.write(HybridShape.named("nano-dense"), folder.resolve("m"), 1);
        try (Weights weights = ModelFolder.open(folder.resolve("m")).openWeights()) {
            ByteBuffer bytes = ByteBuffer.allocate(2 * 1024 * 128);
            weights.read("lm_head.weight", 0, bytes);
            bytes.flip().order(ByteOrder.LITTLE_ENDIAN);
            double sum = 0;
            double squares = 0;
            int count = 1024 * 128;
            for (int i = 0; i < count; i++) {
                float value = Float.intBitsToFloat(bytes.getShort() << 16);
                sum += value;
                squares += value * value;
            }
            double deviation = 2 / Math.sqrt(128);
            assertThat(sum / count).isCloseTo(0, within(5 * deviation / Math.sqrt(count)));
            assertThat(Math.sqrt(squares / count)).isCloseTo(deviation, within(0.01 * deviation));
        }
    }

    @Test
    void theTableHoldsTheQuantilesOfTheNormalDistribution() {
        NormalTable table = new NormalTable();

        assertThat(table.quantile(NormalTable.SIZE / 2)).isBetween(0.0, 1e-4);
        assertThat(table.quantile((int) (0.975 * NormalTable.SIZE))).isCloseTo(1.959964, within(1e-3));
        assertThat(table.quantile((int) (0.841344746 * NormalTable.SIZE))).isCloseTo(1.0, within(1e-3));
        assertThat(table.quantile(0)).isCloseTo(-4.3, within(0.1));
    }

    @Test
    void anUnknownSizeIsNamedWithThoseThatExist() {
        assertThatThrownBy(() -> HybridShape.named("2b"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2b")
                .hasMessageContaining("0.1b-dense");
    }
}
