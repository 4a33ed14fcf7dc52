package dev.longspan.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * What a command in the conversation tells.
 *
 * @param object for programs, with a {@code type}
 * @param lines the same for people
 */
record Report(ObjectNode object, List<String> lines) {
    /** {@return an object of a type, to be filled} */
    static ObjectNode object(String type) {
        return JsonNodeFactory.instance.objectNode().put("type", type);
    }

    /** {@return a report of one line} */
    static Report of(ObjectNode object, String line) {
        return new Report(object, List.of(line));
    }
}
