package dev.longspan.tvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.AttentionKernels;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.PlanOptions;
import dev.longspan.spi.SpanAttention;
import dev.longspan.spi.SpanGeometry;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Sizes whose products are more than an int can say are refused, or counted without making what they count. */
class SizesTest {
    private final Backend backend = new TvmBackendProvider().open(new BackendOptions(2, "cpu", Map.of()));

    @AfterEach
    void close() {
        backend.close();
    }

    @ParameterizedTest
    @CsvSource({
        "65537, 1, 65536", // 65536 in 32 bits
        "65536, 65536, 65536", // 0
        "1073741824, 1073741824, 4",
        "46341, 1, 46341", // below 0
        "1, 1, 16777216"
    })
    void headsThatNoArrayHolds(int queryHeads, int keyValueHeads, int headSize) {
        AttentionHeads heads = new AttentionHeads(queryHeads, keyValueHeads, headSize);
        SpanGeometry geometry = new SpanGeometry(new SpanAttention(0, 1, 2, 1, 0.5, 0.5, 1));
        AttentionKernels kernels = backend.attention();
        float[] numbers = new float[65536];
        String expected = "x " + headSize;
        assertThatThrownBy(() -> kernels.search(heads, geometry, 0, numbers, numbers))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("heads: ")
                .hasMessageEndingWith(expected);
        assertThatThrownBy(() -> kernels.window(heads, geometry, 0, numbers, numbers, numbers))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageEndingWith(expected);
        assertThatThrownBy(() -> kernels.attend(heads, geometry, 0, numbers, numbers, numbers, numbers))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageEndingWith(expected);
        assertThatThrownBy(() -> kernels.spans(heads, 1, numbers, numbers, numbers, new int[1], new int[1]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageEndingWith(expected);
    }

    @Test
    void moreAnchorsThanAnArrayHolds() {
        AttentionHeads heads = new AttentionHeads(4, 1, 1);
        SpanGeometry geometry = new SpanGeometry(new SpanAttention(0, 1024, 2, 1, 0.5, 0.5, 1));
        float[] keys = new float[1 << 19];
        float[] queries = new float[1 << 21];
        assertThatThrownBy(() -> backend.attention().search(heads, geometry, 0, queries, keys))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("anchors: ");
        assertThatThrownBy(() -> backend.attention().attend(heads, geometry, 0, queries, queries, keys, keys))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("outputs: ");
    }

    @ParameterizedTest
    @CsvSource({"0.9, 2147483647", "0.99, 100000000", "0.5, 1000000"})
    void plansCountStripesWithoutMakingThem(double searchPower, int tokens) {
        SpanAttention span = new SpanAttention(3, 2, 2, 1, searchPower, 0.5, 1);
        LayerSpec layer = new LayerSpec.Attention(new AttentionHeads(2, 1, 8), span);
        ModelSpec spec = new ModelSpec("test", 16, 16, 1e-5, true, List.of(layer));
        long bytes =
                backend.plan(spec, new PlanOptions(1, 1, tokens)).workspace().hostBytes();
        assertThat(bytes).isGreaterThan((long) (Integer.BYTES * Math.pow(tokens, searchPower)));
    }
}
