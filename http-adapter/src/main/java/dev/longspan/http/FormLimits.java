package dev.longspan.http;

import dev.longspan.InvalidRequestException;
import dev.longspan.http.server.Settings;

/**
 * How large the descriptions of forms may be. What is larger is refused by the path of its field.
 *
 * @param jsonDepth how deep a body may be nested, 8 to 1000
 * @param schemaBytes the bytes of a JSON schema, at least 1
 * @param schemaDepth how deep a schema may be nested, at least 1
 * @param schemaValues how many values a schema may have, at least 1
 * @param regexLength the characters of a regular expression, at least 1
 * @param grammarLength the characters of a grammar, at least 1
 */
public record FormLimits(
        int jsonDepth, int schemaBytes, int schemaDepth, int schemaValues, int regexLength, int grammarLength) {
    /** Bodies 64 deep; schemas of 64 KiB, 16 deep, of 16 384 values; expressions of 4096 and grammars of 8192 characters. */
    public static final FormLimits DEFAULT = new FormLimits(64, 64 << 10, 16, 16_384, 4_096, 8_192);

    /**
     * Checks the components.
     *
     * @throws InvalidRequestException if one is out of its range
     */
    public FormLimits {
        if (jsonDepth < 8 || jsonDepth > 1000) {
            throw new InvalidRequestException("jsonDepth", "expected 8 to 1000, found " + jsonDepth);
        }
        Ranges.atLeast("schemaBytes", 1, schemaBytes);
        Ranges.atLeast("schemaDepth", 1, schemaDepth);
        Ranges.atLeast("schemaValues", 1, schemaValues);
        Ranges.atLeast("regexLength", 1, regexLength);
        Ranges.atLeast("grammarLength", 1, grammarLength);
    }

    Settings.Forms settings() {
        return new Settings.Forms(jsonDepth, schemaBytes, schemaDepth, schemaValues, regexLength, grammarLength);
    }
}
