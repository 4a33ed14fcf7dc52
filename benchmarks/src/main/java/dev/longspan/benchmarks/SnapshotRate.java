package dev.longspan.benchmarks;

import dev.longspan.FileSnapshotStore;
import dev.longspan.PartWriter;
import dev.longspan.SnapshotDraft;
import dev.longspan.SnapshotLabel;
import dev.longspan.SnapshotReader;
import dev.longspan.snapshot.StateFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * How fast snapshots are saved and loaded, beside the two things that cannot be avoided: a plain copy of the state's file,
 * forced to disk, and the SHA-256 of its bytes. As a program: {@code SnapshotRate FOLDER [MEGABYTES [ROUNDS]]}; the folder
 * says which disk is measured. The ratio is that of the medians, the slower one of copy and hash being 1.
 */
public final class SnapshotRate {
    private static final int BUFFER = 1 << 20;
    private static final String STATE = "state.safetensors";

    private final Path folder;
    private final SyntheticState state;

    private SnapshotRate(Path folder, int megabytes) {
        this.folder = folder;
        this.state = new SyntheticState(Math.toIntExact(((long) megabytes << 20) / SyntheticState.TOKEN_BYTES));
    }

    private interface Work {
        void run() throws IOException;
    }

    /**
     * Prints the table.
     *
     * @param args the folder, the size in megabytes (512) and the number of rounds (5)
     * @throws IOException if the folder cannot be used
     */
    public static void main(String[] args) throws IOException {
        if (args.length < 1) {
            throw new IllegalArgumentException("usage: SnapshotRate FOLDER [MEGABYTES [ROUNDS]]");
        }
        int megabytes = args.length > 1 ? Integer.parseInt(args[1]) : 512;
        int rounds = args.length > 2 ? Integer.parseInt(args[2]) : 5;
        Path folder = Files.createTempDirectory(Path.of(args[0]), "rate");
        new SnapshotRate(folder, megabytes).measure(rounds);
        Files.deleteIfExists(folder.resolve("copy"));
        Files.delete(folder.resolve(".gate"));
        Files.delete(folder.resolve(".lock"));
        Files.delete(folder);
    }

    private void measure(int rounds) throws IOException {
        FileSnapshotStore store = FileSnapshotStore.open(folder);
        Path file = folder.resolve("s").resolve(STATE);
        double[][] seconds = new double[4][rounds];
        for (int round = -1; round < rounds; round++) {
            double[] times = {
                seconds(() -> save(store)),
                seconds(() -> load(store)),
                seconds(() -> copy(file)),
                seconds(() -> hash(file))
            };
            store.delete("s");
            // the first round warms up
            for (int i = 0; round >= 0 && i < times.length; i++) {
                seconds[i][round] = times[i];
            }
        }
        double limit = Math.max(median(seconds[2]), median(seconds[3]));
        List<String> names = List.of("save", "load", "plain copy", "SHA-256");
        System.out.println("| work | MB/s | against the slower of copy and hash |");
        System.out.println("|---|---|---|");
        for (int i = 0; i < names.size(); i++) {
            double time = median(seconds[i]);
            System.out.printf(
                    Locale.ROOT, "| %s | %.0f | %.2f |%n", names.get(i), state.bytes() / 1e6 / time, limit / time);
        }
    }

    private static double seconds(Work work) throws IOException {
        long start = System.nanoTime();
        work.run();
        return (System.nanoTime() - start) / 1e9;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private void save(FileSnapshotStore store) {
        PartWriter nothing = target -> {};
        store.save(new SnapshotDraft(
                "s",
                Instant.now(),
                SnapshotLabel.NONE,
                "synthetic",
                Map.of(),
                state.length(),
                state.length(),
                Map.of(
                        "transcript.json",
                        nothing,
                        "tokens.bin",
                        nothing,
                        STATE,
                        target -> StateFile.write(List.of(state), target))));
    }

    private void load(FileSnapshotStore store) {
        try (SnapshotReader reader = store.read("s");
                SyntheticState.Model model = new SyntheticState.Model()) {
            StateFile.read("s", reader.open(STATE), SyntheticState.SPEC).load(model);
        }
    }

    private void copy(Path file) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
        try (FileChannel source = FileChannel.open(file);
                FileChannel target = FileChannel.open(
                        folder.resolve("copy"),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE)) {
            while (source.read(buffer.clear()) >= 0) {
                buffer.flip();
                while (buffer.hasRemaining()) {
                    target.write(buffer);
                }
            }
            target.force(true);
        }
    }

    private static void hash(Path file) throws IOException {
        try (FileChannel source = FileChannel.open(file)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
            while (source.read(buffer.clear()) >= 0) {
                digest.update(buffer.flip());
            }
            if (digest.digest().length != 32) {
                throw new IllegalStateException("a SHA-256 has 32 bytes");
            }
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
