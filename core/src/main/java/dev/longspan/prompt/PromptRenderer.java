package dev.longspan.prompt;

import dev.longspan.ChatRequest;
import dev.longspan.ChatTemplateException;
import dev.longspan.InvalidRequestException;
import dev.longspan.TemplateFeatures;
import dev.longspan.TemplateFeatures.Thinking;
import dev.longspan.ThinkingMode;
import dev.longspan.template.ChatTemplate;
import dev.longspan.text.MarkedText;
import dev.longspan.tokenizer.Tokenizer;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Map;
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

    /**
     * Makes a renderer, and finds out what the template can do.
     *
     * @param template the model's template
     * @param toolTemplate the template for conversations with tools; the same where the model has no other
     * @param tokenizer the model's tokenizer
     * @param specialTokens {@code bos_token}, {@code eos_token} and the like, as the template knows them
     * @param answerTags the ids of control tokens that may form inside earlier answers: tags that the output parser knows
     */
    public PromptRenderer(
            ChatTemplate template,
            ChatTemplate toolTemplate,
            Tokenizer tokenizer,
            Map<String, String> specialTokens,
            Set<Integer> answerTags) {
        this.conversations = new ConversationRenderer(template, specialTokens, Clock.system(ZoneId.systemDefault()));
        this.withTools = new ConversationRenderer(toolTemplate, specialTokens, Clock.system(ZoneId.systemDefault()));
        this.tokenizer = tokenizer;
        this.answerTags = Set.copyOf(answerTags);
        this.features = new TemplateProbe(
                        // at one time, so that a template that tells it renders equal conversations equally
                        new ConversationRenderer(template, specialTokens, PROBE_TIME),
                        new ConversationRenderer(toolTemplate, specialTokens, PROBE_TIME))
                .features(toolTemplate.names());
    }

    /** {@return what the template can do} */
    public TemplateFeatures features() {
        return features;
    }

    /**
     * Renders and encodes a request's conversation, ready for the answer.
     *
     * @throws InvalidRequestException if a message or tool is malformed, or thinking cannot be turned off
     * @throws ChatTemplateException if the template refuses the conversation
     */
    public Prompt render(ChatRequest request) {
        if (request.thinking() == ThinkingMode.OFF && !CAN_BE_TURNED_OFF.contains(features.thinking())) {
            throw new InvalidRequestException(
                    "thinking",
                    "expected DEFAULT or ON: this model's chat template has no way to turn thinking off, found OFF");
        }
        ConversationRenderer renderer = request.tools().isEmpty() ? conversations : withTools;
        MarkedText text = renderer.render(request.messages(), request.tools(), request.thinking(), true);
        int[] ids = tokenizer.encode(text, answerTags::contains);
        if (ids.length == 0) {
            throw new InvalidRequestException(
                    "messages", "expected a conversation that renders to text, found nothing");
        }
        return new Prompt(ids, ConversationRenderer.opensThinking(text));
    }
}
