package dev.longspan.engine;

import dev.longspan.ChatRequest;
import dev.longspan.ContextLengthException;
import dev.longspan.InvalidRequestException;
import dev.longspan.ToolChoice;
import dev.longspan.ToolParser;
import dev.longspan.ToolSpecification;
import dev.longspan.output.OutputRules;
import dev.longspan.prompt.Prompt;
import dev.longspan.prompt.PromptRenderer;
import dev.longspan.text.MarkedText;
import dev.longspan.text.Origin;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** From a request to what is to be computed: checks it whole against the model. Immutable; any thread. */
public final class GenerationPlanner {
    private final OpenModel model;
    private final int maxContextTokens;

    /**
     * Makes a planner.
     *
     * @param model the model
     * @param maxContextTokens how many tokens prompt and answer may have together
     */
    public GenerationPlanner(OpenModel model, int maxContextTokens) {
        this.model = model;
        this.maxContextTokens = maxContextTokens;
    }

    /**
     * {@return what is to be computed for a request}
     *
     * @throws InvalidRequestException if the request cannot be run as it is, {@link ContextLengthException} if it is too long
     * @throws dev.longspan.ChatTemplateException if the model's template refuses the conversation
     */
    public GenerationSpec plan(ChatRequest request) {
        checkBiases(request);
        ToolParser parser = PromptRenderer.offersTools(request) ? toolParser(request) : null;
        int[] opening = parser == null ? new int[0] : forcedOpening(parser, request.toolChoice());
        Prompt prompt = model.renderer().render(request);
        int room = maxContextTokens - prompt.ids().length;
        if (room < 1) {
            throw new ContextLengthException(prompt.ids().length, maxContextTokens);
        }
        List<ToolSpecification> offered = parser == null ? List.of() : request.tools();
        OutputRules output =
                new OutputRules(prompt.startsThinking(), request.stop(), parser, offered, true, request.maxToolCalls());
        return new GenerationSpec(
                prompt.ids(),
                prompt.endsLine(),
                Math.min(request.maxTokens(), room),
                output,
                opening,
                request.thinkingBudget(),
                request.thinkingHidden(),
                request.repetition(),
                Sampling.of(request.sampling(), model.folder().generation()),
                request.flushPolicy());
    }

    private void checkBiases(ChatRequest request) {
        int rows = model.folder().config().spec().vocabularySize();
        for (int id : request.sampling().logitBias().keySet()) {
            if (id >= rows) {
                throw new InvalidRequestException(
                        "logitBias", "expected token ids below " + rows + ", the model's vocabulary, found " + id);
            }
        }
    }

    private ToolParser toolParser(ChatRequest request) {
        Optional<String> name =
                request.toolParser().or(() -> model.renderer().features().toolParser());
        if (name.isEmpty()) {
            throw new InvalidRequestException(
                    "toolParser",
                    "expected a name: how this model writes tool calls cannot be told from its chat template; known are "
                            + model.toolParsers().all().stream()
                                    .map(ToolParser::name)
                                    .toList());
        }
        return model.toolParsers().named(name.get());
    }

    private int[] forcedOpening(ToolParser parser, ToolChoice choice) {
        String tool = choice instanceof ToolChoice.Named named ? named.tool() : null;
        if (tool == null && !(choice instanceof ToolChoice.Required)) {
            return new int[0];
        }
        Optional<String> opening = tool == null ? parser.forcedOpening() : parser.forcedOpening(tool);
        MarkedText text = opening.map(found -> marked(found, tool))
                .orElseThrow(() -> new InvalidRequestException(
                        "toolChoice",
                        "expected AUTO or NONE: calls as '" + parser.name()
                                + "' have no fixed beginning, so this model cannot be made to call a tool"));
        return model.vocabulary().encode(text);
    }

    /** A tool's name comes from outside: no control token may form in it. */
    private static MarkedText marked(String opening, @Nullable String tool) {
        int start = tool == null ? -1 : opening.lastIndexOf(tool);
        return tool == null || start < 0
                ? MarkedText.plain(opening)
                : new MarkedText(opening, List.of(new MarkedText.Mark(start, start + tool.length(), Origin.OUTSIDE)));
    }
}
