package dev.longspan.cli;

import java.util.List;

/** Ids given by their beginning. */
final class Abbreviation {
    private static final int MOST_NAMED = 5;

    private Abbreviation() {}

    /**
     * {@return the id that is meant: the one that is the same, or the only one that begins so}
     *
     * @param given what the user gave
     * @param ids the ids there are
     * @throws CommandException if there is none, or more than one
     */
    static String resolve(String given, List<String> ids) {
        if (ids.contains(given)) {
            return given;
        }
        List<String> fitting = ids.stream().filter(id -> id.startsWith(given)).toList();
        if (fitting.isEmpty()) {
            throw new CommandException("no id begins with " + given + "; /ls lists them");
        }
        if (fitting.size() > 1) {
            String some = String.join(", ", fitting.subList(0, Math.min(MOST_NAMED, fitting.size())));
            throw new CommandException(given + " is the beginning of " + fitting.size() + " ids: " + some
                    + (fitting.size() > MOST_NAMED ? ", …" : "") + "; give more of it");
        }
        return fitting.get(0);
    }
}
