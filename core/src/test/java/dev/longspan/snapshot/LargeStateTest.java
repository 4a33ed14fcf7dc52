package dev.longspan.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** States that are much larger than the heap. */
class LargeStateTest {
    @TempDir
    private Path folder;

    @Test
    void aStateOf512MegabytesIsSavedAndLoadedInAHeapOf96() throws Exception {
        saveAndLoad(512, "-Xmx96m");
    }

    @Test
    @Tag("soak")
    void aStateOf4GigabytesIsSavedAndLoadedInAHeapOf256Megabytes() throws Exception {
        saveAndLoad(4096, "-Xmx256m");
    }

    private void saveAndLoad(int megabytes, String heap) throws Exception {
        // off the heap there are only the small buffers of channels
        List<String> options = List.of(heap, "-XX:MaxDirectMemorySize=16m", "-XX:+UseSerialGC");
        try (ChildProcess child =
                ChildProcess.start(options, LargeStateChild.class, folder.toString(), String.valueOf(megabytes))) {
            assertThat(child.end()).containsExactly("loaded 3 of " + megabytes * 32);
            assertThat(child.exitValue()).isZero();
        }
        assertThat(Files.size(folder.resolve("large/state.safetensors")))
                .isBetween((long) megabytes << 20, ((long) megabytes << 20) + 65_536);
    }
}
