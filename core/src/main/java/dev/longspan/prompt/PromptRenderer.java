package dev.longspan.prompt;

import dev.longspan.ChatRequest;
import dev.longspan.ChatTemplateException;
import dev.longspan.InvalidRequestException;
import dev.longspan.TemplateFeatures;
import dev.longspan.TemplateFeatures.Thinking;
import dev.longspan.ThinkingMode;
import dev.longspan.ToolChoice;
import dev.longspan.ToolSpecification;
import dev.longspan.spi.ModelLoadException;
import dev.longspan.template.ChatTemplate;
import dev.longspan.text.MarkedText;
import dev.longspan.tokenizer.Tokenizer;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * From a request to token ids: renders it with the model's chat template and encodes what comes out. No control token forms
 * inside text that came from outside. Immutable; any thread.
 */
public final class PromptRenderer {
    private static final Set<Thinking> CAN_BE_TURNED_OFF = Set.of(Thinking.ON_BY_DEFAULT, Thinking.OFF_BY_DEFAULT);

    private static final Clock PROBE_TIME = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);

    private final ConversationRenderer conversations;
    private final ConversationRenderer withTools;
    private final Tokenizer tokenizer;
    private final Set<Integer> answerTags;
    private final TemplateFeatures features;
    private final TemplateFeatures featuresWithTools;
    private final String behindThinking;

    /**
     * Makes a renderer, and finds out what the template can do.
     *
     * @param template the model's template
     * @param toolTemplate the template for conversations with tools; the same where the model has no other
     * @param tokenizer the model's tokenizer
     * @param specialTokens {@code bos_token}, {@code eos_token} and the like, as the template knows them
     * @param answerTags the ids of control tokens that may form inside earlier answers: tags that the output parser knows
     * @param toolParser the name of the tool parser that fits the template for tools; empty if none does
     */
    public PromptRenderer(
            ChatTemplate template,
            ChatTemplate toolTemplate,
            Tokenizer tokenizer,
            Map<String, String> specialTokens,
            Set<Integer> answerTags,
            Optional<String> toolParser) {
        this.conversations = new ConversationRenderer(template, specialTokens, Clock.system(ZoneId.systemDefault()));
        this.withTools = new ConversationRenderer(toolTemplate, specialTokens, Clock.system(ZoneId.systemDefault()));
        this.tokenizer = tokenizer;
        this.answerTags = Set.copyOf(answerTags);
        // at one time, so that a template that tells it renders equal conversations equally
        ConversationRenderer plain = new ConversationRenderer(template, specialTokens, PROBE_TIME);
        ConversationRenderer tools = new ConversationRenderer(toolTemplate, specialTokens, PROBE_TIME);
        TemplateProbe probe = new TemplateProbe(plain, tools);
        this.features = probe.features(toolParser);
        this.featuresWithTools = new TemplateProbe(tools, tools).features(toolParser);
        this.behindThinking = probe.behindThinking();
    }

    /** {@return what the template can do} */
    public TemplateFeatures features() {
        return features;
    }

    /** {@return the white space that the template puts between the end of thinking and the answer} */
    public String behindThinking() {
        return behindThinking;
    }

    /**
     * Renders and encodes a request's conversation, ready for the answer.
     *
     * @throws InvalidRequestException if a message, tool or template argument is malformed, the template does not know tools,
     *     thinking cannot be turned off, or the tokenizer's pattern takes too many steps on the text
     * @throws ChatTemplateException if the template refuses the conversation
     */
    public Prompt render(ChatRequest request) {
        boolean offersTools = offersTools(request);
        TemplateFeatures can = offersTools ? featuresWithTools : features;
        if (request.thinking() == ThinkingMode.OFF && !CAN_BE_TURNED_OFF.contains(can.thinking())) {
            throw new InvalidRequestException(
                    "thinking",
                    "expected DEFAULT or ON: this model's chat template has no way to turn thinking off, found OFF");
        }
        if (offersTools && !features.tools()) {
            throw new InvalidRequestException(
                    "tools", "expected none: this model's chat template does not tell the model of tools");
        }
        ConversationRenderer renderer = offersTools ? withTools : conversations;
        List<ToolSpecification> tools = offersTools ? request.tools() : List.of();
        MarkedText text =
                renderer.render(request.messages(), tools, request.thinking(), request.templateArguments(), true);
        int[] ids = encode(text);
        if (ids.length == 0) {
            throw new InvalidRequestException(
                    "messages", "expected a conversation that renders to text, found nothing");
        }
        return new Prompt(
                ids, ConversationRenderer.opensThinking(text), text.text().endsWith("\n"));
    }

    /** {@return whether the model is told of tools} */
    public static boolean offersTools(ChatRequest request) {
        return !request.tools().isEmpty() && !(request.toolChoice() instanceof ToolChoice.None);
    }

    private int[] encode(MarkedText text) {
        try {
            return tokenizer.encode(text, answerTags::contains);
        } catch (ModelLoadException e) {
            throw new InvalidRequestException("messages", "the tokenizer cannot take this text: " + e.getMessage());
        }
    }
}
