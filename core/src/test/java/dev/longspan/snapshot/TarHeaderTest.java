package dev.longspan.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TarHeaderTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 511, 512, 1L << 33, (1L << 33) - 1, 60_000_000_000L, Long.MAX_VALUE})
    void sizesComeBackAsTheyWere(long size) {
        TarHeader header = new TarHeader("x".repeat(128) + "/state.safetensors", size);
        assertThat(TarHeader.decode(header.encode(1_700_000_000))).isEqualTo(header);
    }

    @Test
    void whatStandsBehindASizeEndsWithTheBlock() {
        assertThat(new TarHeader("a", 0).padding()).isZero();
        assertThat(new TarHeader("a", 1).padding()).isEqualTo(511);
        assertThat(new TarHeader("a", 512).padding()).isZero();
    }

    @Test
    void entriesThatAreNoFilesAreRefused() {
        for (char type : "123456xgLK".toCharArray()) {
            byte[] block = new TarHeader("a/b", 10).encode(0);
            block[156] = (byte) type;
            fixChecksum(block);
            assertThatThrownBy(() -> TarHeader.decode(block))
                    .hasMessageContaining("regular file")
                    .hasMessageContaining("'" + type + "'");
        }
    }

    @Test
    void numbersThatAreNoneAreRefused() {
        for (String size : List.of("00000000008", "-0000000001", "           ", "0x000000001")) {
            byte[] block = new TarHeader("a/b", 10).encode(0);
            System.arraycopy(size.getBytes(StandardCharsets.US_ASCII), 0, block, 124, 11);
            fixChecksum(block);
            assertThatThrownBy(() -> TarHeader.decode(block)).hasMessageContaining("octal");
        }
        byte[] huge = new TarHeader("a/b", Long.MAX_VALUE).encode(0);
        huge[124 + 3] = 1;
        fixChecksum(huge);
        assertThatThrownBy(() -> TarHeader.decode(huge)).hasMessageContaining("2^63");
    }

    @Test
    void aCommonTarProgramUnderstandsWhatIsWritten() throws Exception {
        Path archive = folder.resolve("a.tar");
        byte[] content = "hello".getBytes(StandardCharsets.US_ASCII);
        TarHeader header = new TarHeader("some-id/manifest.json", content.length);
        try (var out = Files.newOutputStream(archive)) {
            out.write(header.encode(1_700_000_000));
            out.write(content);
            out.write(new byte[header.padding() + 1024]);
        }
        Process tar;
        try {
            tar = new ProcessBuilder("tar", "-xf", archive.toString(), "-C", folder.toString()).start();
        } catch (IOException e) {
            Assumptions.abort("there is no tar program here");
            return;
        }
        assertThat(tar.waitFor()).isZero();
        assertThat(folder.resolve("some-id/manifest.json")).hasBinaryContent(content);
    }

    static void fixChecksum(byte[] block) {
        Arrays.fill(block, 148, 156, (byte) ' ');
        int sum = 0;
        for (byte each : block) {
            sum += each & 0xFF;
        }
        byte[] digits = String.format("%06o\0 ", sum).getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(digits, 0, block, 148, 8);
    }
}
