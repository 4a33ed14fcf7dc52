package dev.longspan.output;

import dev.longspan.InvalidRequestException;
import dev.longspan.ToolParser;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The parsers that an engine knows. Those of the application come before the built-in ones. Immutable; any thread. */
public final class ToolParsers {
    // a template with function tags holds <tool_call>, too: the order decides
    private static final List<ToolParser> BUILT_IN =
            List.of(new FunctionTags(), new MistralJson(), new HermesTags(), new Llama3Json());

    private final List<ToolParser> known;

    private ToolParsers(List<ToolParser> known) {
        this.known = known;
    }

    /**
     * {@return the built-in parsers and others; one that has a built-in one's name takes its place}
     *
     * @param others the application's parsers
     */
    public static ToolParsers with(List<ToolParser> others) {
        List<ToolParser> known = new ArrayList<>(others);
        known.addAll(BUILT_IN);
        return new ToolParsers(List.copyOf(known));
    }

    /** {@return all parsers, in the order in which they are tried} */
    public List<ToolParser> all() {
        return known;
    }

    /**
     * {@return the first parser that fits a template}
     *
     * @param template the template's source
     */
    public Optional<ToolParser> fitting(String template) {
        return known.stream().filter(parser -> parser.fits(template)).findFirst();
    }

    /**
     * {@return the parser of a name}
     *
     * @throws InvalidRequestException if there is none
     */
    public ToolParser named(String name) {
        return known.stream()
                .filter(parser -> parser.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new InvalidRequestException(
                        "toolParser",
                        "expected one of "
                                + known.stream().map(ToolParser::name).toList() + ", found '" + name + "'"));
    }
}
