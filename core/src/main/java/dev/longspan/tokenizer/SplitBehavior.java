package dev.longspan.tokenizer;

/** What becomes of the matches of a pattern that splits a piece. */
enum SplitBehavior {
    /** A match is thrown away. */
    REMOVED("Removed"),
    /** A match is a piece. */
    ISOLATED("Isolated"),
    /** A match belongs to what is before it. */
    MERGED_WITH_PREVIOUS("MergedWithPrevious"),
    /** A match belongs to what comes after it. */
    MERGED_WITH_NEXT("MergedWithNext"),
    /** Neighbouring matches are one piece. */
    CONTIGUOUS("Contiguous");

    private final String label;

    SplitBehavior(String label) {
        this.label = label;
    }

    /** {@return its name in tokenizer.json} */
    String label() {
        return label;
    }

    /**
     * Adds the pieces that a piece falls into.
     *
     * @param starts where its parts start, matches and what is between them
     * @param isMatch 1 for each part that is a match, else 0
     * @param end where the last part ends
     * @param target takes the pieces
     */
    void split(IntBuffer starts, IntBuffer isMatch, int end, Pieces target) {
        int parts = starts.size();
        int from = 0;
        for (int part = 0; part < parts; part++) {
            boolean last = part + 1 == parts;
            int partEnd = last ? end : starts.get(part + 1);
            boolean match = isMatch.get(part) == 1;
            if (this == REMOVED && match) {
                from = part + 1;
            } else if (last || !joins(match, isMatch.get(part + 1) == 1)) {
                target.add(starts.get(from), partEnd);
                from = part + 1;
            }
        }
    }

    /** {@return whether a part and the one after it are in one piece} */
    private boolean joins(boolean match, boolean nextMatch) {
        return switch (this) {
            case REMOVED, ISOLATED -> false;
            case MERGED_WITH_PREVIOUS -> !match && nextMatch;
            case MERGED_WITH_NEXT -> match && !nextMatch;
            case CONTIGUOUS -> match == nextMatch;
        };
    }
}
