package dev.longspan.spi;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/** A fault in the files of a model: it names the file, the tensor or key, what was expected and what was found. */
public final class ModelLoadException extends LongspanException {
    @Serial
    private static final long serialVersionUID = 1;

    private final String file;
    private final String item;

    /**
     * Makes an exception about one item of one file.
     *
     * @param file the file's name, or what stands for it, such as {@code "weights"}
     * @param item the tensor, key or place in the file; empty if the fault is the file's as a whole
     * @param problem what was expected and what was found
     */
    public ModelLoadException(String file, String item, String problem) {
        this(file, item, problem, null);
    }

    /**
     * Makes an exception about one item of one file, with a cause.
     *
     * @param file the file's name, or what stands for it, such as {@code "weights"}
     * @param item the tensor, key or place in the file; empty if the fault is the file's as a whole
     * @param problem what was expected and what was found
     * @param cause what brought it about, or null
     */
    public ModelLoadException(String file, String item, String problem, @Nullable Throwable cause) {
        super(file + (item.isEmpty() ? "" : ": " + item) + ": " + problem, cause);
        this.file = file;
        this.item = item;
    }

    /** {@return the name of the file at fault} */
    public String file() {
        return file;
    }

    /** {@return the tensor, key or place at fault; empty if it is the whole file} */
    public String item() {
        return item;
    }
}
