package dev.longspan.tokenizer;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a text at the added tokens in it: the leftmost first, and of those that start at one place the longest. Grows
 * while a file is read and then stays as it is.
 */
final class AddedTokens {
    private final Node root = new Node();
    private final BitSet firstChars = new BitSet();
    private boolean holdsSpecial;

    /** Says which control tokens may form where. */
    interface Guard {
        /** {@return whether a control token may stand for a range of chars} */
        boolean allows(int id, int start, int end);
    }

    /** Takes the parts of a text in order. */
    interface Parts {
        /** Takes a range of chars that is no added token; it is not empty. */
        void text(int start, int end);

        /** Takes an added token. */
        void token(int id);
    }

    private record Found(AddedToken token, int end) {}

    private static final class Node {
        private final Map<Character, Node> next = new HashMap<>();
        private @Nullable AddedToken token;
    }

    /** Adds a token under the form it is looked for; an empty one is never found. */
    void add(String form, AddedToken token) {
        if (form.isEmpty()) {
            return;
        }
        Node node = root;
        for (int i = 0; i < form.length(); i++) {
            node = node.next.computeIfAbsent(form.charAt(i), c -> new Node());
        }
        node.token = token;
        firstChars.set(form.charAt(0));
        holdsSpecial |= token.special();
    }

    /** {@return whether a control token is among them} */
    boolean holdsSpecial() {
        return holdsSpecial;
    }

    /** Cuts a text. */
    void split(String text, Guard guard, Parts parts) {
        int done = 0;
        int spacesEnd = 0;
        int at = firstChars.isEmpty() ? text.length() : 0;
        while (at < text.length()) {
            if (!firstChars.get(text.charAt(at))) {
                at++;
                continue;
            }
            Found found = longest(text, at, guard);
            if (found == null) {
                at++;
                continue;
            }
            AddedToken token = found.token();
            int start = at;
            int end = found.end();
            at = end;
            if (token.singleWord() && !standsAlone(text, start, end)) {
                continue;
            }
            if (token.leftStrip()) {
                start = start > done ? spacesBefore(text, start, done) : done;
            }
            if (token.rightStrip()) {
                // a run of spaces is walked over once, however many tokens in it take the rest of it
                spacesEnd = end < spacesEnd ? spacesEnd : spacesBehind(text, end);
                end = spacesEnd;
            }
            if (start >= end) {
                // the token before has taken all of it
                continue;
            }
            if (done < start) {
                parts.text(done, start);
            }
            parts.token(token.id());
            done = end;
        }
        if (done < text.length()) {
            parts.text(done, text.length());
        }
    }

    private @Nullable Found longest(String text, int start, Guard guard) {
        Found found = null;
        Node node = root.next.get(text.charAt(start));
        int end = start + 1;
        while (node != null) {
            AddedToken token = node.token;
            if (token != null && (!token.special() || guard.allows(token.id(), start, end))) {
                found = new Found(token, end);
            }
            node = end < text.length() ? node.next.get(text.charAt(end)) : null;
            end++;
        }
        return found;
    }

    private static boolean standsAlone(String text, int start, int end) {
        return (start == 0 || !CodePointSet.WORD_AND_JOINERS.contains(text.codePointBefore(start)))
                && (end == text.length() || !CodePointSet.WORD_AND_JOINERS.contains(text.codePointAt(end)));
    }

    private static int spacesBefore(String text, int start, int limit) {
        int at = start;
        while (at > limit && CodePointSet.SPACE.contains(text.charAt(at - 1))) {
            at--;
        }
        return at;
    }

    private static int spacesBehind(String text, int end) {
        int at = end;
        while (at < text.length() && CodePointSet.SPACE.contains(text.charAt(at))) {
            at++;
        }
        return at;
    }
}
