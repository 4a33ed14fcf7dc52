package dev.longspan.output;

import java.util.HashSet;
import java.util.Set;

/** Follows one JSON object or array character by character, to find its end, and the first keys and the name within. */
final class JsonScanner {
    private final int objectDepth;
    private final StringBuilder string = new StringBuilder();
    private final Set<String> keys = new HashSet<>();
    private int depth;
    private boolean inString;
    private boolean escaped;
    private boolean wantsValue;
    private boolean objectEnded;
    private String key = "";
    private String name = "";

    /**
     * Begins.
     *
     * @param objectDepth how deep the object lies whose keys are of interest, 1 for the outermost value
     */
    JsonScanner(int objectDepth) {
        this.objectDepth = objectDepth;
    }

    /** {@return whether this character ends the value} */
    boolean accept(char next) {
        if (inString) {
            inString(next);
            return false;
        }
        switch (next) {
            case '"' -> {
                inString = true;
                string.setLength(0);
            }
            case '{', '[' -> {
                depth++;
                wantsValue = false;
            }
            case '}', ']' -> {
                depth--;
                if (depth == objectDepth - 1) {
                    name = "";
                    objectEnded = true;
                }
            }
            case ':' -> wantsValue = true;
            case ',' -> wantsValue = false;
            default -> {
                // digits, literals, white space
            }
        }
        return depth == 0;
    }

    private void inString(char next) {
        if (escaped) {
            escaped = false;
        } else if (next == '\\') {
            escaped = true;
        } else if (next == '"') {
            inString = false;
            ended();
            return;
        }
        if (depth == objectDepth) {
            string.append(next);
        }
    }

    private void ended() {
        if (depth != objectDepth) {
            return;
        }
        if (!wantsValue) {
            key = string.toString();
            keys.add(key);
        } else if (key.equals("name") && !objectEnded && string.indexOf("\\") < 0) {
            name = string.toString();
        }
    }

    /** {@return whether the next character stands in a string} */
    boolean isInString() {
        return inString;
    }

    /** {@return the keys of the object so far} */
    Set<String> keys() {
        return keys;
    }

    /** {@return the value of the key {@code name} of the first object, as long as that is open; empty if it was not there yet} */
    String name() {
        return name;
    }
}
