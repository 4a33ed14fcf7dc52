package dev.longspan.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.ChatEngine;
import dev.longspan.ChatEvent;
import dev.longspan.ChatRequest;
import dev.longspan.ChatStream;
import dev.longspan.ModelInspection;
import dev.longspan.ThinkingMode;
import dev.longspan.backend.BackendChoice;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.MemorySize;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The nano model finds a sentence in a text far longer than its window, through span attention alone. */
class LongPromptTest {
    @Test
    void findsTheNeedleIn32000Tokens() {
        findsTheNeedle(32_000);
    }

    @Test
    @Tag("soak")
    void findsTheNeedleIn100000Tokens() {
        findsTheNeedle(100_000);
    }

    private static void findsTheNeedle(int tokens) {
        BackendOptions options = BackendOptions.defaults();
        try (Backend backend = BackendChoice.probeAll(options)
                        .best()
                        .provider()
                        .open(options); // the one that an inspection plans with
                ChatEngine engine = ChatEngine.builder()
                        .model(NanoFolder.path())
                        .backend(backend)
                        .prefixCacheBytes(0) // the plan is of one sequence, without checkpoints for later prompts
                        .build()) {
            ChatRequest request = question(engine, tokens);
            int promptTokens = engine.countTokens(request);
            assertThat(promptTokens).isBetween(tokens * 97 / 100, tokens * 103 / 100);
            long before = used(backend);
            long most = before;
            int progress = 0;
            String answer = "";
            try (ChatStream stream = engine.stream(request)) {
                for (ChatEvent event : stream) {
                    most = Math.max(most, used(backend));
                    if (event instanceof ChatEvent.PromptProgress read) {
                        assertThat(read.doneTokens()).isBetween(progress, promptTokens);
                        progress = read.doneTokens();
                    } else if (event instanceof ChatEvent.Completed done) {
                        answer = done.response().text();
                    }
                }
            }
            assertThat(progress).isEqualTo(promptTokens);
            assertThat(answer).isEqualTo("The access code for the blue vault is 48213.");
            assertThat(most - before)
                    .as("growth, planned and real")
                    .isBetween(keys(promptTokens), planned(promptTokens));
        }
    }

    private static long used(Backend backend) {
        return backend.memory().used().totalBytes();
    }

    /** Keys and values of the nano model in float32: two layers with two heads of 32 each. */
    private static long keys(int tokens) {
        return 2L * 2 * 2 * 32 * Float.BYTES * tokens;
    }

    /** The plan's bound for a sequence of that length, between the lengths an inspection tells, and the workspace. */
    private static long planned(int tokens) {
        ModelInspection.Memory memory = ModelInspection.of(NanoFolder.path()).memory();
        long shorter = bytes(memory, 4_096);
        long longer = bytes(memory, 131_072);
        return shorter
                + (longer - shorter) * (tokens - 4_096L) / (131_072 - 4_096)
                + memory.workspace().totalBytes();
    }

    private static long bytes(ModelInspection.Memory memory, int length) {
        MemorySize size = memory.byLength().get(length);
        return size == null ? 0 : size.totalBytes();
    }

    /** Adjusts the text until the prompt has the wanted length within three percent. */
    private static ChatRequest question(ChatEngine engine, int tokens) {
        double characters = tokens * 3.3;
        while (true) {
            String text = LongText.hiding("The access code for the blue vault is 48213.", 0.4, (int) characters, 1);
            ChatRequest request = ChatRequest.builder()
                    .user(text + "\n\nWhat is the access code for the blue vault?")
                    .thinking(ThinkingMode.OFF)
                    .maxTokens(40)
                    .build();
            int found = engine.countTokens(request);
            if (Math.abs(found - tokens) < tokens * 0.03) {
                return request;
            }
            characters *= (double) tokens / found;
        }
    }
}
