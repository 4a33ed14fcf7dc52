package dev.longspan.session;

import java.util.List;
import java.util.concurrent.ConcurrentHashMap;

/** The beginning that sessions have in common since one was forked, and how much of it each still has. Any thread. */
final class Lineage {
    private final ConcurrentHashMap<SessionState, Integer> sessions = new ConcurrentHashMap<>();

    /** A session is forked: adds what the two have in common to those of the session, and the fork to all of them. */
    static void extend(List<Lineage> lineages, SessionState session, SessionState fork, int tokens) {
        Lineage common = new Lineage();
        common.join(session, tokens);
        lineages.removeIf(lineage -> !lineage.isShared(session));
        lineages.add(common);
        lineages.forEach(lineage -> lineage.join(fork, Math.min(tokens, lineage.tokens(session))));
    }

    void join(SessionState session, int tokens) {
        sessions.put(session, tokens);
    }

    void leave(SessionState session) {
        sessions.remove(session);
    }

    /** The session goes on with so many of its tokens. */
    void cut(SessionState session, int tokens) {
        sessions.computeIfPresent(session, (same, had) -> tokens == 0 ? null : Integer.valueOf(Math.min(had, tokens)));
    }

    /** {@return how many tokens of the beginning a session has} */
    int tokens(SessionState session) {
        return sessions.getOrDefault(session, 0);
    }

    /** {@return how many tokens a session has in common with any other} */
    int sharedTokens(SessionState session) {
        int most = 0;
        for (var each : sessions.entrySet()) {
            most = each.getKey() == session ? most : Math.max(most, each.getValue());
        }
        return Math.min(most, tokens(session));
    }

    /** {@return whether a session has anything in common with another} */
    boolean isShared(SessionState session) {
        return sharedTokens(session) > 0;
    }
}
