package dev.longspan.session;

import dev.longspan.TurnInfo;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A committed turn of a session, for the flight recorder. */
@Name("dev.longspan.Turn")
@Label("Turn")
@Description("A turn of a session, from its beginning to its commit, and what it reused")
@Category("Longspan")
@StackTrace(false)
@SuppressWarnings("UnusedVariable") // read by the flight recorder
final class TurnEvent extends Event {
    @Label("Session")
    String session = "";

    @Label("Matching tokens")
    int matchingTokens;

    @Label("Reused tokens")
    int reusedTokens;

    @Label("Computed tokens")
    int computedTokens;

    @Label("Commit tokens")
    int commitTokens;

    @Label("Reuse end")
    String reuseEnd = "";

    void finish(String id, TurnInfo turn) {
        end();
        if (shouldCommit()) {
            session = id;
            matchingTokens = turn.matchingTokens();
            reusedTokens = turn.reusedTokens();
            computedTokens = turn.computedTokens();
            commitTokens = turn.commitTokens();
            reuseEnd = turn.reuseEnd().name();
            commit();
        }
    }
}
