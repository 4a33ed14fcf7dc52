package dev.longspan.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.spi.ModelLoadException;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The chat templates of a model, by name.
 *
 * <p>A name is taken from the first of these that has it: {@code chat_template.jinja} (the default one),
 * {@code additional_chat_templates/NAME.jinja}, {@code chat_template} in {@code tokenizer_config.json},
 * {@code chat_template} in {@code chat_template.json}. In the JSON files it is one template, a list of objects with
 * {@code name} and {@code template}, or an object from names to templates.
 *
 * @param byName the templates; may be empty
 */
public record ChatTemplates(Map<String, ChatTemplateSource> byName) {
    /** The name of the template that is used if none is named. */
    public static final String DEFAULT = "default";

    private static final String JINJA = "chat_template.jinja";
    private static final String JSON = "chat_template.json";
    private static final String FOLDER = "additional_chat_templates";
    private static final String SUFFIX = ".jinja";
    private static final String KEY = "chat_template";
    private static final String EXPECTED = "a string, a list of objects with name and template, or templates by name";
    private static final int MAX_BYTES = 4 << 20;
    private static final int MAX_TEMPLATES = 100;

    /** Copies the components. */
    public ChatTemplates {
        byName = Collections.unmodifiableMap(new TreeMap<>(byName));
    }

    /** {@return the template that is used if none is named; null if the model has none} */
    public @Nullable ChatTemplateSource defaultTemplate() {
        return byName.get(DEFAULT);
    }

    static ChatTemplates read(FolderReader folder) {
        Map<String, ChatTemplateSource> found = new TreeMap<>();
        if (folder.has(JINJA)) {
            found.put(DEFAULT, new ChatTemplateSource(DEFAULT, folder.text(JINJA, MAX_BYTES), JINJA));
        }
        for (String file : additional(folder)) {
            String name = file.substring(FOLDER.length() + 1, file.length() - SUFFIX.length());
            found.putIfAbsent(name, new ChatTemplateSource(name, folder.text(file, MAX_BYTES), file));
        }
        for (String file : List.of(TokenizerConfig.FILE, JSON)) {
            if (folder.has(file)) {
                ofJson(new JsonKeys(file, folder.json(file)), file).forEach(found::putIfAbsent);
            }
        }
        return new ChatTemplates(found);
    }

    private static List<String> additional(FolderReader folder) {
        if (!folder.has(FOLDER)) {
            return List.of();
        }
        List<String> files = new ArrayList<>();
        try (DirectoryStream<Path> entries =
                Files.newDirectoryStream(folder.folder().resolve(FOLDER), "*" + SUFFIX)) {
            for (Path entry : entries) {
                files.add(FOLDER + "/" + entry.getFileName());
                if (files.size() > MAX_TEMPLATES) {
                    throw new ModelLoadException(
                            FOLDER, "", "expected at most " + MAX_TEMPLATES + " templates, found more");
                }
            }
        } catch (IOException e) {
            throw FolderReader.unreadable(FOLDER, e);
        } catch (DirectoryIteratorException e) {
            throw FolderReader.unreadable(FOLDER, Objects.requireNonNull(e.getCause()));
        }
        Collections.sort(files);
        return files;
    }

    private static Map<String, ChatTemplateSource> ofJson(JsonKeys keys, String file) {
        JsonNode node = keys.node(KEY);
        Map<String, ChatTemplateSource> templates = new TreeMap<>();
        if (node == null) {
            return templates;
        }
        if (node.isTextual()) {
            templates.put(DEFAULT, new ChatTemplateSource(DEFAULT, node.textValue(), file));
            return templates;
        }
        if (!node.isContainerNode() || node.size() > MAX_TEMPLATES) {
            throw keys.fault(KEY, EXPECTED);
        }
        if (node.isObject()) {
            for (Map.Entry<String, JsonNode> entry : node.properties()) {
                if (!entry.getValue().isTextual()) {
                    throw keys.fault(KEY, EXPECTED);
                }
                String name = entry.getKey();
                templates.put(
                        name, new ChatTemplateSource(name, entry.getValue().textValue(), file));
            }
            return templates;
        }
        for (JsonNode each : node) {
            JsonNode name = each.get("name");
            JsonNode text = each.get("template");
            if (name == null || !name.isTextual() || text == null || !text.isTextual()) {
                throw keys.fault(KEY, EXPECTED);
            }
            ChatTemplateSource source = new ChatTemplateSource(name.textValue(), text.textValue(), file);
            if (templates.put(source.name(), source) != null) {
                throw keys.fault(KEY, "each name once, but \"" + source.name() + "\" is there twice");
            }
        }
        return templates;
    }
}
