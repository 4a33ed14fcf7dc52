package dev.longspan.benchmarks;

import dev.longspan.ChatEngine;
import dev.longspan.ChatMessage;
import dev.longspan.ChatRequest;
import dev.longspan.FileSnapshotStore;
import dev.longspan.Session;
import dev.longspan.SessionOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * From which length on loading a snapshot is quicker than reading its text again: both are timed on the same sessions, by turns.
 *
 * <p>{@code benchmarks/run.sh program SnapshotBreakEven MODEL [TOKENS …]}
 */
public final class SnapshotBreakEven {
    private static final int ROUNDS = 3;
    private static final int[] LENGTHS = {16, 64, 256, 1024, 4096};

    private SnapshotBreakEven() {}

    /** Prints a table. */
    public static void main(String[] arguments) throws IOException {
        Path store = Files.createTempDirectory("snapshots");
        try (ChatEngine engine = ChatEngine.builder()
                .model(ModelFolders.find(arguments[0]))
                .prefixCacheBytes(0)
                .snapshots(FileSnapshotStore.open(store))
                .build()) {
            int[] lengths = arguments.length == 1
                    ? LENGTHS
                    : Arrays.stream(arguments, 1, arguments.length)
                            .mapToInt(Integer::parseInt)
                            .toArray();
            System.out.printf("# %s, medians of %d%n", engine.model().name(), ROUNDS);
            System.out.println("| tokens | file | read again, ms | load, ms | ratio |");
            System.out.println("|---|---|---|---|---|");
            measure(engine, 64); // warms up
            for (int length : lengths) {
                System.out.println(measure(engine, length));
            }
        } finally {
            try (Stream<Path> files = Files.walk(store)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    private static String measure(ChatEngine engine, int length) {
        double[] read = new double[ROUNDS];
        double[] load = new double[ROUNDS];
        long bytes = 0;
        int tokens = 0;
        for (int round = 0; round < ROUNDS; round++) {
            ChatMessage text = ChatMessage.user(words(engine, length, round));
            try (Session session = engine.openSession()) {
                long before = System.nanoTime();
                session.append(List.of(text));
                read[round] = (System.nanoTime() - before) / 1e6;
                tokens = session.tokenIds().length;
                var saved = session.save("round");
                bytes = saved.bytes();
                long between = System.nanoTime();
                engine.loadSession(saved.id(), SessionOptions.DEFAULT).close();
                load[round] = (System.nanoTime() - between) / 1e6;
                engine.snapshots().delete(saved.id());
            }
        }
        Arrays.sort(read);
        Arrays.sort(load);
        return String.format(
                Locale.ROOT,
                "| %d | %.1f kB | %.1f | %.1f | %.1f |",
                tokens,
                bytes / 1e3,
                read[ROUNDS / 2],
                load[ROUNDS / 2],
                read[ROUNDS / 2] / load[ROUNDS / 2]);
    }

    /** Random words that make about so many tokens. */
    private static String words(ChatEngine engine, int length, int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        StringBuilder words = new StringBuilder();
        int letters = length;
        while (words.length() < letters) {
            words.append((char) ('a' + random.nextInt(26)));
            if (random.nextInt(5) == 0) {
                words.append(' ');
            }
            if (words.length() >= letters) {
                int tokens = engine.countTokens(ChatRequest.of(words.toString()));
                letters = tokens >= length ? letters : letters + (length - tokens) + 1;
            }
        }
        return words.toString();
    }
}
