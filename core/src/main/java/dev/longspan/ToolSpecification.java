package dev.longspan;

import java.util.Objects;

/**
 * A function that the model may call.
 *
 * @param name the function's name, as the model will write it
 * @param description what it does, for the model; may be empty
 * @param parameters the JSON schema of its arguments as text; empty for a function without arguments
 */
public record ToolSpecification(String name, String description, String parameters) {
    /** Checks the components. */
    public ToolSpecification {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(description, "description");
        Objects.requireNonNull(parameters, "parameters");
        if (name.isBlank()) {
            throw new InvalidRequestException("tools", "expected a tool's name, found '" + name + "'");
        }
    }
}
