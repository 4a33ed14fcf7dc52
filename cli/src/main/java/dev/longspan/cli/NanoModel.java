package dev.longspan.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The model that is built in, as a folder: its files are unpacked from the jar into the user's cache, once for each
 * content, and checked against the jar at every start.
 */
final class NanoModel {
    private static final String RESOURCES = "META-INF/longspan/nano/";
    private static final List<String> FILES = List.of(
            "config.json",
            "model.safetensors",
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "chat_template.jinja",
            "generation_config.json");
    private static final int HASH_DIGITS = 12;

    private NanoModel() {}

    /**
     * {@return a folder with the model: in the cache, or if that cannot be written, one that is deleted at the end of the
     * process}
     */
    static Path unpack(Surroundings surroundings) {
        Map<String, byte[]> files = read();
        Path cache = cache(surroundings.environment());
        try {
            return unpack(files, cache);
        } catch (IOException e) {
            surroundings.say("the cache folder " + cache + " cannot be written (" + e
                    + "); the built-in model is unpacked into a temporary folder instead");
        }
        try {
            return unpackForThisProcess(files);
        } catch (IOException e) {
            throw new StartException("the built-in model cannot be unpacked: " + e + "; name a model with --model", e);
        }
    }

    /** {@return the folder of the cache, as the XDG base directory specification has it: relative paths do not count} */
    static Path cache(Map<String, String> environment) {
        String named = environment.getOrDefault("XDG_CACHE_HOME", "");
        Path home = Path.of(System.getProperty("user.home", "."));
        Path base = !named.isEmpty() && Path.of(named).isAbsolute() ? Path.of(named) : home.resolve(".cache");
        return base.resolve("longspan");
    }

    private static Map<String, byte[]> read() {
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (String name : FILES) {
            try (InputStream resource = NanoModel.class.getClassLoader().getResourceAsStream(RESOURCES + name)) {
                if (resource == null) {
                    throw new StartException("the built-in model is incomplete: " + RESOURCES + name
                            + " was not found; is longspan-nano-model there?");
                }
                files.put(name, resource.readAllBytes());
            } catch (IOException e) {
                throw new StartException("the built-in model cannot be read: " + RESOURCES + name + ": " + e, e);
            }
        }
        return files;
    }

    private static Path unpack(Map<String, byte[]> files, Path cache) throws IOException {
        Path folder = cache.resolve("nano-" + hash(files));
        if (!Files.isDirectory(folder)) {
            Files.createDirectories(cache);
            Path unfinished = Files.createTempDirectory(cache, ".nano-");
            try {
                for (Map.Entry<String, byte[]> file : files.entrySet()) {
                    Files.write(unfinished.resolve(file.getKey()), file.getValue());
                }
                Files.move(unfinished, folder, StandardCopyOption.ATOMIC_MOVE);
            } catch (FileSystemException e) {
                delete(unfinished);
                if (!Files.isDirectory(folder)) {
                    throw e;
                }
                // another process was faster
            }
        }
        repair(files, folder);
        return folder;
    }

    /** Replaces what is not as it should be. */
    private static void repair(Map<String, byte[]> files, Path folder) throws IOException {
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            Path target = folder.resolve(file.getKey());
            byte[] content = file.getValue();
            if (Files.isRegularFile(target)
                    && Files.size(target) == content.length
                    && Arrays.equals(Files.readAllBytes(target), content)) {
                continue;
            }
            Path fresh = Files.createTempFile(folder, ".fresh-", "");
            Files.write(fresh, content);
            try {
                Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
            } catch (AtomicMoveNotSupportedException e) {
                Files.move(fresh, target, StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    private static Path unpackForThisProcess(Map<String, byte[]> files) throws IOException {
        Path folder = Files.createTempDirectory("longspan-nano-");
        // deleted in the reverse of this order
        folder.toFile().deleteOnExit();
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            Path target = folder.resolve(file.getKey());
            target.toFile().deleteOnExit();
            Files.write(target, file.getValue());
        }
        return folder;
    }

    private static void delete(Path folder) throws IOException {
        for (String name : FILES) {
            Files.deleteIfExists(folder.resolve(name));
        }
        Files.deleteIfExists(folder);
    }

    private static String hash(Map<String, byte[]> files) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            files.forEach((name, content) -> {
                digest.update((name + ":" + content.length + "\n").getBytes(StandardCharsets.UTF_8));
                digest.update(content);
            });
            return HexFormat.of().formatHex(digest.digest()).substring(0, HASH_DIGITS);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
