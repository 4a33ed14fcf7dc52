package dev.longspan.model;

import static dev.longspan.model.TestFolder.assertFault;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GenerationConfigTest {
    private static final String FILE = "generation_config.json";

    @TempDir
    Path temp;

    private GenerationConfig read(String json) {
        return ModelFolder.open(TestFolder.withoutWeights(temp).write(FILE, json).path)
                .generation();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"do_sample\": false, \"temperature\": 0.7}|0",
                "{\"do_sample\": true}|1",
                "{\"do_sample\": true, \"temperature\": 0.7}|0.7",
                "{\"do_sample\": true, \"temperature\": 0}|0",
                "{\"temperature\": 0.6}|0.6",
                "{\"temperature\": null}|0",
                "{}|0",
            })
    void temperatureFollowsDoSample(String json, double expected) {
        assertThat(read(json).temperature()).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"do_sample\": false, \"top_p\": 0}|0",
                "{\"do_sample\": false, \"top_p\": 0.0, \"top_k\": 50.0}|50",
                "{\"do_sample\": true, \"temperature\": 0, \"top_p\": 0, \"top_k\": 1e2}|100",
            })
    void whereNothingIsSampledTopPMayBeZeroAndTopKHasAPoint(String json, int topK) {
        assertThat(read(json).topP()).isNull();
        assertThat(read(json).topK()).isEqualTo(topK == 0 ? null : (Integer) topK);
    }

    @Test
    void aTopPOfZeroIsRefusedWhereTokensAreSampled() {
        assertFault(FILE, "top_p", () -> read("{\"do_sample\": true, \"top_p\": 0}"), "expected ", "found 0");
    }

    @Test
    void whatIsAbsentIsOff() {
        GenerationConfig config = read("{\"do_sample\": true, \"max_new_tokens\": 5}");
        assertThat(config.topK()).isNull();
        assertThat(config.topP()).isNull();
        assertThat(config.minP()).isNull();
        assertThat(config.repetitionPenalty()).isNull();
        assertThat(config.frequencyPenalty()).isNull();
        assertThat(config.presencePenalty()).isNull();
        assertThat(config.eosTokenIds()).isEmpty();
        assertThat(read("{\"top_k\": 0}").topK()).isNull();
    }

    @Test
    void everySettingIsRead() {
        GenerationConfig config = read("{\"do_sample\": true, \"temperature\": 0.5, \"top_k\": 20, \"top_p\": 0.9,"
                + " \"min_p\": 0.05, \"repetition_penalty\": 1.1, \"frequency_penalty\": 0.2, \"presence_penalty\": -1,"
                + " \"bos_token_id\": 1, \"eos_token_id\": 7}");
        assertThat(config.temperature()).isEqualTo(0.5);
        assertThat(config.topK()).isEqualTo(20);
        assertThat(config.topP()).isEqualTo(0.9);
        assertThat(config.minP()).isEqualTo(0.05);
        assertThat(config.repetitionPenalty()).isEqualTo(1.1);
        assertThat(config.frequencyPenalty()).isEqualTo(0.2);
        assertThat(config.presencePenalty()).isEqualTo(-1);
        assertThat(config.bosTokenId()).isEqualTo(1);
        assertThat(config.eosTokenIds()).containsExactly(7);
    }

    @ParameterizedTest
    @CsvSource({
        "do_sample,1",
        "temperature,-0.1",
        "temperature,\"0.7\"",
        "top_k,2.5",
        "top_k,-2",
        "top_p,-0.1",
        "top_p,1.01",
        "min_p,2",
        "repetition_penalty,0",
        "frequency_penalty,3",
        "presence_penalty,true",
        "eos_token_id,5000",
        "eos_token_id,{}",
    })
    void aBadSettingIsNamed(String key, String value) {
        assertFault(FILE, key, () -> read("{\"" + key + "\": " + value + "}"), "expected ", "found " + value);
    }
}
