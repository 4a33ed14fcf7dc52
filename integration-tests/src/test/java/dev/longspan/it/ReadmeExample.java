package dev.longspan.it;

import dev.longspan.ChatEngine;
import dev.longspan.ChatEvent;
import dev.longspan.ChatMessage;
import dev.longspan.ChatRequest;
import dev.longspan.ChatRequestBuilder;
import dev.longspan.ChatResponse;
import dev.longspan.ChatStream;
import dev.longspan.Session;
import dev.longspan.SessionOptions;
import dev.longspan.SnapshotInfo;
import dev.longspan.ToolCall;
import dev.longspan.ToolSpecification;
import dev.longspan.http.HttpAdapter;
import java.nio.file.Path;
import java.util.List;

/** The examples of the README; {@link ReadmeTest} holds both together. */
final class ReadmeExample {
    private ReadmeExample() {}

    static void run(Path folder) {
        // README begin
        try (ChatEngine engine = ChatEngine.builder().model(folder).build()) {
            ChatResponse answer = engine.chat(ChatRequest.of("What is the capital of France?"));
            System.out.println(answer.text());

            try (ChatStream stream = engine.stream(ChatRequest.of("Spell Berlin."))) {
                for (ChatEvent event : stream) {
                    if (event instanceof ChatEvent.TextDelta delta) {
                        System.out.print(delta.text());
                    }
                }
            }
        }
        // README end
    }

    static void keepASession(ChatEngine engine) {
        // README begin
        try (Session session = engine.openSession()) {
            session.send("My name is Alice.");
            System.out.println(session.send("What's my name?").text());

            SnapshotInfo snapshot = session.save("after hello");
            session.rollback(2); // keeps the first two messages
            try (Session twin = session.fork();
                    Session later = engine.loadSession(snapshot.id(), SessionOptions.DEFAULT)) {
                System.out.println(
                        twin.history().size() + " and " + later.history().size() + " messages");
            }
        }
        // README end
    }

    static void callTools(ChatEngine engine) {
        // README begin
        ToolSpecification weather = new ToolSpecification(
                "get_weather",
                "Tells the weather in a city.",
                "{\"type\": \"object\", \"properties\": {\"city\": {\"type\": \"string\"}}}");
        ChatRequestBuilder request =
                ChatRequest.builder().user("What's the weather in Paris?").tools(List.of(weather));
        ChatResponse asked = engine.chat(request.build());

        request.messages(List.of(asked.message()));
        for (ToolCall call : asked.message().toolCalls()) {
            request.messages(List.of(ChatMessage.tool(call.id(), "sunny, 21 degrees")));
        }
        System.out.println(engine.chat(request.build()).text());
        // README end
    }

    static void serve(ChatEngine engine) {
        // README begin
        try (HttpAdapter server = HttpAdapter.builder().engine(engine).port(0).start()) {
            System.out.println("listening at " + server.address());
        }
        // README end
    }
}
