package dev.longspan.http.chat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.http.wire.ApiError;
import dev.longspan.http.wire.Fields;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads what a chat template is given beside the conversation: any JSON, as Java values. */
final class TemplateArgumentReader {
    private TemplateArgumentReader() {}

    static @Nullable Object read(String path, @Nullable JsonNode node) {
        if (node == null || node.isNull()) {
            return null;
        } else if (node.isTextual()) {
            return Fields.whole(path, node.textValue());
        } else if (node.isBoolean()) {
            return node.booleanValue();
        } else if (node.isIntegralNumber()) {
            return node.canConvertToLong() ? (Object) node.longValue() : node.bigIntegerValue();
        } else if (node.isNumber()) {
            return Fields.real(node)
                    .orElseThrow(() -> ApiError.invalid(
                            "invalid_value",
                            path,
                            "expected a number that 64 bits can hold, found " + ApiError.shortened(node.asText(), 40)));
        } else if (node instanceof ObjectNode) {
            Map<String, @Nullable Object> map = new LinkedHashMap<>();
            node.properties()
                    .forEach(entry -> map.put(
                            entry.getKey(),
                            read(path + "." + ApiError.shortened(entry.getKey(), 40), entry.getValue())));
            return map;
        }
        List<@Nullable Object> list = new ArrayList<>();
        for (int i = 0; i < node.size(); i++) {
            list.add(read(path + "[" + i + "]", node.get(i)));
        }
        return list;
    }
}
