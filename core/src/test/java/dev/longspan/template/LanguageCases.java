package dev.longspan.template;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.longspan.text.Origin;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Small templates that walk through the corners of the language, with what Jinja2 renders of them. */
final class LanguageCases {
    private LanguageCases() {}

    /** A template and its text, which is null if rendering it is refused. */
    record Case(String name, String template, String text) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Case> all() {
        return StreamSupport.stream(file().get("cases").spliterator(), false)
                .map(node -> new Case(
                        node.get("name").textValue(),
                        node.get("template").textValue(),
                        node.has("text") ? node.get("text").textValue() : null));
    }

    /** The variables of all templates; with an origin, every string is marked. */
    static Map<String, Object> context(Origin origin) {
        Map<String, Object> context = new HashMap<>();
        file().get("context")
                .properties()
                .forEach(entry -> context.put(
                        entry.getKey(),
                        origin == null ? entry.getValue() : TemplateValues.marked(entry.getValue(), origin)));
        context.put("strftime_now", LocalDateTime.of(2026, 1, 2, 3, 4, 5).atZone(ZoneOffset.UTC));
        return context;
    }

    private static JsonNode file() {
        try (InputStream in =
                Objects.requireNonNull(LanguageCases.class.getResourceAsStream("language.json"), "language.json")) {
            return new ObjectMapper().readTree(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
