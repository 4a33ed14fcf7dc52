package dev.longspan.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.model.ModelFolder;
import dev.longspan.spi.DType;
import dev.longspan.spi.TensorInfo;
import dev.longspan.spi.WeightSource;
import dev.longspan.tck.DigestModel;
import dev.longspan.tck.TemplateKind;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FingerprintTest {
    @TempDir
    private Path root;

    private Path folder;
    private Map<String, String> original;

    @BeforeEach
    void writeAModel() throws IOException {
        folder = root.resolve("model");
        DigestModel.writeTo(folder, TemplateKind.STABLE);
        original = of(folder);
    }

    private static Map<String, String> of(Path folder) {
        return Fingerprint.of(ModelFolder.open(folder), false);
    }

    private List<String> differences() {
        return Fingerprint.differences(original, of(folder));
    }

    @Test
    void itHasAValueForEachPart() {
        assertThat(original.keySet()).containsExactly("architecture", "weights", "tokenizer", "template", "layout");
        assertThat(original.get("weights")).matches("full:[0-9a-f]{64}");
        assertThat(original.get("layout")).isEqualTo("1");
        assertThat(original.get("architecture")).matches("[0-9a-f]{64}");
    }

    @Test
    void aMovedModelIsTheSameModel() throws IOException {
        Path moved = root.resolve("moved");
        Files.move(folder, moved);
        assertThat(of(moved)).isEqualTo(original);
    }

    @Test
    void theNetworkOfTheDigestModelNeverChangesItsText() {
        assertThat(Architecture.text(DigestModel.spec())).isEqualTo("""
                        network 263 8 3ee4f8b588e368f1 1
                        mamba 2 4 1 4 4 0 7ff0000000000000
                        attention 4 2 4
                        """);
    }

    @Test
    void everyByteOfTheWeightsCounts() throws IOException {
        Path file = folder.resolve("model.safetensors");
        try (RandomAccessFile weights = new RandomAccessFile(file.toFile(), "rw")) {
            weights.seek(weights.length() - 1);
            int last = weights.read();
            weights.seek(weights.length() - 1);
            weights.write(last ^ 1);
        }
        assertThat(differences()).containsExactly("the weights");
    }

    @Test
    void theTokenizerAndTheTemplateCount() throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), Files.readString(folder.resolve("tokenizer.json")) + "\n");
        assertThat(differences()).containsExactly("the tokenizer");
        Files.writeString(folder.resolve("chat_template.jinja"), "{{ messages[0].content }}");
        assertThat(differences()).containsExactly("the tokenizer", "the chat template");
    }

    @Test
    void whatTheConfigurationSaysOfTheNetworkCounts() throws IOException {
        String config = Files.readString(folder.resolve("config.json"));
        String changed = config.replaceFirst("1e-0?5|0\\.00001|1\\.0E-5", "1e-6");
        assertThat(changed).isNotEqualTo(config);
        Files.writeString(folder.resolve("config.json"), changed);
        assertThat(differences()).containsExactly("the architecture");
    }

    @Test
    void differencesAreSaidInWords() {
        Map<String, String> other = new LinkedHashMap<>(original);
        other.put("layout", "2");
        other.put("weights", "sampled:0");
        other.put("adapter", "x");
        assertThat(Fingerprint.differences(other, original))
                .containsExactly(
                        "how the weights are hashed, in samples in the snapshot and in full here",
                        "the layout of the state, version 2 in the snapshot and 1 here",
                        "adapter");
        assertThat(Fingerprint.differences(original, original)).isEmpty();
    }

    @Test
    void samplesSeeTheEndsOfEveryTensorAndThirtyPlacesBetween() {
        long size = 10_000_000;
        String plain = Fingerprint.weights(new OneTensor(size, -1), false);
        assertThat(Fingerprint.weights(new OneTensor(size, 0), false)).isNotEqualTo(plain);
        assertThat(Fingerprint.weights(new OneTensor(size, size - 1), false)).isNotEqualTo(plain);
        int seen = 0;
        for (int i = 0; i < 1000; i++) {
            seen += Fingerprint.weights(new OneTensor(size, size / 1000 * i), false)
                            .equals(plain)
                    ? 0
                    : 1;
        }
        // 32 blocks of 4 KiB are 1.3 % of it
        assertThat(seen).isBetween(5, 40);
        assertThat(Fingerprint.weights(new OneTensor(size, size / 1000 * 7), true))
                .isNotEqualTo(Fingerprint.weights(new OneTensor(size, -1), true));

        OneTensor read = new OneTensor(size, -1);
        Fingerprint.weights(read, false);
        assertThat(read.offsets).hasSize(32).contains(0L, size - 4096);
    }

    @Test
    void smallTensorsAreSampledWhole() {
        String plain = Fingerprint.weights(new OneTensor(131_072, -1), false);
        for (long at = 0; at < 131_072; at += 1000) {
            assertThat(Fingerprint.weights(new OneTensor(131_072, at), false)).isNotEqualTo(plain);
        }
    }

    /** One tensor of zeros, with a one at one place. */
    private static final class OneTensor implements WeightSource {
        private final long size;
        private final long one;
        private final Set<Long> offsets = new HashSet<>();

        OneTensor(long size, long one) {
            this.size = size;
            this.one = one;
        }

        @Override
        public Set<String> names() {
            return Set.of("t");
        }

        @Override
        public TensorInfo info(String name) {
            return new TensorInfo(name, DType.BF16, List.of(size / 2));
        }

        @Override
        public void read(String name, long offset, ByteBuffer target) {
            offsets.add(offset);
            for (long at = offset; target.hasRemaining(); at++) {
                target.put((byte) (at == one ? 1 : 0));
            }
        }

        @Override
        public ByteBuffer map(String name, long offset, long length) {
            throw new UnsupportedOperationException();
        }
    }
}
