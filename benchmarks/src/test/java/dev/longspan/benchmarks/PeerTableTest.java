package dev.longspan.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import org.junit.jupiter.api.Test;

class PeerTableTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Test
    void ratesOfAJmhResultAreNamedLikeThePeers() throws JsonProcessingException {
        List<PeerTable.Rate> rates = PeerTable.ours(JSON.readTree("""
                [{"benchmark": "dev.longspan.benchmarks.DecodeBenchmark.decode",
                  "params": {"after": "128", "backend": "best", "model": "/models/0.1b/hf", "threads": "2"},
                  "secondaryMetrics": {"tokens": {"rawData": [[30.0, 10.0], [20.0]]}}},
                 {"benchmark": "dev.longspan.benchmarks.MatrixVectorBenchmark.plainDot"}]
                """));

        assertThat(rates)
                .containsExactly(new PeerTable.Rate("0.1b", 2, "decode 128", "best", List.of(30.0, 10.0, 20.0)));
        assertThat(rates.get(0).median()).isEqualTo(20.0);
    }

    @Test
    void ratesOfAPeerAreReadByTheirKeys() throws JsonProcessingException {
        List<PeerTable.Rate> rates = PeerTable.peer(JSON.readTree("""
                {"rows": [{"model": "0.1b", "type": "bf16", "threads": 1, "weights_bytes": 7, "prefill 512": [1, 2]}]}
                """));

        assertThat(rates).containsExactly(new PeerTable.Rate("0.1b", 1, "prefill 512", "bf16", List.of(1.0, 2.0)));
    }
}
