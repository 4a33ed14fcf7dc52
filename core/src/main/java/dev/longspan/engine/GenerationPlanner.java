package dev.longspan.engine;

import dev.longspan.ChatMessage;
import dev.longspan.ChatRequest;
import dev.longspan.ContextLengthException;
import dev.longspan.InvalidRequestException;
import dev.longspan.ToolChoice;
import dev.longspan.ToolParser;
import dev.longspan.output.OutputRules;
import dev.longspan.prompt.Prompt;
import dev.longspan.prompt.RenderSettings;
import dev.longspan.text.MarkedText;
import dev.longspan.text.Origin;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** From a request to what is to be computed: checks it whole against the model. Immutable; any thread. */
public final class GenerationPlanner {
    /** So few tokens are not worth a checkpoint. */
    private static final int FEW = 64;

    private static final int GRID = 8192;

    private final OpenModel model;

    /**
     * Makes a planner.
     *
     * @param model the model
     */
    public GenerationPlanner(OpenModel model) {
        this.model = model;
    }

    /**
     * {@return what is to be computed for a request}
     *
     * @param request how to answer
     * @param messages the whole conversation
     * @param limit how many tokens prompt and answer may have together
     * @param time what the template is told of the time; null for the time it is
     * @throws InvalidRequestException if the request cannot be run as it is, {@link ContextLengthException} if it is too long
     * @throws dev.longspan.ChatTemplateException if the model's template refuses the conversation
     */
    public GenerationSpec plan(
            ChatRequest request, List<ChatMessage> messages, int limit, @Nullable ZonedDateTime time) {
        checkBiases(request);
        RenderSettings settings = RenderSettings.of(request);
        request.toolParser().ifPresent(model.toolParsers()::named);
        ToolParser parser = settings.tools().isEmpty() ? null : toolParser(request);
        int[] opening = parser == null ? new int[0] : forcedOpening(parser, request.toolChoice());
        Prompt prompt = prompt(request, messages, time);
        int room = limit - prompt.ids().length;
        if (room < 1) {
            throw new ContextLengthException(prompt.ids().length, limit);
        }
        OutputRules output = new OutputRules(
                prompt.startsThinking(),
                request.stop(),
                parser,
                settings.tools(),
                true,
                request.maxToolCalls(),
                !request.parallelToolCalls(),
                request.prompt().isEmpty());
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

    /**
     * {@return the prompt of a request}
     *
     * @param request how to answer
     * @param messages the whole conversation
     * @param time what the template is told of the time; null for the time it is
     * @throws InvalidRequestException if a part of it is malformed, or the template cannot do what is asked
     * @throws dev.longspan.ChatTemplateException if the model's template refuses the conversation
     */
    public Prompt prompt(ChatRequest request, List<ChatMessage> messages, @Nullable ZonedDateTime time) {
        return request.prompt()
                .map(model.renderer()::text)
                .orElseGet(() -> model.renderer().prompt(messages, RenderSettings.of(request), time));
    }

    /**
     * {@return ascending positions of a prompt where later requests are likely to go another way: behind the system message and
     * tools, behind the last message, and at multiples of {@value #GRID} tokens, ever fewer towards the beginning}
     *
     * @param request what the prompt was rendered from
     * @param prompt the prompt
     */
    int[] marks(ChatRequest request, int[] prompt) {
        RenderSettings settings = RenderSettings.of(request);
        List<ChatMessage> messages = request.messages();
        TreeSet<Integer> marks = new TreeSet<>();
        if (request.prompt().isEmpty()) {
            marks.add(model.renderer().boundary(messages, settings, null, prompt));
            marks.addAll(instructions(messages, settings, prompt));
        }
        for (long back = GRID; back < prompt.length; back *= 2) {
            marks.add((int) ((prompt.length - back) / GRID * GRID));
        }
        return marks.stream()
                .filter(mark -> mark > 0 && mark < prompt.length)
                .mapToInt(mark -> mark)
                .toArray();
    }

    /**
     * Where system message and tools end: behind the system message, where sessions look for it, if the template renders that alone;
     * and where the first user's words begin, unless that is nearly the same.
     */
    private List<Integer> instructions(List<ChatMessage> messages, RenderSettings settings, int[] prompt) {
        int before = model.renderer().beforeQuestion(messages, settings, null, prompt);
        int alone = messages.get(0) instanceof ChatMessage.SystemMessage
                ? model.renderer().boundary(messages.subList(0, 1), settings, null, prompt)
                : 0;
        if (before - alone < FEW) {
            return List.of(alone > 0 ? alone : settings.tools().isEmpty() ? 0 : before);
        }
        return List.of(alone, before);
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
        String text = opening.orElseThrow(() -> new InvalidRequestException(
                "toolChoice",
                "expected AUTO or NONE: calls as '" + parser.name()
                        + "' have no fixed beginning, or not for this tool, so the model cannot be made to call it"));
        return model.vocabulary().encode(marked(text, parser.forcedOpening().orElse("")));
    }

    /** What is not the same for all tools comes from outside: no control token may form in it. */
    private static MarkedText marked(String opening, String fixed) {
        int difference = 0;
        while (difference < Math.min(opening.length(), fixed.length())
                && opening.charAt(difference) == fixed.charAt(difference)) {
            difference++;
        }
        return difference == opening.length()
                ? MarkedText.plain(opening)
                : new MarkedText(opening, List.of(new MarkedText.Mark(difference, opening.length(), Origin.OUTSIDE)));
    }
}
