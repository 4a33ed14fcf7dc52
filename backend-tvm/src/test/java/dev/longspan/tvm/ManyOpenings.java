package dev.longspan.tvm;

import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.Batch;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.Run;
import dev.longspan.tck.RandomModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A process that opens the backend, computes and closes it again and again, and tells by how much its resident memory grows in the
 * round in which it grows least: what stays of every opening is in all of them.
 */
final class ManyOpenings {
    private static final int ROUNDS = 4;

    private ManyOpenings() {}

    /**
     * Opens and closes; prints bytes.
     *
     * @param arguments how many times in all
     */
    public static void main(String[] arguments) throws IOException {
        int each = Integer.parseInt(arguments[0]) / ROUNDS;
        open(each);
        long least = Long.MAX_VALUE;
        for (int round = 0; round < ROUNDS; round++) {
            long before = resident();
            open(each);
            least = Math.min(least, resident() - before);
        }
        System.out.println("grown by " + least + " bytes");
    }

    private static void open(int times) {
        RandomModel model = RandomModel.of(3);
        for (int i = 0; i < times; i++) {
            try (Backend backend = new TvmBackendProvider().open(BackendOptions.defaults());
                    LanguageModel loaded = backend.load(model.spec(), model.weights(), LoadProgress.NONE)) {
                loaded.forward(Batch.of(Run.last(loaded.newState(), 1, 2, 3, 4, 5)));
            }
        }
        System.gc();
    }

    private static long resident() throws IOException {
        try (var lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
                    .sum();
        }
    }
}
