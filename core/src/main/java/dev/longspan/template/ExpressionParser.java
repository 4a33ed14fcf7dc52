package dev.longspan.template;

import dev.longspan.template.Expression.CallArguments;
import dev.longspan.template.Operator.Relation;
import dev.longspan.template.Operator.Sign;
import dev.longspan.template.Token.Kind;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads expressions, with Jinja2's precedence of operators. */
final class ExpressionParser {
    private static final Map<String, Relation> RELATIONS = Map.of(
            "==", Relation.EQUAL,
            "!=", Relation.UNEQUAL,
            "<", Relation.LESS,
            "<=", Relation.LESS_OR_EQUAL,
            ">", Relation.GREATER,
            ">=", Relation.GREATER_OR_EQUAL);
    private static final Map<String, Sign> SUMS = Map.of("+", Sign.ADD, "-", Sign.SUBTRACT);
    private static final Map<String, Sign> PRODUCTS =
            Map.of("*", Sign.MULTIPLY, "/", Sign.DIVIDE, "//", Sign.FLOOR_DIVIDE, "%", Sign.REMAINDER);
    private static final int MAX_DIGITS = 4_300;

    private final TokenStream tokens;
    private final NameCheck names;

    ExpressionParser(TokenStream tokens, NameCheck names) {
        this.tokens = tokens;
        this.names = names;
    }

    /** A full expression. */
    Expression expression() {
        tokens.enter();
        Expression result = choice();
        tokens.leave();
        return result;
    }

    /** An expression, or several with commas, which make a tuple. */
    Expression expressions() {
        return tuple(true, false);
    }

    /** The same where an {@code if} behind it belongs to the statement. */
    Expression expressionsWithoutChoice() {
        return tuple(false, false);
    }

    private Expression tuple(boolean withChoice, boolean parentheses) {
        Place place = tokens.place();
        List<Expression> items = new ArrayList<>();
        boolean comma = false;
        while (!isTupleEnd()) {
            items.add(withChoice ? expression() : or());
            if (!tokens.isOperator(",")) {
                break;
            }
            tokens.next();
            comma = true;
        }
        if (!comma && items.size() == 1) {
            return items.get(0);
        }
        if (items.isEmpty() && !parentheses) {
            throw tokens.place()
                    .syntax("an expression expected, found " + tokens.current().shown());
        }
        return new Expression.Sequence(place, items, true);
    }

    private boolean isTupleEnd() {
        Kind kind = tokens.current().kind();
        return kind == Kind.OUTPUT_END
                || kind == Kind.BLOCK_END
                || tokens.isOperator(")")
                || tokens.isName("recursive");
    }

    private Expression choice() {
        Place place = tokens.place();
        Expression value = or();
        while (tokens.skipName("if")) {
            Expression condition = or();
            Expression otherwise = tokens.skipName("else") ? expression() : null;
            value = new Expression.Choice(place, condition, value, otherwise);
        }
        return value;
    }

    private Expression or() {
        Place place = tokens.place();
        Expression left = and();
        while (tokens.skipName("or")) {
            left = new Operator.Logic(place, false, left, and());
        }
        return left;
    }

    private Expression and() {
        Place place = tokens.place();
        Expression left = not();
        while (tokens.skipName("and")) {
            left = new Operator.Logic(place, true, left, not());
        }
        return left;
    }

    private Expression not() {
        Place place = tokens.place();
        if (!tokens.skipName("not")) {
            return compare();
        }
        tokens.enter();
        Expression operand = not();
        tokens.leave();
        return new Operator.Not(place, operand);
    }

    private Expression compare() {
        Place place = tokens.place();
        List<Expression> operands = new ArrayList<>(List.of(sum()));
        List<Relation> relations = new ArrayList<>();
        for (Relation relation = relation(); relation != null; relation = relation()) {
            relations.add(relation);
            operands.add(sum());
        }
        return relations.isEmpty() ? operands.get(0) : new Operator.Compare(place, operands, relations);
    }

    private @Nullable Relation relation() {
        Token token = tokens.current();
        if (token.kind() == Kind.OPERATOR) {
            Relation relation = RELATIONS.get(token.text());
            if (relation != null) {
                tokens.next();
            }
            return relation;
        }
        if (tokens.skipName("in")) {
            return Relation.IN;
        }
        if (token.isName("not") && tokens.ahead().isName("in")) {
            tokens.next();
            tokens.next();
            return Relation.NOT_IN;
        }
        return null;
    }

    private Expression sum() {
        Expression left = join();
        for (Sign sign = sign(SUMS); sign != null; sign = sign(SUMS)) {
            left = new Operator.Binary(tokens.next().place(), sign, left, join());
        }
        return left;
    }

    private Expression join() {
        Place place = tokens.place();
        List<Expression> operands = new ArrayList<>(List.of(product()));
        while (tokens.skipOperator("~")) {
            operands.add(product());
        }
        return operands.size() == 1 ? operands.get(0) : new Operator.Join(place, operands);
    }

    private Expression product() {
        Expression left = power();
        for (Sign sign = sign(PRODUCTS); sign != null; sign = sign(PRODUCTS)) {
            left = new Operator.Binary(tokens.next().place(), sign, left, power());
        }
        return left;
    }

    private @Nullable Sign sign(Map<String, Sign> signs) {
        Token token = tokens.current();
        return token.kind() == Kind.OPERATOR ? signs.get(token.text()) : null;
    }

    private Expression power() {
        Expression left = unary(true);
        while (tokens.isOperator("**")) {
            left = new Operator.Binary(tokens.next().place(), Sign.POWER, left, unary(true));
        }
        return left;
    }

    private Expression unary(boolean filters) {
        Place place = tokens.place();
        Expression value;
        if (tokens.isOperator("-") || tokens.isOperator("+")) {
            boolean minus = tokens.next().text().equals("-");
            tokens.enter();
            value = new Operator.Unary(place, minus, unary(false));
            tokens.leave();
        } else {
            value = primary();
        }
        value = postfix(value);
        return filters ? filters(value) : value;
    }

    private Expression primary() {
        Token token = tokens.next();
        return switch (token.kind()) {
            case NAME -> name(token);
            case STRING -> string(token);
            case INTEGER -> new Expression.Constant(token.place(), integer(token));
            case FLOAT ->
                new Expression.Constant(
                        token.place(), Double.valueOf(token.text().replace("_", "")));
            case OPERATOR -> bracket(token);
            default -> throw token.place().syntax("an expression expected, found " + token.shown());
        };
    }

    private Expression name(Token token) {
        return switch (token.text()) {
            case "true", "True" -> new Expression.Constant(token.place(), true);
            case "false", "False" -> new Expression.Constant(token.place(), false);
            case "none", "None" -> new Expression.Constant(token.place(), None.NONE);
            default -> {
                names.used(token.text(), token.place());
                yield new Expression.Name(token.place(), token.text());
            }
        };
    }

    private Expression string(Token first) {
        StringBuilder text = new StringBuilder(first.text());
        while (tokens.current().kind() == Kind.STRING) {
            text.append(tokens.next().text());
        }
        names.literal(text.toString());
        return new Expression.Constant(first.place(), TemplateText.of(text.toString()));
    }

    private static Object integer(Token token) {
        String digits = token.text().replace("_", "").toLowerCase(Locale.ROOT);
        if (digits.length() > MAX_DIGITS) {
            throw token.place().limit("an integer of more than " + MAX_DIGITS + " digits");
        }
        int radix = digits.startsWith("0x") ? 16 : digits.startsWith("0o") ? 8 : digits.startsWith("0b") ? 2 : 10;
        return Numbers.integer(new BigInteger(radix == 10 ? digits : digits.substring(2), radix));
    }

    private Expression bracket(Token token) {
        tokens.enter();
        Expression result = switch (token.text()) {
            case "(" -> {
                Expression inner = tuple(true, true);
                tokens.expectOperator(")");
                yield inner;
            }
            case "[" -> new Expression.Sequence(token.place(), listItems(), false);
            case "{" -> new Expression.Dict(token.place(), dictPairs());
            default -> throw token.place().syntax("an expression expected, found " + token.shown());
        };
        tokens.leave();
        return result;
    }

    private List<Expression> listItems() {
        List<Expression> items = new ArrayList<>();
        while (!tokens.isOperator("]")) {
            items.add(expression());
            if (!tokens.skipOperator(",")) {
                break;
            }
        }
        tokens.expectOperator("]");
        return items;
    }

    private List<Expression> dictPairs() {
        List<Expression> pairs = new ArrayList<>();
        while (!tokens.isOperator("}")) {
            Expression key = expression();
            if (key instanceof Expression.Constant constant && constant.value() instanceof TemplateText name) {
                names.assigned(name.chars());
            }
            pairs.add(key);
            tokens.expectOperator(":");
            pairs.add(expression());
            if (!tokens.skipOperator(",")) {
                break;
            }
        }
        tokens.expectOperator("}");
        return pairs;
    }

    private Expression postfix(Expression start) {
        Expression value = start;
        while (tokens.current().kind() == Kind.OPERATOR) {
            if (tokens.isOperator(".")) {
                value = dot(value);
            } else if (tokens.isOperator("[")) {
                value = subscript(value);
            } else if (tokens.isOperator("(")) {
                value = call(value);
            } else {
                break;
            }
        }
        return value;
    }

    private Expression filters(Expression start) {
        Expression value = start;
        while (true) {
            if (tokens.isOperator("|")) {
                tokens.next();
                value = filter(value);
            } else if (tokens.isName("is")) {
                value = test(value);
            } else if (tokens.isOperator("(")) {
                value = call(value);
            } else {
                return value;
            }
        }
    }

    private Expression dot(Expression of) {
        tokens.next();
        Token token = tokens.next();
        if (token.kind() == Kind.INTEGER) {
            return new Expression.Element(token.place(), of, new Expression.Constant(token.place(), integer(token)));
        }
        if (token.kind() != Kind.NAME) {
            throw token.place().syntax("a name or number expected behind '.', found " + token.shown());
        }
        names.attribute(token.text());
        return new Expression.Attribute(token.place(), of, token.text());
    }

    private Expression subscript(Expression of) {
        Place place = tokens.next().place();
        tokens.enter();
        Expression result;
        Expression none = new Expression.Constant(place, None.NONE);
        Expression first = tokens.isOperator(":") ? none : expressionOrTuple(place);
        if (tokens.skipOperator(":")) {
            Expression stop = tokens.isOperator("]") || tokens.isOperator(":") ? none : expression();
            Expression step = tokens.skipOperator(":") && !tokens.isOperator("]") ? expression() : none;
            result = new Expression.Slice(place, of, first, stop, step);
        } else {
            result = new Expression.Element(place, of, first);
        }
        tokens.expectOperator("]");
        tokens.leave();
        return result;
    }

    private Expression expressionOrTuple(Place place) {
        Expression first = expression();
        if (!tokens.isOperator(",")) {
            return first;
        }
        List<Expression> items = new ArrayList<>(List.of(first));
        while (tokens.skipOperator(",")) {
            items.add(expression());
        }
        return new Expression.Sequence(place, items, true);
    }

    /** A call of what stands before it. */
    Expression.Call call(Expression callee) {
        Place place = callee.place();
        if (callee instanceof Expression.Attribute attribute) {
            names.method(attribute.name(), place);
        } else if (callee instanceof Expression.Name name) {
            names.function(name.name(), place);
        }
        return new Expression.Call(place, callee, arguments());
    }

    /** A filter behind its pipe, applied to {@code value}. */
    Expression filter(Expression value) {
        Token name = tokens.expect(Kind.NAME, "the name of a filter");
        Expression.Filter filter = Filters.find(name.text());
        if (filter == null) {
            throw name.place().unknown("no filter is named '" + name.text() + "'");
        }
        CallArguments arguments = tokens.isOperator("(") ? arguments() : CallArguments.NONE;
        names.filterArguments(name, arguments);
        return new Expression.Filtered(name.place(), value, name.text(), filter, arguments);
    }

    private Expression test(Expression value) {
        tokens.next();
        Place place = tokens.place();
        boolean negated = tokens.skipName("not");
        Token name = tokens.expect(Kind.NAME, "the name of a test");
        Expression.Test test = Tests.find(name.text());
        if (test == null) {
            throw name.place().unknown("no test is named '" + name.text() + "'");
        }
        CallArguments arguments = CallArguments.NONE;
        if (tokens.isOperator("(")) {
            arguments = arguments();
        } else if (startsArgument()) {
            if (tokens.isName("is")) {
                throw tokens.place().syntax("tests cannot be chained with 'is'");
            }
            arguments = new CallArguments(List.of(postfix(primary())), Map.of(), null, null);
        }
        Expression tested = new Expression.Tested(name.place(), value, test, arguments);
        return negated ? new Operator.Not(place, tested) : tested;
    }

    private boolean startsArgument() {
        Token token = tokens.current();
        return switch (token.kind()) {
            case STRING, INTEGER, FLOAT -> true;
            case NAME -> !token.isName("else") && !token.isName("or") && !token.isName("and") && !token.isName("if");
            case OPERATOR -> token.isOperator("(") || token.isOperator("[") || token.isOperator("{");
            default -> false;
        };
    }

    private CallArguments arguments() {
        tokens.enter();
        tokens.expectOperator("(");
        List<Expression> positional = new ArrayList<>();
        Map<String, Expression> named = new LinkedHashMap<>();
        Expression spread = null;
        Expression spreadNamed = null;
        while (!tokens.isOperator(")")) {
            Place place = tokens.place();
            if (tokens.skipOperator("**")) {
                spreadNamed = once(spreadNamed, place);
            } else if (tokens.skipOperator("*")) {
                spread = once(spread, place);
            } else if (tokens.current().kind() == Kind.NAME && tokens.ahead().isOperator("=")) {
                String name = tokens.next().text();
                tokens.next();
                names.assigned(name);
                if (named.put(name, expression()) != null) {
                    throw place.syntax("argument '" + name + "' is given twice");
                }
            } else if (named.isEmpty() && spread == null && spreadNamed == null) {
                positional.add(expression());
            } else {
                throw place.syntax("an argument by position stands behind one by name");
            }
            if (!tokens.skipOperator(",")) {
                break;
            }
        }
        tokens.expectOperator(")");
        tokens.leave();
        return new CallArguments(positional, named, spread, spreadNamed);
    }

    private Expression once(@Nullable Expression before, Place place) {
        if (before != null) {
            throw place.syntax("arguments are spread twice");
        }
        return expression();
    }
}
