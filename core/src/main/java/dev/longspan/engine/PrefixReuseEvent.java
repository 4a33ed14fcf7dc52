package dev.longspan.engine;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A request that begins with a cached prefix, or does not, for the flight recorder. */
@Name("dev.longspan.PrefixReuse")
@Label("Prefix reuse")
@Description("How much of a prompt was found in the cache of prefixes")
@Category("Longspan")
@StackTrace(false)
@SuppressWarnings("UnusedVariable") // read by the flight recorder
final class PrefixReuseEvent extends Event {
    @Label("Prompt tokens")
    int promptTokens;

    @Label("Reused tokens")
    int reusedTokens;

    static void record(int prompt, int reused) {
        PrefixReuseEvent event = new PrefixReuseEvent();
        if (event.isEnabled()) {
            event.promptTokens = prompt;
            event.reusedTokens = reused;
            event.commit();
        }
    }
}
