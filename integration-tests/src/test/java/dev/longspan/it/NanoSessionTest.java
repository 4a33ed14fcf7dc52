package dev.longspan.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.longspan.ChatEngine;
import dev.longspan.ChatMessage;
import dev.longspan.ChatRequest;
import dev.longspan.ChatRequestBuilder;
import dev.longspan.ChatStream;
import dev.longspan.FileSnapshotStore;
import dev.longspan.Session;
import dev.longspan.SessionOptions;
import dev.longspan.ThinkingMode;
import dev.longspan.ToolSpecification;
import dev.longspan.TurnOptions;
import dev.longspan.spi.Backend;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * On the nano model, whatever happened to a session, its state is bit for bit the one that reading its history afresh makes, and
 * so is what it says next.
 */
@Timeout(900)
class NanoSessionTest {
    private static final int SEQUENCES = 40;
    private static final int OPERATIONS = 20;
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final List<String> QUESTIONS = List.of(
            "What is the capital of France?",
            "My name is Alice.",
            "What's my name?",
            "What is 27 + 15?",
            "Spell Berlin.",
            "What's the weather in Paris?");

    private static final ToolSpecification WEATHER = new ToolSpecification(
            "get_weather",
            "Tells the weather in a city.",
            "{\"type\": \"object\", \"properties\": {\"city\": {\"type\": \"string\"}}}");

    @TempDir
    Path store;

    @ParameterizedTest
    @EnumSource
    void randomLivesEndInTheStateOfAFreshReading(ExactBackend exact) throws IOException {
        live(exact, SEQUENCES);
    }

    @Tag("soak")
    @ParameterizedTest
    @EnumSource
    void aThousandRandomLivesDoTheSame(ExactBackend exact) throws IOException {
        live(exact, 1000);
    }

    private void live(ExactBackend exact, int sequences) throws IOException {
        try (Backend backend = exact.open();
                ChatEngine engine = ChatEngine.builder()
                        .model(NanoFolder.path())
                        .backend(backend)
                        .snapshots(FileSnapshotStore.open(store))
                        .build()) {
            for (int seed = 0; seed < sequences; seed++) {
                Random random = new Random(seed);
                Session session = engine.openSession();
                ChatRequest last = ChatRequest.of("x");
                for (int i = 0; i < OPERATIONS; i++) {
                    ChatRequest request = request(random);
                    switch (random.nextInt(8)) {
                        case 0 -> {
                            session.append(List.of(ChatMessage.user("Note " + i)));
                            request = last;
                        }
                        case 1 -> {
                            session.rollback(random.nextInt(session.history().size() + 1));
                            request = last;
                        }
                        case 2 -> {
                            Session fork = session.fork();
                            session.close();
                            session = fork;
                            request = last;
                        }
                        case 3 -> {
                            if (!session.history().isEmpty()) {
                                String id = session.save("one").id();
                                session.close();
                                session = engine.loadSession(id, SessionOptions.DEFAULT);
                                engine.snapshots().delete(id);
                            }
                            request = last;
                        }
                        case 4 -> cancel(session, request, random.nextInt(8));
                        default -> session.send(request);
                    }
                    last = request;
                    if (session.tokenIds().length > 2500) {
                        session.rollback(0);
                    }
                }
                assertIsFresh(engine, session, seed);
                session.close();
            }
        }
    }

    private static ChatRequest request(Random random) {
        return ChatRequest.builder()
                .user(QUESTIONS.get(random.nextInt(QUESTIONS.size())))
                .thinking(random.nextBoolean() ? ThinkingMode.OFF : ThinkingMode.DEFAULT)
                .thinkingBudget(6)
                .thinkingKept(random.nextInt(3) == 0)
                .maxTokens(14)
                .build();
    }

    private static void cancel(Session session, ChatRequest request, int events) {
        try (ChatStream stream = session.stream(request, TurnOptions.DEFAULT)) {
            for (int i = 0; i < events && stream.hasNext(); i++) {
                stream.next();
            }
        }
    }

    private void assertIsFresh(ChatEngine engine, Session session, int seed) throws IOException {
        List<ChatMessage> history = session.history();
        if (history.isEmpty()) {
            assertThat(session.tokenIds()).isEmpty();
            return;
        }
        // the settings of the last turn are part of what is rendered: one more turn makes them known
        ChatRequestBuilder settings = ChatRequest.builder().thinkingKept(true).tools(List.of(WEATHER));
        session.append(settings.user("What's the weather in Paris?").build(), TurnOptions.DEFAULT);
        try (Session fresh = engine.openSession()) {
            fresh.append(
                    ChatRequest.builder()
                            .messages(session.history())
                            .thinkingKept(true)
                            .tools(List.of(WEATHER))
                            .build(),
                    TurnOptions.DEFAULT);
            assertThat(session.tokenIds()).as("seed " + seed).isEqualTo(fresh.tokenIds());
            assertThat(state(session)).as("seed " + seed).isEqualTo(state(fresh));
            ChatRequest next = ChatRequest.again()
                    .thinkingKept(true)
                    .tools(List.of(WEATHER))
                    .maxTokens(20)
                    .build();
            assertThat(session.send(next).text()).isEqualTo(fresh.send(next).text());
        }
    }

    /** What a session's head holds, as its snapshot says: a hash of each tensor. */
    private Map<String, Integer> state(Session session) throws IOException {
        String id = session.save("state").id();
        byte[] file = Files.readAllBytes(store.resolve(id).resolve("state.safetensors"));
        int header = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getInt(0);
        JsonNode tensors = JSON.readTree(new String(file, 8, header, StandardCharsets.UTF_8));
        Map<String, Integer> hashes = new TreeMap<>();
        List<String> names = new ArrayList<>();
        tensors.fieldNames().forEachRemaining(names::add);
        for (String name : names) {
            if (name.startsWith("layers.")) {
                JsonNode place = tensors.get(name).get("data_offsets");
                int from = 8 + header + place.get(0).asInt();
                int to = 8 + header + place.get(1).asInt();
                hashes.put(name, Arrays.hashCode(Arrays.copyOfRange(file, from, to)));
            }
        }
        assertThat(hashes).isNotEmpty();
        return hashes;
    }
}
