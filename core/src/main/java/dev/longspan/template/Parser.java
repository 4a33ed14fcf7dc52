package dev.longspan.template;

import dev.longspan.template.Frame.Flow;
import dev.longspan.template.Token.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Reads the statements of a template. */
final class Parser {
    private final TokenStream tokens;
    private final NameCheck names = new NameCheck();
    private final ExpressionParser expressions;
    private int loops;

    Parser(String source, TemplateLimits limits) {
        // a level of nesting in the text costs the parser some ten calls, evaluation two
        int depth = Math.max(1, limits.depth() / 4);
        tokens = new TokenStream(new Lexer(source, depth).tokens(), depth);
        expressions = new ExpressionParser(tokens, names);
    }

    /** The whole template. */
    List<Statement> template() {
        List<Statement> body = body(Set.of());
        names.check();
        return body;
    }

    /** Every name, attribute and literal string in the template; complete once {@link #template} has returned. */
    Set<String> names() {
        return names.mentioned();
    }

    /** Reads up to a tag of one of the given names, which stays the current token; an empty set means the end. */
    private List<Statement> body(Set<String> ends) {
        tokens.enter();
        List<Statement> body = new ArrayList<>();
        while (tokens.current().kind() != Kind.END) {
            Token token = tokens.next();
            switch (token.kind()) {
                case DATA -> body.add(new Statement.Data(token.place(), TemplateText.of(token.text())));
                case OUTPUT_BEGIN -> {
                    body.add(new Statement.Output(token.place(), expressions.expressions()));
                    tokens.expect(Kind.OUTPUT_END, "'}}'");
                }
                default -> {
                    if (tokens.current().kind() == Kind.NAME
                            && ends.contains(tokens.current().text())) {
                        tokens.leave();
                        return body;
                    }
                    body.add(statement());
                }
            }
        }
        if (!ends.isEmpty()) {
            throw tokens.place()
                    .syntax("the template ends where one of "
                            + ends.stream().sorted().toList() + " is expected");
        }
        tokens.leave();
        return body;
    }

    /** Reads a body, the tag that ends it, and that tag's end. */
    private List<Statement> bodyUntil(String end) {
        tokens.expect(Kind.BLOCK_END, "'%}'");
        List<Statement> body = body(Set.of(end));
        tokens.next();
        return body;
    }

    private Statement statement() {
        Token tag = tokens.expect(Kind.NAME, "the name of a statement");
        Statement statement = switch (tag.text()) {
            case "if" -> ifStatement(tag.place());
            case "for" -> forStatement(tag.place());
            case "set" -> setStatement(tag.place());
            case "macro" -> macro(tag.place());
            case "call" -> callBlock(tag.place());
            case "filter" -> filterBlock(tag.place());
            case "with" -> with(tag.place());
            case "generation" -> generation(tag.place());
            case "break" -> jump(tag, Flow.BREAK);
            case "continue" -> jump(tag, Flow.CONTINUE);
            default -> throw tag.place().syntax("unknown statement '" + tag.text() + "'");
        };
        tokens.expect(Kind.BLOCK_END, "'%}'");
        return statement;
    }

    /** As in a call block, no loop around it can be left from inside. */
    private Statement generation(Place place) {
        int outside = loops;
        loops = 0;
        List<Statement> body = bodyUntil("endgeneration");
        loops = outside;
        return new Statement.Group(place, body);
    }

    private Statement jump(Token tag, Flow flow) {
        if (loops == 0) {
            throw tag.place().syntax("'" + tag.text() + "' outside of a loop");
        }
        return new Statement.Jump(tag.place(), flow);
    }

    private Statement ifStatement(Place place) {
        List<Statement.If.Branch> branches = new ArrayList<>();
        Set<String> ends = Set.of("elif", "else", "endif");
        String end = "elif";
        while (end.equals("elif")) {
            Expression condition = expressions.expressionsWithoutChoice();
            tokens.expect(Kind.BLOCK_END, "'%}'");
            branches.add(new Statement.If.Branch(condition, body(ends)));
            end = tokens.next().text();
        }
        if (end.equals("else")) {
            branches.add(new Statement.If.Branch(null, bodyUntil("endif")));
        }
        return new Statement.If(place, branches);
    }

    private Statement forStatement(Place place) {
        Target target = target(false);
        if (!tokens.skipName("in")) {
            throw tokens.place()
                    .syntax("'in' expected, found " + tokens.current().shown());
        }
        names.assigned("loop");
        Expression in = expressions.expressionsWithoutChoice();
        Expression condition = tokens.skipName("if") ? expressions.expression() : null;
        boolean recursive = tokens.skipName("recursive");
        tokens.expect(Kind.BLOCK_END, "'%}'");
        loops++;
        List<Statement> body = body(Set.of("else", "endfor"));
        loops--;
        List<Statement> otherwise = tokens.next().text().equals("else") ? bodyUntil("endfor") : List.of();
        return new Statement.For(place, target, in, condition, body, otherwise, recursive);
    }

    private Statement setStatement(Place place) {
        Target target = target(true);
        if (tokens.skipOperator("=")) {
            return new Statement.Set(place, target, expressions.expressions());
        }
        Expression value = filtered(place);
        return new Statement.SetBlock(place, target, bodyUntil("endset"), value);
    }

    /** The text of a block with the filters that stand in its tag. */
    private Expression filtered(Place place) {
        Expression value = new Expression.Name(place, Statement.BODY);
        while (tokens.skipOperator("|")) {
            value = expressions.filter(value);
        }
        return value;
    }

    private Statement filterBlock(Place place) {
        Expression first = expressions.filter(new Expression.Name(place, Statement.BODY));
        while (tokens.skipOperator("|")) {
            first = expressions.filter(first);
        }
        return new Statement.FilterBlock(place, bodyUntil("endfilter"), first);
    }

    private Statement with(Place place) {
        List<Target> targets = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (tokens.current().kind() != Kind.BLOCK_END) {
            if (!targets.isEmpty()) {
                tokens.expectOperator(",");
            }
            targets.add(single(false));
            tokens.expectOperator("=");
            values.add(expressions.expression());
        }
        return new Statement.With(place, targets, values, bodyUntil("endwith"));
    }

    private Statement macro(Place place) {
        String name = tokens.expect(Kind.NAME, "the name of the macro").text();
        names.assigned(name);
        return new Statement.MacroDefinition(place, signature(name, "endmacro"));
    }

    private Statement callBlock(Place place) {
        List<String> parameters = new ArrayList<>();
        List<Expression> defaults = new ArrayList<>();
        if (tokens.isOperator("(")) {
            parameters(parameters, defaults);
        }
        Expression call = expressions.expression();
        if (!(call instanceof Expression.Call written)) {
            throw place.syntax("'call' expects a call of a macro");
        }
        return new Statement.CallBlock(place, written, signature("caller", parameters, defaults, "endcall"));
    }

    private Statement.Signature signature(String name, String end) {
        List<String> parameters = new ArrayList<>();
        List<Expression> defaults = new ArrayList<>();
        parameters(parameters, defaults);
        return signature(name, parameters, defaults, end);
    }

    private Statement.Signature signature(String name, List<String> parameters, List<Expression> defaults, String end) {
        int outside = loops;
        loops = 0;
        Set<String> before = names.special();
        List<Statement> body = bodyUntil(end);
        loops = outside;
        Set<String> special = names.special();
        names.special(before);
        return new Statement.Signature(name, parameters, defaults, body, special);
    }

    private void parameters(List<String> parameters, List<Expression> defaults) {
        tokens.expectOperator("(");
        Set<String> seen = new HashSet<>();
        while (!tokens.isOperator(")")) {
            Token name = tokens.expect(Kind.NAME, "the name of a parameter");
            if (!seen.add(name.text())) {
                throw name.place().syntax("parameter '" + name.text() + "' is there twice");
            }
            names.assigned(name.text());
            parameters.add(name.text());
            if (tokens.skipOperator("=")) {
                defaults.add(expressions.expression());
            } else if (!defaults.isEmpty()) {
                throw name.place().syntax("parameter '" + name.text() + "' without a default behind one with it");
            }
            if (!tokens.skipOperator(",")) {
                break;
            }
        }
        tokens.expectOperator(")");
    }

    /** One target or several with commas. */
    private Target target(boolean attributes) {
        List<Target> targets = new ArrayList<>();
        boolean comma = false;
        do {
            if (!targets.isEmpty() && (tokens.isName("in") || tokens.isOperator("=") || tokens.isOperator(")"))) {
                break;
            }
            targets.add(single(attributes));
            comma |= tokens.isOperator(",");
        } while (tokens.skipOperator(","));
        return comma ? new Target.Several(targets) : targets.get(0);
    }

    private Target single(boolean attributes) {
        if (tokens.skipOperator("(")) {
            tokens.enter();
            Target inner = target(attributes);
            tokens.leave();
            tokens.expectOperator(")");
            return inner;
        }
        Token name = tokens.expect(Kind.NAME, "a name to assign to");
        if (Set.of("true", "false", "none", "True", "False", "None").contains(name.text())) {
            throw name.place().syntax("cannot assign to '" + name.text() + "'");
        }
        if (attributes && tokens.skipOperator(".")) {
            String attribute =
                    tokens.expect(Kind.NAME, "the name of an attribute").text();
            names.assigned(attribute);
            names.used(name.text());
            return new Target.Attribute(name.text(), attribute);
        }
        names.assigned(name.text());
        return new Target.Name(name.text());
    }
}
