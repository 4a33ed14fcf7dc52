package dev.longspan.cli;

import dev.longspan.http.FormLimits;
import dev.longspan.http.HttpAdapterBuilder;
import picocli.CommandLine.Option;

/** The options that say how large schemas and the like may be. */
final class FormOptions {
    @Option(
            names = "--max-json-depth",
            paramLabel = "N",
            defaultValue = "64",
            description = "How deep a body may be nested (${DEFAULT-VALUE}).")
    private int maxJsonDepth;

    @Option(
            names = "--max-schema",
            paramLabel = "BYTES",
            defaultValue = "65536",
            description = "The largest JSON schema (${DEFAULT-VALUE}).")
    private int maxSchema;

    @Option(
            names = "--max-schema-depth",
            paramLabel = "N",
            defaultValue = "16",
            description = "How deep a schema may be nested (${DEFAULT-VALUE}).")
    private int maxSchemaDepth;

    @Option(
            names = "--max-schema-values",
            paramLabel = "N",
            defaultValue = "16384",
            description = "The most values of a schema (${DEFAULT-VALUE}).")
    private int maxSchemaValues;

    @Option(
            names = "--max-regex",
            paramLabel = "N",
            defaultValue = "4096",
            description = "The longest regular expression, in characters (${DEFAULT-VALUE}).")
    private int maxRegex;

    @Option(
            names = "--max-grammar",
            paramLabel = "N",
            defaultValue = "8192",
            description = "The longest grammar, in characters (${DEFAULT-VALUE}).")
    private int maxGrammar;

    /**
     * Sets what is said here.
     *
     * @throws dev.longspan.InvalidRequestException if a number is out of its range
     */
    void applyTo(HttpAdapterBuilder builder) {
        builder.formLimits(
                new FormLimits(maxJsonDepth, maxSchema, maxSchemaDepth, maxSchemaValues, maxRegex, maxGrammar));
    }
}
