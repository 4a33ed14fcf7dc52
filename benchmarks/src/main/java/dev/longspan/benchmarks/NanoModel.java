package dev.longspan.benchmarks;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** The nano model's files, taken from its jar. */
final class NanoModel {
    private static final String ROOT = "/META-INF/longspan/nano/";
    private static final List<String> FILES = List.of(
            "config.json",
            "model.safetensors",
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "chat_template.jinja",
            "generation_config.json");

    private NanoModel() {}

    /** Writes the whole model into a folder that exists. */
    static void copyTo(Path folder) throws IOException {
        for (String name : FILES) {
            copy(name, folder);
        }
    }

    /** Writes one file of the model into a folder that exists. */
    static void copy(String name, Path folder) throws IOException {
        try (InputStream in = NanoModel.class.getResourceAsStream(ROOT + name)) {
            if (in == null) {
                throw new FileNotFoundException(
                        ROOT + name + " is not on the class path: longspan-nano-model is missing");
            }
            Files.copy(in, folder.resolve(name));
        }
    }

    /** Deletes a folder with all it holds, if it exists. */
    static void deleteFolder(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
