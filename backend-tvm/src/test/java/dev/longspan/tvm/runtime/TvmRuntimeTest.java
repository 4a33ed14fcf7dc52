package dev.longspan.tvm.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.assertj.core.data.Offset.offset;

import com.sun.jna.NativeLibrary;
import dev.longspan.spi.Availability;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.BackendUnavailableException;
import dev.longspan.tvm.TvmBackendProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** TVM's runtime as it is: what works, and what is refused before it would end the process. */
class TvmRuntimeTest {
    private static TvmRuntime runtime;
    private static KernelLibrary kernels;

    @TempDir
    Path folder;

    @BeforeAll
    static void load() {
        NativeOptions options = NativeOptions.defaults();
        runtime = TvmRuntime.load(options);
        kernels = runtime.kernels(runtime.unpacked("dev/longspan/tvm/kernels/", "cpu-v3.so"));
    }

    private static DeviceMemory memory(long bytes) {
        return runtime.allocate(TvmDevice.CPU, bytes);
    }

    /** To whole panels of outputs, which one task computes. */
    private static int padded(int outputs) {
        return panels(outputs) * 32;
    }

    private static int panels(int outputs) {
        return (outputs + 31) / 32;
    }

    private static KernelCall product(KernelTeam team, DeviceMemory x, DeviceMemory w, DeviceMemory y, int outputs) {
        return kernels.call("product_f32", 10, team)
                .memory(0, x)
                .memory(1, w)
                .memory(2, y)
                .integer(3, 1)
                .integer(4, outputs)
                .integer(5, 16)
                .integer(6, 16)
                .integer(7, padded(outputs))
                .integer(8, 0)
                .integer(9, 0);
    }

    @Test
    void aKernelComputesTheSameOnAnyNumberOfThreads() {
        int outputs = 500;
        Random random = new Random(1);
        float[] weights = new float[padded(outputs) * 16];
        float[] row = new float[16];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = (float) random.nextGaussian();
        }
        for (int i = 0; i < row.length; i++) {
            row[i] = (float) random.nextGaussian();
        }
        float[] first = null;
        for (int threads : new int[] {1, 2, 5}) {
            try (KernelTeam team = new KernelTeam(threads);
                    DeviceMemory x = memory(64);
                    DeviceMemory w = memory(4L * weights.length);
                    DeviceMemory y = memory(4L * padded(outputs))) {
                x.write(0, row, 0, 16);
                w.write(0, weights, 0, weights.length);
                KernelCall call = product(team, x, w, y, outputs);
                for (int round = 0; round < 200; round++) {
                    team.lock().lock();
                    try {
                        call.run(panels(outputs));
                    } finally {
                        team.lock().unlock();
                    }
                }
                float[] result = new float[outputs];
                y.read(0, result, 0, outputs);
                for (int n = 0; n < outputs; n++) {
                    double expected = 0;
                    for (int k = 0; k < 16; k++) {
                        expected += (double) row[k] * weights[n / 32 * 32 * 16 + k * 32 + n % 32];
                    }
                    assertThat((double) result[n]).isCloseTo(expected, offset(1e-5));
                }
                first = first == null ? result : first;
                assertThat(result).isEqualTo(first);
            }
        }
    }

    @Test
    void whatWouldEndTheProcessIsRefused() {
        try (KernelTeam team = new KernelTeam(1)) {
            assertThatThrownBy(() -> kernels.call("nothing", 1, team))
                    .isInstanceOf(TvmException.class)
                    .hasMessageContaining("nothing");
            DeviceMemory block = memory(64);
            KernelCall call = kernels.call("product_f32", 10, team);
            team.lock().lock();
            try {
                assertThatThrownBy(() -> call.run(1)).isInstanceOf(IllegalStateException.class);
            } finally {
                team.lock().unlock();
            }
            assertThatThrownBy(() -> call.memory(10, block)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> product(team, block, block, block, 1).run(1))
                    .hasMessageContaining("lock");
            block.close();
            block.close();
            assertThatThrownBy(() -> call.memory(0, block)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> block.read(0, new float[1], 0, 1)).isInstanceOf(IllegalStateException.class);
            team.lock().lock();
            try {
                assertThatThrownBy(() -> kernels.call("product_f32", 3, team)
                                .integer(0, 1)
                                .integer(1, 2)
                                .integer(2, 3)
                                .run(1))
                        .isInstanceOf(TvmException.class)
                        .hasMessageContaining("product_f32");
            } finally {
                team.lock().unlock();
            }
        }
    }

    @Test
    void aTeamThatIsClosedRunsNothing() {
        for (int threads : new int[] {1, 3}) {
            KernelTeam team = new KernelTeam(threads);
            try (DeviceMemory block = memory(4096)) {
                KernelCall call = product(team, block, block, block, 64);
                team.close();
                team.close();
                team.lock().lock();
                try {
                    assertThatThrownBy(() -> call.run(3)).isInstanceOf(IllegalStateException.class);
                } finally {
                    team.lock().unlock();
                }
            }
        }
    }

    @Test
    void memoryKnowsItsEnds() {
        try (DeviceMemory block = memory(100)) {
            assertThat(block.bytes()).isEqualTo(100);
            for (Runnable bad : new Runnable[] {
                () -> block.write(-4, new float[1], 0, 1),
                () -> block.write(97, new float[1], 0, 1),
                () -> block.write(0, new int[26], 0, 26),
                () -> block.read(Long.MAX_VALUE, new float[1], 0, 1),
                () -> DeviceMemory.copy(block, 0, block, 50, 51)
            }) {
                assertThatThrownBy(bad::run).isInstanceOf(IllegalArgumentException.class);
            }
        }
        assertThatThrownBy(() -> memory(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> memory(1L << 60)).isInstanceOf(TvmException.class);
    }

    @Test
    void withoutADriverThereIsNoGpu() {
        assumeThat(runtime.hasDriver()).isFalse();
        assertThatThrownBy(runtime::gpus).hasMessageContaining("driver");
        assertThatThrownBy(() -> runtime.allocate(new TvmDevice(TvmDevice.Kind.CUDA, 0), 64))
                .isInstanceOf(TvmException.class)
                .hasMessageContaining("no such device");
    }

    @Test
    void aFileThatIsDamagedIsUnpackedAgain() throws IOException {
        NativeFolder unpacked = NativeFolder.at(folder);
        byte[] content = {1, 2, 3};
        Path file = unpacked.file("lib.so", content);
        assertThat(Files.readAllBytes(file)).isEqualTo(content);
        Files.write(file, new byte[] {1, 2, 4});
        assertThat(Files.readAllBytes(unpacked.file("lib.so", content))).isEqualTo(content);
        try (var left = Files.list(folder)) {
            assertThat(left).hasSize(1);
        }
    }

    @Test
    void theUsersCacheIsWhereTheEnvironmentSays() {
        Path home = Path.of(System.getProperty("user.home"), ".cache");
        assertThat(NativeOptions.cache(Map.of())).isEqualTo(home);
        assertThat(NativeOptions.cache(Map.of("XDG_CACHE_HOME", "/some/where"))).isEqualTo(Path.of("/some/where"));
        for (String none : List.of("", "some/where", "\0")) {
            assertThat(NativeOptions.cache(Map.of("XDG_CACHE_HOME", none))).isEqualTo(home);
        }
    }

    @Test
    void aFolderThatCannotBeWrittenIsNamed() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThatThrownBy(() -> NativeFolder.at(file.resolve("below")))
                .isInstanceOfSatisfying(TvmUnavailableException.class, e -> {
                    assertThat(e.detail()).contains(file.toString());
                    assertThat(e.remedy()).contains("nativeFolder");
                });
        Path closed = Files.createDirectory(
                folder.resolve("closed"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("r-x------")));
        assumeThat(Files.isWritable(closed)).isFalse();
        assertThatThrownBy(() -> NativeFolder.at(closed).file("a", new byte[1]))
                .isInstanceOf(TvmUnavailableException.class);
    }

    @Test
    void aResourceThatIsMissingIsNamedWithItsRemedy() {
        assertThatThrownBy(() -> NativeFolder.at(folder).resource("no/such/thing.so", "thing.so", "add it"))
                .isInstanceOfSatisfying(TvmUnavailableException.class, e -> {
                    assertThat(e.detail()).isEqualTo("no/such/thing.so");
                    assertThat(e.remedy()).isEqualTo("add it");
                });
    }

    @Test
    void whatIsWrongWithOptionsIsSaidByTheProbe() {
        TvmBackendProvider provider = new TvmBackendProvider();
        for (String[] bad : new String[][] {
            {"auto", "kernels", "v9", "kernels"},
            {"auto", "memoryLimitBytes", "much", "memoryLimitBytes"},
            {"auto", "nativeFolder", "a\0b", "nativeFolder"},
            {"auto", "unknown", "1", "unknown"},
            {"cuda:0", "kernels", "v3", "kernels"},
            {"tpu", "kernels", "v3", "tpu"}
        }) {
            BackendOptions options = new BackendOptions(1, bad[0], Map.of(bad[1], bad[2]));
            assertThat(provider.probe(options))
                    .isInstanceOfSatisfying(
                            Availability.Unavailable.class,
                            problem -> assertThat(problem.cause()).contains(bad[3]));
            assertThatThrownBy(() -> provider.open(options)).isInstanceOf(BackendUnavailableException.class);
        }
    }

    @Test
    void aStandInIsALibrary() throws IOException {
        byte[] library = StandIn.library("libnothing.so.1", List.of("one@V1", "oneErrorString@V1"), List.of("V1"), 7);
        Path file = Files.write(folder.resolve("libnothing.so.1"), library);
        NativeLibrary loaded = NativeLibrary.getInstance(file.toString());
        assertThat(loaded.getFunction("one").invokeInt(new Object[0])).isEqualTo(7);
        assertThat(loaded.getFunction("oneErrorString").invokeString(new Object[0], false))
                .contains("not on this machine");
        loaded.close();
    }
}
