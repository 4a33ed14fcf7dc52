package dev.longspan.template;

import dev.longspan.template.Token.Kind;
import java.util.List;

/** The tokens of a template, one after another, and the nesting of what is read from them. */
final class TokenStream {
    private final List<Token> tokens;
    private final int maxDepth;
    private int position;
    private int depth;

    TokenStream(List<Token> tokens, int maxDepth) {
        this.tokens = tokens;
        this.maxDepth = maxDepth;
    }

    Token current() {
        return tokens.get(position);
    }

    Token ahead() {
        return tokens.get(Math.min(position + 1, tokens.size() - 1));
    }

    Place place() {
        return current().place();
    }

    Token next() {
        Token token = current();
        if (position < tokens.size() - 1) {
            position++;
        }
        return token;
    }

    boolean isOperator(String operator) {
        return current().isOperator(operator);
    }

    boolean isName(String name) {
        return current().isName(name);
    }

    boolean skipOperator(String operator) {
        boolean found = isOperator(operator);
        if (found) {
            next();
        }
        return found;
    }

    boolean skipName(String name) {
        boolean found = isName(name);
        if (found) {
            next();
        }
        return found;
    }

    void expectOperator(String operator) {
        if (!skipOperator(operator)) {
            throw place().syntax(
                            "'" + operator + "' expected, found " + current().shown());
        }
    }

    Token expect(Kind kind, String what) {
        if (current().kind() != kind) {
            throw place().syntax(what + " expected, found " + current().shown());
        }
        return next();
    }

    void enter() {
        if (++depth > maxDepth) {
            throw place().limit("nested deeper than " + maxDepth + " levels (limit 'depth')");
        }
    }

    void leave() {
        depth--;
    }
}
