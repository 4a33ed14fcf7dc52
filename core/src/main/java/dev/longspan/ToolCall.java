package dev.longspan;

import java.util.Objects;

/**
 * A call of a tool by the model.
 *
 * @param id names the call within its conversation, so that a result can refer to it
 * @param name the tool's name
 * @param arguments the arguments, a JSON object as text
 */
public record ToolCall(String id, String name, String arguments) {
    /** Checks the components. */
    public ToolCall {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(arguments, "arguments");
    }
}
