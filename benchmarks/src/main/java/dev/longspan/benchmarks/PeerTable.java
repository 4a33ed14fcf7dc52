package dev.longspan.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.StreamSupport;

/**
 * Puts another engine's tokens per second beside ours. As a program: {@code PeerTable OURS.json PEER.json...}; the first is
 * what JMH writes with {@code -rf json}, the form of the others is described in {@code benchmarks/peer/README.md}.
 */
public final class PeerTable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private PeerTable() {}

    /**
     * One measured rate.
     *
     * @param model the model's name
     * @param threads how many threads computed
     * @param work what was done, such as {@code prefill 512}
     * @param label the backend, or the type of the peer's weights
     * @param rates tokens per second, one number per repetition; at least one
     */
    record Rate(String model, int threads, String work, String label, List<Double> rates) {
        double median() {
            double[] sorted =
                    rates.stream().mapToDouble(Double::doubleValue).sorted().toArray();
            int half = sorted.length / 2;
            return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
        }

        String text() {
            double[] sorted =
                    rates.stream().mapToDouble(Double::doubleValue).sorted().toArray();
            return String.format(Locale.ROOT, "%.1f (%.0f..%.0f)", median(), sorted[0], sorted[sorted.length - 1]);
        }

        private boolean sameWork(Rate other) {
            return model.equals(other.model) && threads == other.threads && work.equals(other.work);
        }
    }

    /**
     * Prints the table.
     *
     * @param args our file and the peer's files
     * @throws IOException if a file cannot be read
     */
    public static void main(String[] args) throws IOException {
        if (args.length < 2) {
            throw new IllegalArgumentException("usage: PeerTable OURS.json PEER.json...");
        }
        List<Rate> peers = new ArrayList<>();
        for (String file : Arrays.asList(args).subList(1, args.length)) {
            peers.addAll(peer(JSON.readTree(Path.of(file).toFile())));
        }
        print(System.out, ours(JSON.readTree(Path.of(args[0]).toFile())), peers);
    }

    /** {@return the rates of a JMH result: prefill and decode, the others are left out} */
    static List<Rate> ours(JsonNode results) {
        List<Rate> rates = new ArrayList<>();
        for (JsonNode result : results) {
            String benchmark = result.path("benchmark").asText();
            JsonNode parameters = result.path("params");
            String work;
            if (benchmark.endsWith(".PrefillBenchmark.prefill")) {
                work = "prefill " + parameters.path("prompt").asText();
            } else if (benchmark.endsWith(".DecodeBenchmark.decode")) {
                work = "decode " + parameters.path("after").asText();
            } else {
                continue;
            }
            List<Double> samples = new ArrayList<>();
            for (JsonNode fork : result.path("secondaryMetrics").path("tokens").path("rawData")) {
                samples.addAll(numbers(fork));
            }
            rates.add(new Rate(
                    modelName(parameters.path("model").asText()),
                    parameters.path("threads").asInt(),
                    work,
                    parameters.path("backend").asText(),
                    samples));
        }
        return rates;
    }

    /** {@return the rates of a peer's file} */
    static List<Rate> peer(JsonNode file) {
        List<Rate> rates = new ArrayList<>();
        for (JsonNode row : file.path("rows")) {
            for (Map.Entry<String, JsonNode> field : row.properties()) {
                String key = field.getKey();
                if ((key.startsWith("prefill ") || key.startsWith("decode "))
                        && !field.getValue().isEmpty()) {
                    rates.add(new Rate(
                            row.path("model").asText(),
                            row.path("threads").asInt(),
                            key,
                            row.path("type").asText(),
                            numbers(field.getValue())));
                }
            }
        }
        return rates;
    }

    private static void print(PrintStream out, List<Rate> ours, List<Rate> peers) {
        out.println("| model | threads | tokens per second | ours | peer | ours / peer |");
        out.println("|---|---|---|---|---|---|");
        for (Rate mine : ours) {
            for (Rate theirs : peers) {
                if (mine.sameWork(theirs)) {
                    out.printf(
                            Locale.ROOT,
                            "| %s | %d | %s | %s: %s | %s: %s | %.2f |%n",
                            mine.model,
                            mine.threads,
                            mine.work,
                            mine.label,
                            mine.text(),
                            theirs.label,
                            theirs.text(),
                            mine.median() / theirs.median());
                }
            }
        }
    }

    /** The name of a model that was given as a folder: its last part, but for {@code hf}, that of the folder around. */
    private static String modelName(String parameter) {
        Path path = Path.of(parameter).normalize();
        Path parent = path.getParent();
        Path named = path.endsWith("hf") && parent != null ? parent : path;
        return String.valueOf(named.getFileName());
    }

    private static List<Double> numbers(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .map(JsonNode::asDouble)
                .toList();
    }
}
