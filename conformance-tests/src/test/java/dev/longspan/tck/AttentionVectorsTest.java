package dev.longspan.tck;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.AttentionKernels;
import dev.longspan.spi.SpanAttention;
import dev.longspan.spi.SpanGeometry;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AttentionVectorsTest {
    @Test
    void theOracleGivesTheGoldenVectors() {
        AttentionVectors.Report report = AttentionVectors.run(new OracleKernels(), 1e-6);
        assertThat(report.mismatches()).isEmpty();
        assertThat(report.compared()).isGreaterThan(400);
    }

    @Test
    void stripesOfOracleAndGeometryAreTheGoldenOnes() {
        for (Object each : Json.array(AttentionVectors.read("stripes.json").get("tables"))) {
            Map<String, Object> table = Json.object(each);
            double power = VectorGroup.searchPower(table);
            AttentionOracle oracle = new AttentionOracle(new AttentionHeads(1, 1, 1), span(power, 0, 0, 0.5));
            List<Object> stripes = Json.array(table.get("offsets_from_1"));
            for (int i = 1; i <= stripes.size(); i++) {
                long want = Long.parseLong(Json.number(stripes.get(i - 1)).text());
                assertThat(SpanGeometry.stripe(power, i)).isEqualTo(want);
                assertThat(oracle.stripe(i)).isEqualTo(want);
            }
            windows(power, Json.object(table.get("window")));
            anchors(power, Json.object(table.get("max_stripe")), stripes);
        }
    }

    private static void windows(double power, Map<String, Object> window) {
        int[] indices = VectorGroup.integers(window.get("sw_index"));
        for (int i = 0; i < indices.length; i++) {
            long want = Long.parseLong(
                    Json.number(Json.array(window.get("window_len")).get(i)).text());
            SpanAttention span = span(power, indices[i], 0, 0.5);
            assertThat(new AttentionOracle(new AttentionHeads(1, 1, 1), span).windowLength())
                    .isEqualTo(want);
            if (want < Integer.MAX_VALUE) {
                assertThat(new SpanGeometry(span).windowLength()).isEqualTo((int) want);
            }
        }
    }

    /** The largest stripe that is no longer than a distance: with s = 0, the anchors of the query before that position. */
    private static void anchors(double power, Map<String, Object> largest, List<Object> stripes) {
        List<Object> positions = Json.array(largest.get("token_pos"));
        int[] indices = VectorGroup.integers(largest.get("max_stripe_index"));
        SpanGeometry geometry = new SpanGeometry(span(power, 0, 0, 0.5));
        for (int i = 0; i < indices.length; i++) {
            long position = Long.parseLong(Json.number(positions.get(i)).text());
            if (position > 0 && position < Integer.MAX_VALUE && indices[i] < stripes.size()) {
                assertThat(geometry.anchors((int) position - 1))
                        .as("position %d", position)
                        .isEqualTo(indices[i]);
            }
        }
    }

    @Test
    void spanEndsOfOracleAndGeometryAreTheGoldenOnes() {
        for (Object each : Json.array(AttentionVectors.read("qend.json").get("cases"))) {
            Map<String, Object> json = Json.object(each);
            Map<String, Object> params = Json.object(json.get("params"));
            SpanAttention span = span(
                    VectorGroup.searchPower(params),
                    VectorGroup.integer(params, "sw_index"),
                    Json.number(params.get("forward_factor")).asDouble(),
                    Json.number(params.get("span_power")).asDouble());
            SpanGeometry geometry = new SpanGeometry(span);
            AttentionOracle oracle = new AttentionOracle(new AttentionHeads(1, 1, 1), span);
            int[] positions = VectorGroup.integers(json.get("cache_position"));
            int[] shape = VectorGroup.integers(Json.object(json.get("qanchor")).get("shape"));
            int[] anchors =
                    VectorGroup.integers(Json.object(json.get("qanchor")).get("data"));
            int[] ends = VectorGroup.integers(Json.object(json.get("qend")).get("data"));
            for (int i = 0; i < anchors.length; i++) {
                int padding = padding(json.get("attention_mask"), i / (shape[1] * shape[2] * shape[3]), shape[0]);
                int t = positions[i / shape[3] % shape[2]] - padding;
                if (anchors[i] >= 0 && t >= 0) {
                    int anchor = anchors[i] - padding;
                    assertThat(geometry.spanEnd(t, anchor, geometry.forward(t))).isEqualTo(ends[i] - padding);
                    assertThat(oracle.spanEnd(t, anchor)).isEqualTo(ends[i] - padding);
                }
            }
        }
    }

    private static int padding(Object mask, int entry, int batch) {
        if (mask == null) {
            return 0;
        }
        int[] all = VectorGroup.integers(Json.object(mask).get("data"));
        int from = entry * all.length / batch;
        int padding = 0;
        while (all[from + padding] == 0) {
            padding++;
        }
        return padding;
    }

    @Test
    void aWrongKernelIsReported() {
        OracleKernels right = new OracleKernels();
        AttentionKernels wrong = new WrongKernels(right);
        assertThat(AttentionVectors.run(wrong).mismatches())
                .anyMatch(m -> m.startsWith("search.json, group mha-prefill"));
    }

    private static SpanAttention span(double power, int windowIndex, double forward, double spanPower) {
        return new SpanAttention(windowIndex, 1, 0, forward, power, spanPower, 1);
    }
}
