package dev.longspan.cli;

import dev.longspan.spi.MemoryPlan;

/** What a model will use, in a line. */
final class MemoryLine {
    private MemoryLine() {}

    static String of(MemoryPlan plan, int contextTokens) {
        return ByteCount.of(plan.weights().totalBytes()) + " weights, "
                + ByteCount.of(plan.workspace().totalBytes()) + " workspace, up to "
                + ByteCount.of(plan.sequence(contextTokens).totalBytes()) + " for a conversation of " + contextTokens
                + " tokens";
    }
}
