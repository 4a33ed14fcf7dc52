package dev.longspan.model;

/**
 * The text of a chat template.
 *
 * @param name its name; {@code default} for the one that is used if none is named
 * @param text its Jinja2 text
 * @param origin the file it comes from, for messages
 */
public record ChatTemplateSource(String name, String text, String origin) {}
