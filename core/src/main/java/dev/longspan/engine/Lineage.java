package dev.longspan.engine;

import java.util.List;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The beginning that sessions have in common, since one was forked or they started from the same cached checkpoint, and how much
 * of it each still has. Any thread.
 */
public final class Lineage {
    private final ConcurrentHashMap<Object, Integer> holders = new ConcurrentHashMap<>();

    /** A session is forked: adds what the two have in common to those of the session, and the fork to all of them. */
    public static void extend(List<Lineage> lineages, Object session, Object fork, int tokens) {
        Lineage common = new Lineage();
        common.join(session, tokens);
        lineages.removeIf(lineage -> {
            boolean alone = !lineage.isShared(session);
            if (alone) {
                lineage.leave(session);
            }
            return alone;
        });
        lineages.add(common);
        lineages.forEach(lineage -> lineage.join(fork, Math.min(tokens, lineage.tokens(session))));
    }

    /** Somebody has the first of the tokens. */
    public void join(Object session, int tokens) {
        holders.put(session, tokens);
    }

    /** Somebody has none of them any more. */
    public void leave(Object session) {
        holders.remove(session);
    }

    /** The session goes on with so many of its tokens. */
    public void cut(Object session, int tokens) {
        holders.computeIfPresent(session, (same, had) -> tokens == 0 ? null : Integer.valueOf(Math.min(had, tokens)));
    }

    /** {@return how many tokens of the beginning a session has} */
    public int tokens(Object session) {
        return holders.getOrDefault(session, 0);
    }

    /** {@return how many tokens a session has in common with any other} */
    public int sharedTokens(Object session) {
        int most = 0;
        for (var each : holders.entrySet()) {
            most = each.getKey() == session ? most : Math.max(most, each.getValue());
        }
        return Math.min(most, tokens(session));
    }

    /** {@return whether a session has anything in common with another} */
    boolean isShared(Object session) {
        return sharedTokens(session) > 0;
    }
}
