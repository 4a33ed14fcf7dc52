package dev.longspan.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.ChatEngine;
import dev.longspan.FileSnapshotStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadmeTest {
    private static final Path EXAMPLE =
            Tree.root().resolve("integration-tests/src/test/java/dev/longspan/it/ReadmeExample.java");
    private static final Pattern JAVA_BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
    private static final Pattern MARKED = Pattern.compile("// README begin\n(.*?)// README end", Pattern.DOTALL);
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]+)\\)");

    @Test
    void theExamplesAreThoseThatAreCompiledHere() throws IOException {
        List<String> blocks = JAVA_BLOCK
                .matcher(readme())
                .results()
                .map(found -> found.group(1))
                .toList();
        assertThat(blocks).isEqualTo(markedRegions()).hasSizeGreaterThan(1);
    }

    @Test
    void theExampleRunsAndAnswers(@TempDir Path store) {
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        PrintStream before = System.out;
        try {
            System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
            Path folder = Tree.root().resolve("nano-model/model");
            ReadmeExample.run(folder);
            System.out.println();
            try (ChatEngine engine = ChatEngine.builder()
                    .model(folder)
                    .snapshots(FileSnapshotStore.open(store))
                    .build()) {
                ReadmeExample.keepASession(engine);
                ReadmeExample.callTools(engine);
                ReadmeExample.serve(engine);
            }
        } finally {
            System.setOut(before);
        }
        List<String> lines = printed.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(lines).hasSizeGreaterThanOrEqualTo(2);
        assertThat(lines.get(0)).contains("Paris");
        assertThat(String.join("", lines.subList(1, lines.size() - 4))).isNotBlank();
        assertThat(lines.get(lines.size() - 4)).contains("Alice");
        assertThat(lines.get(lines.size() - 3)).isEqualTo("2 and 4 messages");
        assertThat(lines.get(lines.size() - 2)).contains("sunny");
        assertThat(lines.get(lines.size() - 1)).startsWith("listening at http://127.0.0.1:");
    }

    @Test
    void everyFileItLinksToIsThere() throws IOException {
        for (String page : List.of("README.md", "CONTRIBUTING.md")) {
            Matcher link = LINK.matcher(Files.readString(Tree.root().resolve(page)));
            while (link.find()) {
                assertThat(Tree.root().resolve(link.group(1)))
                        .as("link in %s", page)
                        .exists();
            }
        }
    }

    private static String readme() throws IOException {
        return Files.readString(Tree.root().resolve("README.md"));
    }

    private static List<String> markedRegions() throws IOException {
        return MARKED.matcher(Files.readString(EXAMPLE))
                .results()
                .map(found -> found.group(1).stripTrailing().stripIndent() + "\n")
                .toList();
    }
}
