package dev.longspan.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** OpenAI's own client for JavaScript, unchanged; it comes from npm, and runs in Node.js. */
class NodeClientTest extends WithServer {
    private static final String PACKAGE = "openai@7.57.0";

    private static String run(Path in, String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .directory(in.toFile())
                .redirectErrorStream(true)
                .start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(List.of(command) + ": " + printed).isZero();
        return printed;
    }

    @Test
    void itIsServedAsOpenAiDoes() throws Exception {
        Path folder = Files.createDirectories(Path.of("target", "node-client"));
        try (InputStream script = NodeClientTest.class.getResourceAsStream("/client.mjs")) {
            Files.write(folder.resolve("client.mjs"), script.readAllBytes());
        }
        Files.writeString(folder.resolve("package.json"), "{\"private\": true}");
        if (!Files.exists(folder.resolve("node_modules/openai"))) {
            run(folder, "npm", "install", "--no-package-lock", "--no-audit", "--no-fund", PACKAGE);
        }
        assertThat(run(folder, "node", "client.mjs", base(), KEY)).contains("all is well");
        awaitIdle();
    }
}
