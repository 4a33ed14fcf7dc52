package dev.longspan.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.spi.ModelLoadException;
import dev.longspan.spi.ModelSpec;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Spoilt files give a result or a {@link ModelLoadException}, nothing else. */
class ModelFilesProperties {
    /** Bytes that once were, or may be, the worst a parser can meet. */
    private static final List<String> CORPUS = List.of(
            "",
            "{",
            "}",
            "{}",
            "[]",
            "null",
            "{\"\":{}}",
            "{\"a\":null}",
            "{\"__metadata__\":7}",
            "\u0000",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[-9223372036854775808],\"data_offsets\":[0,0]}}",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}",
            "{\"a\":{\"dtype\":\"\",\"shape\":[],\"data_offsets\":[9223372036854775807,9223372036854775807]}}",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[0,9223372036854775807],\"data_offsets\":[0,0]}}",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[1e999],\"data_offsets\":[0,NaN]}}",
            "{\"\\ud800\":{\"dtype\":\"F32\",\"shape\":[[[[",
            "{\"model_type\":\"nemotron_h\",\"vocab_size\":1,\"hidden_size\":1,\"norm_eps\":1,"
                    + "\"num_hidden_layers\":1,\"hybrid_override_pattern\":\"M\",\"mamba_num_heads\":16777216,"
                    + "\"mamba_head_dim\":16777216,\"n_groups\":16777216,\"ssm_state_size\":16777216,\"conv_kernel\":4}",
            "{\"time_step_limit\":{\"__float__\":{\"__float__\":{\"__float__\":1}}}}");

    private static final byte[] CONFIG = TestFolder.bytes(TestFolder.NANO.resolve("config.json"));
    private static final byte[] HEADER = header();

    private static byte[] header() {
        byte[] all = TestFolder.bytes(TestFolder.NANO.resolve("model.safetensors"));
        int length = (all[0] & 255) + 256 * (all[1] & 255);
        // a few tensors are enough to mutate
        String text = new String(all, 8, length, StandardCharsets.UTF_8);
        int end = text.indexOf("}", text.indexOf("conv1d.weight")) + 1;
        return (text.substring(0, end) + "}").getBytes(StandardCharsets.UTF_8);
    }

    /** A change of a few bytes: where, how many are cut, what comes in their place. */
    record Mutation(int place, int cut, String insert) {
        byte[] apply(byte[] source) {
            int at = place % (source.length + 1);
            int after = Math.min(source.length, at + cut);
            byte[] middle = insert.getBytes(StandardCharsets.ISO_8859_1);
            byte[] result = new byte[at + middle.length + source.length - after];
            System.arraycopy(source, 0, result, 0, at);
            System.arraycopy(middle, 0, result, at, middle.length);
            System.arraycopy(source, after, result, at + middle.length, source.length - after);
            return result;
        }
    }

    @Provide
    Arbitrary<List<Mutation>> mutations() {
        Arbitrary<String> inserts = Arbitraries.oneOf(
                Arbitraries.of(
                        "",
                        "0",
                        "-",
                        "9",
                        "99999999999",
                        "1e9",
                        "\"",
                        "{",
                        "}",
                        "[",
                        "]",
                        ",",
                        ":",
                        "null",
                        "true",
                        "NaN",
                        "Infinity",
                        ".5",
                        "\\u0000",
                        "M",
                        "E",
                        "16777216",
                        "2147483647"),
                Arbitraries.strings().withCharRange('\u0000', '\u00ff').ofMaxLength(4));
        return Combinators.combine(
                        Arbitraries.integers().between(0, 1_000_000),
                        Arbitraries.integers().between(0, 6),
                        inserts)
                .as(Mutation::new)
                .list()
                .ofMinSize(1)
                .ofMaxSize(4);
    }

    @Property(tries = 3000)
    void aSpoiltConfigurationIsReadOrRefused(@ForAll("mutations") List<Mutation> mutations) {
        byte[] content = CONFIG;
        for (Mutation mutation : mutations) {
            content = mutation.apply(content);
        }
        readConfig(content);
    }

    @Property(tries = 3000)
    void aSpoiltHeaderIsReadOrRefused(@ForAll("mutations") List<Mutation> mutations) {
        byte[] content = HEADER;
        for (Mutation mutation : mutations) {
            content = mutation.apply(content);
        }
        readHeader(content, 300_000);
    }

    @Property(tries = 2000)
    void anyLengthFieldIsCheckedAgainstTheFile(@ForAll long length, @ForAll long size) {
        long bytes = 8 + (size >>> 8);
        try {
            int checked = SafetensorsHeader.requireLength("fuzz", length, bytes);
            assertThat((long) checked).isEqualTo(length).isBetween(2L, Math.min(bytes - 8, 100_000_000L));
        } catch (ModelLoadException e) {
            assertThat(e.item()).isEqualTo("header length");
        }
    }

    @Example
    void theCorpusIsReadOrRefused() {
        for (String text : CORPUS) {
            byte[] content = text.getBytes(StandardCharsets.UTF_8);
            readConfig(content);
            readHeader(content, 8 + content.length);
            readHeader(content, Long.MAX_VALUE);
        }
    }

    private static void readConfig(byte[] content) {
        try {
            ModelSpec spec = ModelConfigReader.read(
                            StrictJson.object("fuzz", content, ModelConfigReader.TIME_STEP_LIMIT), Map.of())
                    .spec();
            assertThat(spec.tensors()).hasSizeLessThanOrEqualTo(ModelConfigReader.MAX_TENSORS);
        } catch (ModelLoadException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    private static void readHeader(byte[] content, long fileBytes) {
        try {
            Map<String, StoredTensor> tensors =
                    SafetensorsHeader.read("fuzz", content, fileBytes).tensors();
            for (StoredTensor tensor : tensors.values()) {
                assertThat(tensor.position()).isBetween(8L + content.length, fileBytes);
                assertThat(tensor.bytes()).isBetween(0L, fileBytes - tensor.position());
            }
        } catch (ModelLoadException e) {
            assertThat(e.getMessage()).contains("fuzz");
        }
    }
}
