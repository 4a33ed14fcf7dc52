package dev.longspan.it;

import dev.longspan.ChatEngine;
import dev.longspan.ChatEvent;
import dev.longspan.ChatRequest;
import dev.longspan.ChatResponse;
import dev.longspan.ChatStream;
import java.nio.file.Path;

/** The example of the README; {@link ReadmeTest} holds both together. */
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
}
