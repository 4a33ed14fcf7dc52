package dev.longspan.spi;

/** Whether a backend can run a model's network. */
public sealed interface Support {
    /** It can. */
    record Supported() implements Support {}

    /**
     * It cannot.
     *
     * @param item the layer or property it cannot run, such as {@code layers[3].headSize}
     * @param reason what it expects and what the model has
     */
    record Unsupported(String item, String reason) implements Support {}
}
