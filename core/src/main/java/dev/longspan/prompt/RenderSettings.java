package dev.longspan.prompt;

import dev.longspan.ChatRequest;
import dev.longspan.ThinkingMode;
import dev.longspan.ToolChoice;
import dev.longspan.ToolSpecification;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a rendering depends on beside the messages.
 *
 * @param tools the tools that the model is told of
 * @param thinking whether the model thinks
 * @param keepThinking whether earlier thinking is shown to the model again
 * @param arguments further values for the template
 */
public record RenderSettings(
        List<ToolSpecification> tools,
        ThinkingMode thinking,
        boolean keepThinking,
        Map<String, ? extends @Nullable Object> arguments) {
    /** No tools, and everything as the template does by itself. */
    public static final RenderSettings DEFAULT = new RenderSettings(List.of(), ThinkingMode.DEFAULT, false, Map.of());

    /** Copies the components. */
    public RenderSettings {
        tools = List.copyOf(tools);
        arguments = Collections.unmodifiableMap(new LinkedHashMap<>(arguments));
    }

    /** {@return those of a request: a choice of no tool leaves the tools out} */
    public static RenderSettings of(ChatRequest request) {
        return new RenderSettings(
                request.toolChoice() instanceof ToolChoice.None ? List.of() : request.tools(),
                request.thinking(),
                request.thinkingKept(),
                request.templateArguments());
    }
}
