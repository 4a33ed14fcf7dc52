package dev.longspan.prompt;

import dev.longspan.ChatMessage;
import dev.longspan.ChatTemplateException;
import dev.longspan.InvalidRequestException;
import dev.longspan.TemplateFeatures;
import dev.longspan.TemplateFeatures.Thinking;
import dev.longspan.ThinkingMode;
import dev.longspan.spi.ModelLoadException;
import dev.longspan.template.ChatTemplate;
import dev.longspan.template.TemplateLimits;
import dev.longspan.text.MarkedText;
import dev.longspan.tokenizer.Tokenizer;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * From a request to token ids: renders it with the model's chat template and encodes what comes out. No control token forms
 * inside text that came from outside. Immutable; any thread.
 */
public final class PromptRenderer {
    private static final Set<Thinking> CAN_BE_TURNED_OFF = Set.of(Thinking.ON_BY_DEFAULT, Thinking.OFF_BY_DEFAULT);

    private final ConversationRenderer conversations;
    private final ConversationRenderer withTools;
    private final Tokenizer tokenizer;
    private final Set<Integer> answerTags;
    private final TemplateFeatures features;
    private final TemplateFeatures featuresWithTools;
    private final String behindThinking;
    private final ThinkingPlace place;

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
        this.tokenizer = tokenizer;
        this.answerTags = Set.copyOf(answerTags);
        ConversationRenderer plain = probing(template, specialTokens);
        ConversationRenderer tools = probing(toolTemplate, specialTokens);
        TemplateProbe probe = new TemplateProbe(plain, tools);
        this.features = probe.features(toolParser);
        this.featuresWithTools = new TemplateProbe(tools, tools).features(toolParser);
        this.behindThinking = probe.behindThinking();
        this.place = probe.thinkingPlace();
        this.conversations = new ConversationRenderer(template, specialTokens, place);
        this.withTools = new ConversationRenderer(toolTemplate, specialTokens, place);
    }

    /** A hostile template must not make the loading of its model slow. */
    private static ConversationRenderer probing(ChatTemplate template, Map<String, String> specialTokens) {
        return new ConversationRenderer(template.withLimits(TemplateLimits.PROBE), specialTokens, ThinkingPlace.NONE);
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
     * Renders and encodes a conversation, ready for the answer.
     *
     * @param messages the conversation
     * @param settings what the rendering depends on beside
     * @param time what the template is told of the time; null for the time it is
     * @throws InvalidRequestException if a message, tool or template argument is malformed, the template does not know tools,
     *     thinking cannot be turned off or kept, or the tokenizer's pattern takes too many steps on the text
     * @throws ChatTemplateException if the template refuses the conversation
     */
    public Prompt prompt(List<ChatMessage> messages, RenderSettings settings, @Nullable ZonedDateTime time) {
        check(settings);
        MarkedText text = renderer(settings).render(messages, settings, time, true);
        int[] ids = encode(text);
        if (ids.length == 0) {
            throw new InvalidRequestException(
                    "messages", "expected a conversation that renders to text, found nothing");
        }
        return new Prompt(
                ids, ConversationRenderer.opensThinking(text), text.text().endsWith("\n"));
    }

    /**
     * {@return a text as a prompt, as it is}
     *
     * @param text the text; control tokens in it are control tokens
     * @throws InvalidRequestException if it is empty, or the tokenizer's pattern takes too many steps on it
     */
    public Prompt text(String text) {
        int[] ids = encodeText(text);
        if (ids.length == 0) {
            throw new InvalidRequestException("prompt", "expected a text, found an empty one");
        }
        return new Prompt(ids, false, text.endsWith("\n"));
    }

    /**
     * {@return the ids of a text}
     *
     * @param text the text; control tokens in it are control tokens
     * @throws InvalidRequestException if the tokenizer's pattern takes too many steps on it
     */
    public int[] encodeText(String text) {
        return encode(MarkedText.plain(text), "prompt");
    }

    /** {@return the text of ids, control tokens included} */
    public String decode(int... ids) {
        return tokenizer.decode(ids, false);
    }

    /**
     * {@return the ids of a conversation without the beginning of a next answer; none for no messages}
     *
     * @param messages the conversation
     * @param settings what the rendering depends on beside
     * @param time what the template is told of the time; null for the time it is
     * @throws InvalidRequestException as {@link #prompt} does
     * @throws ChatTemplateException if the template refuses the conversation
     */
    public int[] history(List<ChatMessage> messages, RenderSettings settings, @Nullable ZonedDateTime time) {
        if (messages.isEmpty()) {
            return new int[0];
        }
        check(settings);
        return encode(renderer(settings).render(messages, settings, time, false));
    }

    /**
     * {@return how many ids of a prompt the beginning of its conversation makes; 0 if the template does not render that by
     * itself}
     *
     * @param beginning the first messages of the conversation that the prompt was rendered from
     * @param settings what the prompt was rendered with
     * @param time what the prompt was rendered with
     * @param ids the prompt
     */
    public int boundary(List<ChatMessage> beginning, RenderSettings settings, @Nullable ZonedDateTime time, int[] ids) {
        try {
            return CommonPrefix.length(history(beginning, settings, time), ids);
        } catch (ChatTemplateException e) {
            return 0; // some templates want a question: then there is no such place
        }
    }

    /**
     * {@return how many ids of a prompt come before what the first user has written: instructions, tools, and whatever the template
     * writes by itself; 0 if no user has written anything} Found by asking with another text, since many templates do not render
     * the beginning alone.
     *
     * @param messages the conversation that the prompt was rendered from
     * @param settings what the prompt was rendered with
     * @param time what the prompt was rendered with
     * @param ids the prompt
     */
    public int beforeQuestion(
            List<ChatMessage> messages, RenderSettings settings, @Nullable ZonedDateTime time, int[] ids) {
        List<ChatMessage> other = new ArrayList<>();
        for (ChatMessage message : messages) {
            if (message instanceof ChatMessage.UserMessage user) {
                other.add(ChatMessage.user(user.text().startsWith("x") ? "y" : "x"));
                return boundary(other, settings, time, ids);
            }
            other.add(message);
        }
        return 0;
    }

    private ConversationRenderer renderer(RenderSettings settings) {
        return settings.tools().isEmpty() ? conversations : withTools;
    }

    private void check(RenderSettings settings) {
        boolean offersTools = !settings.tools().isEmpty();
        TemplateFeatures can = offersTools ? featuresWithTools : features;
        if (settings.thinking() == ThinkingMode.OFF && !CAN_BE_TURNED_OFF.contains(can.thinking())) {
            throw new InvalidRequestException(
                    "thinking",
                    "expected DEFAULT or ON: this model's chat template has no way to turn thinking off, found OFF");
        }
        if (settings.keepThinking() && place == ThinkingPlace.NONE) {
            throw new InvalidRequestException(
                    "thinkingKept", "expected false: this model's chat template has no place for earlier thinking");
        }
        if (offersTools && !features.tools()) {
            throw new InvalidRequestException(
                    "tools", "expected none: this model's chat template does not tell the model of tools");
        }
    }

    private int[] encode(MarkedText text) {
        return encode(text, "messages");
    }

    private int[] encode(MarkedText text, String field) {
        try {
            return tokenizer.encode(text, answerTags::contains);
        } catch (ModelLoadException e) {
            throw new InvalidRequestException(field, "the tokenizer cannot take this text: " + e.getMessage());
        }
    }
}
