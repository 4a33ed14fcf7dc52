package dev.longspan.cli;

import dev.longspan.InvalidRequestException;
import dev.longspan.spi.LongspanException;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;

/** Names the options behind the settings of the libraries, which have names of their own. */
final class OptionNames {
    /** Where the option is not simply the setting with hyphens. */
    private static final Map<String, String> OTHERS = Map.ofEntries(
            Map.entry("apiKey", "--api-key-file"),
            Map.entry("tls", "--tls-key-store"),
            Map.entry("maxBodyBytes", "--max-body"),
            Map.entry("maxHeaderBytes", "--max-header"),
            Map.entry("maxContextTokens", "--max-context"),
            Map.entry("maxStateBytes", "--max-state"),
            Map.entry("prefixCacheBytes", "--prefix-cache"),
            Map.entry("jsonDepth", "--max-json-depth"),
            Map.entry("schemaBytes", "--max-schema"),
            Map.entry("schemaDepth", "--max-schema-depth"),
            Map.entry("schemaValues", "--max-schema-values"),
            Map.entry("regexLength", "--max-regex"),
            Map.entry("grammarLength", "--max-grammar"));

    private OptionNames() {}

    /** {@return the refusal to start, which names the option at fault if it is one of the command's} */
    static StartException refusal(CommandSpec command, LongspanException fault) {
        String message = String.valueOf(fault.getMessage());
        if (fault instanceof InvalidRequestException wrong && message.startsWith(wrong.field() + ":")) {
            String option = of(wrong.field());
            if (command.optionsMap().containsKey(option)) {
                message = option + message.substring(wrong.field().length());
            }
        }
        return new StartException(message, fault);
    }

    private static String of(String setting) {
        String words = setting.replaceAll("(?=[A-Z])", "-").toLowerCase(Locale.ROOT);
        return OTHERS.getOrDefault(setting, "--" + words);
    }
}
