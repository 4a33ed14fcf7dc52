package dev.longspan.benchmarks;

import dev.longspan.ChatEngine;
import dev.longspan.ChatEvent;
import dev.longspan.ChatRequest;
import dev.longspan.ChatStream;
import dev.longspan.EngineListener;
import dev.longspan.FlushPolicy;
import dev.longspan.http.HttpAdapter;
import dev.longspan.tck.DigestBackend;
import dev.longspan.tck.DigestModel;
import dev.longspan.tck.DigestOptions;
import dev.longspan.tck.TemplateKind;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What the server adds to the engine in the same process: to a request, to a chunk, to tokens a second; how long those wait who
 * compute nothing; and what slow readers cost the others.
 *
 * <p>{@code benchmarks/run.sh program HttpCost [requests] [chunks] [streams] [readers] [tokens]}
 */
public final class HttpCost {
    private static final int REQUESTS = 2000;
    /** How often as many are asked for before: as long as the compiler has two processors' work of its own, it is measured. */
    private static final int WARMING = 8;

    private static final int STREAMS = 64;
    private static final int IDLE = 1000;
    private static final int SLOW = 200;
    private static final int ROUNDS = 5;
    private static final int CHUNK_ROUNDS = 80;
    private static final int ANSWERERS = 8;

    private static final String LOOP = "!loop";
    private static final String TEXT = "Spell Constantinople, and then spell it again.";

    private final ChatEngine engine;
    private final HttpAdapter server;
    private final AtomicLong stepsComputed = new AtomicLong();
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private HttpCost(ChatEngine engine, HttpAdapter server) {
        engine.addListener(new EngineListener() {
            @Override
            public void stepComputed(int runs, int tokens, Duration duration) {
                stepsComputed.incrementAndGet();
            }
        });
        this.engine = engine;
        this.server = server;
    }

    /**
     * Prints a table.
     *
     * @param arguments which parts of it: requests, chunks, streams, readers, tokens; none for all
     */
    public static void main(String[] arguments) throws Exception {
        Path folder = Files.createTempDirectory("http-cost");
        try {
            System.out.println("| what | in process | over HTTP | difference or ratio |");
            System.out.println("|---|---|---|---|");
            Set<String> parts = Set.of(arguments);
            onDigest(Files.createDirectories(folder.resolve("digest")), parts);
            if (isWanted("tokens", parts)) {
                onModel("nano", 100, 300);
                onModel("0.1b", 2, 64);
            }
        } finally {
            NanoModel.deleteFolder(folder);
        }
    }

    private static boolean isWanted(String part, Set<String> parts) {
        return parts.isEmpty() || parts.contains(part);
    }

    private static void onDigest(Path folder, Set<String> parts) throws Exception {
        DigestModel.writeTo(folder, TemplateKind.STABLE);
        try (DigestBackend backend = new DigestBackend(DigestOptions.defaults().withBatch(300, 4096));
                ChatEngine engine = ChatEngine.builder()
                        .model(folder)
                        .backend(backend)
                        .maxContextTokens(20_000)
                        .prefixCacheBytes(0)
                        .maxRunning(280)
                        .build();
                HttpAdapter server = HttpAdapter.builder()
                        .engine(engine)
                        .port(0)
                        .maxConcurrent(600)
                        .start()) {
            HttpCost cost = new HttpCost(engine, server);
            if (isWanted("requests", parts)) {
                cost.requests();
            }
            if (isWanted("chunks", parts)) {
                cost.chunks();
            }
            if (isWanted("streams", parts)) {
                cost.besideStreams();
            }
            if (isWanted("readers", parts)) {
                cost.besideSlowReaders();
            }
        }
    }

    /**
     * A model beside whose steps the server's work is much, and one beside which it is as little as beside those that are used.
     *
     * @param model see {@link ModelFolders}
     * @param answers how many each client asks for in a round
     * @param mostTokens that an answer has
     */
    private static void onModel(String model, int answers, int mostTokens) throws Exception {
        try (ChatEngine engine = ChatEngine.builder()
                        .model(ModelFolders.find(model))
                        .prefixCacheBytes(0)
                        .build();
                HttpAdapter server =
                        HttpAdapter.builder().engine(engine).port(0).start()) {
            new HttpCost(engine, server).tokens(model, answers, mostTokens);
        }
    }

    private HttpRequest post(String text, String more) {
        String body = "{\"messages\": [{\"role\": \"user\", \"content\": \"" + text.replace("\n", "\\n") + "\"}]" + more
                + "}";
        return HttpRequest.newBuilder(server.address().resolve("/v1/chat/completions"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }

    /** Runs something often; answers the sorted times in milliseconds. */
    private static double[] times(int count, Callable<?> work) throws Exception {
        double[] times = new double[count];
        for (int i = 0; i < count; i++) {
            long began = System.nanoTime();
            work.call();
            times[i] = (System.nanoTime() - began) / 1e6;
        }
        Arrays.sort(times);
        return times;
    }

    private static double at(double[] sorted, double share) {
        return sorted[(int) Math.min(sorted.length - 1, Math.round(sorted.length * share))];
    }

    private static void row(String what, double one, double other, String unit) {
        System.out.printf("| %s | %.3f %s | %.3f %s | %+.3f %s |%n", what, one, unit, other, unit, other - one, unit);
    }

    private void requests() throws Exception {
        Callable<?> direct = () -> engine.chat(ChatRequest.of("!say hello\n!end"));
        Callable<?> remote = () -> client.send(post("!say hello\n!end", ""), HttpResponse.BodyHandlers.ofString());
        for (int i = 0; i < WARMING; i++) {
            times(REQUESTS, direct);
            times(REQUESTS, remote);
        }
        double[] one = times(REQUESTS, direct);
        double[] other = times(REQUESTS, remote);
        row("a short request, median", at(one, 0.5), at(other, 0.5), "ms");
        row("a short request, p99 (goal: 5 ms more)", at(one, 0.99), at(other, 0.99), "ms");
    }

    private void chunks() throws Exception {
        List<Double> one = new ArrayList<>();
        List<Double> other = new ArrayList<>();
        for (int round = 0; round < CHUNK_ROUNDS; round++) {
            if (round == CHUNK_ROUNDS / 2) {
                one.clear(); // all before was for the compiler
                other.clear();
            }
            ChatRequest request = ChatRequest.builder()
                    .user("!say " + "word ".repeat(300) + "\n!end")
                    .flushPolicy(FlushPolicy.EVERY_TOKEN)
                    .build();
            long last = System.nanoTime();
            try (ChatStream stream = engine.stream(request)) {
                while (stream.hasNext()) {
                    if (stream.next() instanceof ChatEvent.TextDelta) {
                        one.add((System.nanoTime() - last) / 1e6);
                        last = System.nanoTime();
                    }
                }
            }
            try (BufferedReader lines = stream(
                    "!say " + "word ".repeat(300) + "\n!end",
                    ", \"stream\": true, \"stream_options\": {\"flush_every_n_tokens\": 1, \"flush_every_ms\": 1}")) {
                last = System.nanoTime();
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    if (line.startsWith("data: ")) {
                        other.add((System.nanoTime() - last) / 1e6);
                        last = System.nanoTime();
                    }
                }
            }
        }
        row("from chunk to chunk, p99 (goal: 2 ms more)", at(sorted(one), 0.99), at(sorted(other), 0.99), "ms");
    }

    private static double[] sorted(List<Double> times) {
        return times.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    }

    private BufferedReader stream(String text, String more) throws IOException, InterruptedException {
        InputStream body = client.send(post(text, more), HttpResponse.BodyHandlers.ofInputStream())
                .body();
        return new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8));
    }

    private static final String ENDLESS =
            ", \"stream\": true, \"max_tokens\": 19000, \"repetition_detection\": {\"enabled\": false}";

    private void besideStreams() throws Exception {
        List<BufferedReader> open = new ArrayList<>();
        ExecutorService readers = Executors.newCachedThreadPool();
        for (int i = 0; i < STREAMS; i++) {
            BufferedReader lines = stream(LOOP, ENDLESS);
            open.add(lines);
            readers.execute(() -> drain(lines));
        }
        for (String path : List.of("/livez", "/metrics", "/v1/sessions?detail=true", "/v1/models")) {
            URI uri = server.address().resolve(path);
            Callable<?> ask =
                    () -> client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
            times(100, ask);
            double[] times = times(300, ask);
            System.out.printf(
                    "| %s beside %d streams, p99 (goal: 50 ms) | | %.3f ms | |%n", path, STREAMS, at(times, 0.99));
        }
        double[] headers = times(200, () -> {
            stream("!say a\n!end", ", \"stream\": true").close();
            return null;
        });
        System.out.printf(
                "| headers of a stream beside %d, p99 (goal: 100 ms) | | %.3f ms | |%n", STREAMS, at(headers, 0.99));
        for (BufferedReader each : open) {
            each.close();
        }
        readers.shutdown();
        awaitIdle();
    }

    private static void drain(BufferedReader lines) {
        try {
            while (lines.readLine() != null) {
                // what it says does not matter
            }
        } catch (IOException e) {
            return; // it was closed
        }
    }

    private void awaitIdle() {
        while (engine.load().running() + engine.load().queued() > 0) {
            Thread.onSpinWait();
        }
    }

    /** Short requests a second, of eight clients. */
    private double fast() throws Exception {
        int each = 200;
        ExecutorService threads = Executors.newFixedThreadPool(8);
        List<Future<?>> all = new ArrayList<>();
        long began = System.nanoTime();
        for (int i = 0; i < 8; i++) {
            all.add(threads.submit(() -> times(
                    each, () -> client.send(post("!say hello\n!end", ""), HttpResponse.BodyHandlers.ofString()))));
        }
        for (Future<?> future : all) {
            future.get();
        }
        threads.shutdown();
        return 8 * each / ((System.nanoTime() - began) / 1e9);
    }

    /** By turns with and without the others, so that what else the machine does meets both alike. */
    private void besideSlowReaders() throws Exception {
        for (int i = 0; i < 5; i++) {
            fast(); // until it is compiled
        }
        byTurns(
                "short requests a second, alone and beside " + IDLE + " idle connections and " + SLOW
                        + " readers that do not read, medians of " + ROUNDS + " (goal: 0.9)",
                this::fast,
                this::fastBesideOthers);
    }

    private double fastBesideOthers() throws Exception {
        List<Socket> others = others();
        double rate = fast();
        for (Socket socket : others) {
            socket.close();
        }
        awaitIdle();
        return rate;
    }

    /** Prints medians of two rates and of their ratio, measured by turns, so that what else the machine does meets both alike. */
    private static void byTurns(String what, Callable<Double> first, Callable<Double> second) throws Exception {
        double[] one = new double[ROUNDS];
        double[] other = new double[ROUNDS];
        double[] ratios = new double[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            one[i] = first.call();
            other[i] = second.call();
            ratios[i] = other[i] / one[i];
        }
        Arrays.sort(one);
        Arrays.sort(other);
        Arrays.sort(ratios);
        System.out.printf(
                "| %s | %.0f | %.0f | %.2f |%n", what, one[ROUNDS / 2], other[ROUNDS / 2], ratios[ROUNDS / 2]);
    }

    private List<Socket> others() throws IOException, InterruptedException {
        List<Socket> sockets = new ArrayList<>();
        for (int i = 0; i < IDLE; i++) {
            sockets.add(new Socket(InetAddress.getLoopbackAddress(), server.port()));
        }
        String body = "{\"messages\": [{\"role\": \"user\", \"content\": \"" + LOOP + "\"}]" + ENDLESS + "}";
        for (int i = 0; i < SLOW; i++) {
            Socket socket = new Socket();
            socket.setReceiveBufferSize(4096);
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
            socket.getOutputStream()
                    .write(
                            ("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                            + "Content-Length: " + body.length() + "\r\n\r\n" + body)
                                    .getBytes(StandardCharsets.UTF_8));
            sockets.add(socket);
        }
        while (engine.load().running() < SLOW || !full()) {
            Thread.onSpinWait();
        }
        return sockets;
    }

    /** Whether nothing has been computed for a while, since nobody reads. */
    private boolean full() throws InterruptedException {
        long steps = stepsComputed.get();
        Thread.sleep(1000);
        return steps == stepsComputed.get();
    }

    private void tokens(String model, int answers, int mostTokens) throws Exception {
        Callable<Double> direct = () -> rate(answers, () -> tokensInProcess(mostTokens));
        Callable<Double> remote = () -> rate(answers, () -> tokensOverHttp(mostTokens));
        for (int i = 0; i < 2; i++) { // until it is compiled
            direct.call();
            remote.call();
        }
        byTurns(
                "tokens a second of " + model + ", " + ANSWERERS + " streams, medians of " + ROUNDS + " (goal: 0.95)",
                direct,
                remote);
    }

    private static double rate(int answers, Callable<Integer> answer) throws InterruptedException, ExecutionException {
        ExecutorService threads = Executors.newFixedThreadPool(ANSWERERS);
        List<Future<Integer>> all = new ArrayList<>();
        long began = System.nanoTime();
        for (int i = 0; i < ANSWERERS * answers; i++) {
            all.add(threads.submit(answer));
        }
        int tokens = 0;
        for (Future<Integer> each : all) {
            tokens += each.get();
        }
        threads.shutdown();
        return tokens / ((System.nanoTime() - began) / 1e9);
    }

    private int tokensInProcess(int most) {
        ChatRequest request = ChatRequest.builder()
                .user(TEXT)
                .maxTokens(most)
                .temperature(2)
                .seed(1)
                .build();
        try (ChatStream stream = engine.stream(request)) {
            return stream.await().usage().completionTokens();
        }
    }

    private int tokensOverHttp(int most) throws IOException, InterruptedException {
        String more = ", \"stream\": true, \"max_tokens\": " + most + ", \"temperature\": 2, \"seed\": 1, "
                + "\"stream_options\": {\"include_usage\": true}";
        int tokens = 0;
        try (BufferedReader lines = stream(TEXT, more)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                int at = line.indexOf("\"completion_tokens\":");
                if (at >= 0) {
                    String rest = line.substring(at + "\"completion_tokens\":".length());
                    tokens = Integer.parseInt(rest.substring(0, rest.indexOf(',')));
                }
            }
        }
        return tokens;
    }
}
