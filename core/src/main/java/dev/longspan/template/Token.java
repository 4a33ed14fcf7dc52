package dev.longspan.template;

/**
 * A piece of a template.
 *
 * @param kind what it is
 * @param text its text: a name, an operator, the value of a string, the digits of a number, or the template's data
 * @param place where it starts
 */
record Token(Kind kind, String text, Place place) {
    enum Kind {
        DATA,
        OUTPUT_BEGIN,
        OUTPUT_END,
        BLOCK_BEGIN,
        BLOCK_END,
        NAME,
        STRING,
        INTEGER,
        FLOAT,
        OPERATOR,
        END
    }

    boolean is(Kind wanted, String wantedText) {
        return kind == wanted && text.equals(wantedText);
    }

    boolean isName(String name) {
        return is(Kind.NAME, name);
    }

    boolean isOperator(String operator) {
        return is(Kind.OPERATOR, operator);
    }

    /** How messages name it. */
    String shown() {
        return switch (kind) {
            case END -> "end of template";
            case DATA -> "template data";
            case OUTPUT_END, BLOCK_END -> "end of tag";
            default -> "'" + (text.length() > 40 ? text.substring(0, 40) + "…" : text) + "'";
        };
    }
}
