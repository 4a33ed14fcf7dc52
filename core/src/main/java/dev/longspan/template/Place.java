package dev.longspan.template;

import dev.longspan.ChatTemplateException;
import dev.longspan.ChatTemplateException.Reason;

/**
 * A place in the template, for errors.
 *
 * @param line the line, from 1
 * @param column the column, from 1
 */
record Place(int line, int column) {
    ChatTemplateException syntax(String problem) {
        return new ChatTemplateException(Reason.SYNTAX, problem, line, column);
    }

    ChatTemplateException unknown(String problem) {
        return new ChatTemplateException(Reason.UNKNOWN_NAME, problem, line, column);
    }

    ChatTemplateException limit(String problem) {
        return new ChatTemplateException(Reason.LIMIT, problem, line, column);
    }
}
