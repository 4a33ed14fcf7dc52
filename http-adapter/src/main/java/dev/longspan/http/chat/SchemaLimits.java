package dev.longspan.http.chat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.http.server.Settings;
import dev.longspan.http.wire.ApiError;
import dev.longspan.http.wire.Json;

/** Refuses JSON schemas that are too large. */
final class SchemaLimits {
    private SchemaLimits() {}

    static void check(String path, ObjectNode schema, Settings.Forms limits) {
        require(path, "bytes", Json.bytes(schema).length, limits.schemaBytes());
        require(path, "levels", depth(schema), limits.schemaDepth());
        require(path, "values", nodes(schema), limits.schemaNodes());
    }

    private static void require(String path, String what, int found, int most) {
        if (found > most) {
            throw ApiError.invalid(
                    "invalid_value", path, "expected a schema of at most " + most + " " + what + ", found " + found);
        }
    }

    private static int depth(JsonNode node) {
        int deepest = 0;
        for (JsonNode child : node) {
            deepest = Math.max(deepest, depth(child));
        }
        return node.isContainerNode() ? deepest + 1 : deepest;
    }

    private static int nodes(JsonNode node) {
        int count = 1;
        for (JsonNode child : node) {
            count += nodes(child);
        }
        return count;
    }
}
