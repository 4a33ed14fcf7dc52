package dev.longspan.engine;

import dev.longspan.TokenUsage;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** One request from its submission to its end, for the flight recorder. */
@Name("dev.longspan.Request")
@Label("Request")
@Description("One request, from its submission to its end")
@Category("Longspan")
@StackTrace(false)
@SuppressWarnings("UnusedVariable") // read by the flight recorder
final class RequestEvent extends Event {
    @Label("Outcome")
    String outcome = "";

    @Label("Prompt tokens")
    int promptTokens;

    @Label("Reused tokens")
    int reusedTokens;

    @Label("Completion tokens")
    int completionTokens;

    void finish(String what, TokenUsage usage) {
        end();
        if (shouldCommit()) {
            outcome = what;
            promptTokens = usage.promptTokens();
            reusedTokens = usage.reusedTokens();
            completionTokens = usage.completionTokens();
            commit();
        }
    }
}
