package dev.longspan.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Runs the command in this process, from a pipe. */
final class InProcess {
    /** What came of a run. */
    record Outcome(int code, String out, String err) {
        List<String> lines() {
            return out.lines().toList();
        }

        /** {@return the objects that were printed, one per line} */
        List<JsonNode> objects() {
            ObjectMapper mapper = new ObjectMapper();
            return lines().stream().map(line -> parse(mapper, line)).toList();
        }

        private static JsonNode parse(ObjectMapper mapper, String line) {
            try {
                return mapper.readTree(line);
            } catch (JsonProcessingException e) {
                throw new IllegalStateException("expected an object, found " + line, e);
            }
        }
    }

    private InProcess() {}

    static Outcome run(Path cache, String input, String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Surroundings surroundings = surroundings(cache, input, out, err);
        int code = Main.run(surroundings, args);
        surroundings.out().flush();
        return new Outcome(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    static Outcome chat(Path cache, String input, String... options) {
        String[] args = new String[options.length + 1];
        args[0] = "chat";
        System.arraycopy(options, 0, args, 1, options.length);
        return run(cache, input, args);
    }

    static Surroundings surroundings(Path cache, String input, ByteArrayOutputStream out, ByteArrayOutputStream err) {
        return new Surroundings(
                new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
                new PrintStream(out, false, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                false,
                Map.of("XDG_CACHE_HOME", cache.toString()));
    }
}
