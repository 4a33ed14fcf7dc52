package dev.longspan.template;

/** The one value that a template can change: {@code namespace()}. */
final class Namespace {
    private final DictValue attributes = new DictValue();

    DictValue attributes() {
        return attributes;
    }
}
