package dev.longspan.cli;

import picocli.CommandLine.Option;

/** The options that say what becomes of the conversation. */
final class KeepOptions {
    @Option(names = "--resume", description = "Goes on with the last conversation; implies --keep.")
    private boolean resume;

    @Option(
            names = "--keep",
            description = "Saves the conversation on leaving, for --resume. At a terminal this is always done.")
    private boolean keep;

    boolean resumes() {
        return resume;
    }

    /** {@return whether the conversation is saved on leaving even without a terminal} */
    boolean keepsFromAPipe() {
        return keep || resume;
    }
}
