package dev.longspan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NanoModelTest {
    @TempDir
    Path cache;

    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @Test
    void theModelIsUnpackedWholeIntoAFolderNamedByItsContent() throws IOException {
        Path folder = unpack(cache);
        assertThat(folder.getParent()).isEqualTo(cache.resolve("longspan"));
        assertThat(folder.getFileName().toString()).matches("nano-[0-9a-f]{12}");
        assertThat(list(folder))
                .containsExactlyInAnyOrder(
                        "config.json",
                        "model.safetensors",
                        "tokenizer.json",
                        "tokenizer_config.json",
                        "special_tokens_map.json",
                        "chat_template.jinja",
                        "generation_config.json");
        assertThat(list(cache.resolve("longspan"))).hasSize(1);
    }

    @Test
    void aFolderThatIsRightIsLeftAlone() throws IOException {
        Path weights = unpack(cache).resolve("model.safetensors");
        FileTime old = FileTime.fromMillis(1_000_000_000_000L);
        Files.setLastModifiedTime(weights, old);
        assertThat(unpack(cache).resolve("model.safetensors")).isEqualTo(weights);
        assertThat(Files.getLastModifiedTime(weights)).isEqualTo(old);
    }

    @Test
    void damagedAndMissingFilesAreReplaced() throws IOException {
        Path folder = unpack(cache);
        Path weights = folder.resolve("model.safetensors");
        byte[] right = Files.readAllBytes(weights);
        byte[] wrong = right.clone();
        wrong[wrong.length / 2] ^= 1;
        Files.write(weights, wrong);
        Files.delete(folder.resolve("config.json"));
        Files.writeString(folder.resolve("tokenizer.json"), "{}");
        List<String> names = list(unpack(cache));
        assertThat(names).hasSize(7).contains("config.json");
        assertThat(Files.readAllBytes(weights)).isEqualTo(right);
        assertThat(Files.size(folder.resolve("tokenizer.json"))).isGreaterThan(2);
    }

    @Test
    void manyStartsAtOnceAgree() throws IOException, InterruptedException, ExecutionException {
        ExecutorService starts = Executors.newFixedThreadPool(8);
        try {
            List<Future<Path>> folders = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                folders.add(starts.submit(() -> unpack(cache)));
            }
            for (Future<Path> folder : folders) {
                assertThat(list(folder.get())).hasSize(7);
            }
        } finally {
            starts.shutdownNow();
        }
        assertThat(list(cache.resolve("longspan"))).hasSize(1);
    }

    @Test
    void aCacheThatCannotBeWrittenIsSaidAndATemporaryFolderIsUsed() throws IOException {
        Path file = Files.writeString(cache.resolve("in the way"), "");
        Path folder = unpack(file);
        assertThat(folder.startsWith(cache)).isFalse();
        assertThat(list(folder)).hasSize(7);
        assertThat(err.toString(StandardCharsets.UTF_8).lines()).hasSize(1);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains(file.toString());
    }

    @Test
    void aRelativeCacheFolderDoesNotCount() {
        Path home = Path.of(System.getProperty("user.home"), ".cache", "longspan");
        assertThat(NanoModel.cache(Map.of("XDG_CACHE_HOME", "somewhere"))).isEqualTo(home);
        assertThat(NanoModel.cache(Map.of("XDG_CACHE_HOME", ""))).isEqualTo(home);
        assertThat(NanoModel.cache(Map.of())).isEqualTo(home);
    }

    private Path unpack(Path cacheHome) {
        return NanoModel.unpack(InProcess.surroundings(cacheHome, "", new ByteArrayOutputStream(), err));
    }

    private static List<String> list(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }
}
