package dev.longspan.template;

import dev.longspan.ChatTemplateException;
import dev.longspan.text.MarkedText;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * A model's chat template: Jinja2 with {@code trim_blocks} and {@code lstrip_blocks}, in a sandbox that lets it change
 * nothing and reach nothing but the values it is given. Immutable and thread-safe.
 */
public final class ChatTemplate {
    private final List<Statement> body;
    private final Set<String> names;
    private final TemplateLimits limits;

    private ChatTemplate(List<Statement> body, Set<String> names, TemplateLimits limits) {
        this.body = body;
        this.names = names;
        this.limits = limits;
    }

    /**
     * Reads a template.
     *
     * @param source its text
     * @param limits what reading it and each rendering may use
     * @return the template
     * @throws ChatTemplateException if the text is not a template, or asks for a filter, test, function or method that
     *     does not exist, or is nested deeper than the limits allow
     */
    public static ChatTemplate parse(String source, TemplateLimits limits) {
        return guarded(() -> {
            if (source.length() > limits.source()) {
                throw new Place(1, 1).limit("a template of more than " + limits.source() + " chars (limit 'source')");
            }
            Parser parser = new Parser(source, limits);
            List<Statement> body = parser.template();
            return new ChatTemplate(body, parser.names(), limits);
        });
    }

    /**
     * {@return the same template with other limits on its renderings}
     *
     * @param other what each rendering may use; the template was read already, so its source is not measured again
     */
    public ChatTemplate withLimits(TemplateLimits other) {
        return new ChatTemplate(body, names, other);
    }

    /**
     * Renders the template.
     *
     * @param context the variables: strings, booleans, numbers, maps, lists, null (None), {@link TemplateText} and what
     *     {@link TemplateValues} makes; strings that are not marked count as the template's own. Under
     *     {@code strftime_now} it may hold a {@link ZonedDateTime}, the time that the function of that name tells.
     * @return the text, with the marks of what came from outside
     * @throws ChatTemplateException if the template refuses the values, fails on them or reaches a limit
     * @throws IllegalArgumentException if the context holds a value of another type
     */
    public MarkedText render(Map<String, ?> context) {
        return guarded(() -> {
            Scope global = new Scope(null);
            Functions.define(global);
            context.forEach((name, value) -> global.set(
                    name,
                    value instanceof ZonedDateTime time && name.equals(Functions.STRFTIME_NOW)
                            ? Functions.strftimeNow(time)
                            : TemplateValues.convert(value, null)));
            Frame frame = new Frame(new Rendering(limits), new Scope(global), new TemplateTextBuilder());
            frame.run(body);
            return frame.out().build().toMarkedText();
        });
    }

    /**
     * {@return every identifier, attribute name and literal string in the template}
     *
     * <p>Tells whether a template can know of a setting such as {@code enable_thinking} at all.
     */
    public Set<String> names() {
        return names;
    }

    /** Runs work whose depth is limited by count; a thread with a very small stack may still be too small for that. */
    private static <T> T guarded(Supplier<T> work) {
        try {
            return work.get();
        } catch (StackOverflowError e) {
            throw new ChatTemplateException(
                    ChatTemplateException.Reason.LIMIT, "nested too deep for the stack of this thread", 1, 1);
        } catch (OutOfMemoryError e) {
            throw new ChatTemplateException(
                    ChatTemplateException.Reason.LIMIT, "more text than this process has memory for", 1, 1);
        }
    }
}
