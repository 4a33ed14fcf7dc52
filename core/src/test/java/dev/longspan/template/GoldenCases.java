package dev.longspan.template;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.longspan.text.Origin;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Assumptions;

/** Conversations with the text that a template must make of them. */
final class GoldenCases {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path folder;
    private final JsonNode cases;

    private GoldenCases(Path folder, JsonNode cases) {
        this.folder = folder;
        this.cases = cases;
    }

    /** A conversation for a template, and either its text or null if the template refuses it. */
    record Case(String template, String name, String source, Map<String, Object> context, String text) {
        @Override
        public String toString() {
            return template + ", " + name;
        }
    }

    /** The published templates; the test is skipped where they are not at hand. */
    static GoldenCases published() {
        String folder = System.getProperty("longspan.templates", "");
        Assumptions.assumeFalse(
                folder.isBlank(),
                "the published chat templates are not part of this project: give their folder, which also holds"
                        + " golden.json, by -Dlongspan.templates=FOLDER");
        return new GoldenCases(Path.of(folder), read(Path.of(folder, "golden.json")));
    }

    /** The nano model's template with its cases. */
    static Stream<Case> nano() {
        Path model = Path.of(System.getProperty("longspan.root", ".."), "nano-model", "model");
        String source = readString(model.resolve("chat_template.jinja"));
        return stream(read(model.resolve("golden").resolve("templates.json")))
                .map(node -> new Case(
                        "nano",
                        node.get("name").textValue(),
                        source,
                        context(node),
                        node.get("rendered").textValue()));
    }

    static String nanoTemplate() {
        return nano().findFirst().orElseThrow().source();
    }

    Stream<String> templates() {
        return cases.get("golden").properties().stream().map(Map.Entry::getKey);
    }

    String source(String template) {
        return readString(folder.resolve(template));
    }

    Stream<Case> all() {
        return templates().flatMap(template -> {
            String source = source(template);
            return cases.get("golden").get(template).properties().stream().map(golden -> {
                JsonNode text = golden.getValue().get("text");
                return new Case(
                        template,
                        golden.getKey(),
                        source,
                        context(golden.getKey()),
                        text == null ? null : text.textValue());
            });
        });
    }

    private Map<String, Object> context(String name) {
        Map<String, Object> context = context(cases.get("cases").get(name));
        context.putAll(common());
        return context;
    }

    /** What every conversation gets beside its own fields. */
    Map<String, Object> common() {
        Map<String, Object> common = new HashMap<>();
        cases.get("common")
                .properties()
                .forEach(entry -> common.put(entry.getKey(), entry.getValue().textValue()));
        String now = cases.get("strftime_now").textValue();
        DateTimeFormatter format = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss");
        common.put("strftime_now", LocalDateTime.parse(now, format).atZone(ZoneOffset.UTC));
        return common;
    }

    private static Map<String, Object> context(JsonNode node) {
        Map<String, Object> context = new HashMap<>();
        for (String field : new String[] {"messages", "tools", "add_generation_prompt", "enable_thinking"}) {
            if (node.has(field)) {
                context.put(field, TemplateValues.marked(node.get(field), Origin.OUTSIDE));
            }
        }
        return context;
    }

    private static Stream<JsonNode> stream(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false);
    }

    private static JsonNode read(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return JSON.readTree(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String readString(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
