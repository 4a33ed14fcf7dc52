package dev.longspan.template;

import java.util.Iterator;
import java.util.List;

/** Python's {@code ==}, {@code <} and {@code in}. Marks play no part. */
final class Comparison {
    private final Budget budget;

    Comparison(Budget budget) {
        this.budget = budget;
    }

    boolean equal(Object a, Object b) {
        budget.step();
        if (a == b) {
            return !(a instanceof Double number && number.isNaN());
        }
        if (a instanceof TemplateText x) {
            return b instanceof TemplateText y && equal(x, y);
        }
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            Integer order = Numbers.compare(a, b);
            return order != null && order == 0;
        }
        if (a instanceof ListValue x && b instanceof ListValue y) {
            return x.tuple() == y.tuple() && equal(x.items(), y.items());
        }
        if (a instanceof DictValue x && b instanceof DictValue y) {
            return equal(x, y);
        }
        if (a instanceof Undefined && b instanceof Undefined) {
            return true;
        }
        if (a instanceof DictView x && b instanceof DictView y) {
            return equal(x, y);
        }
        return a instanceof RangeValue x && b instanceof RangeValue y && x.hasElementsOf(y);
    }

    private boolean equal(TemplateText a, TemplateText b) {
        budget.scan(Math.min(a.charCount(), b.charCount()));
        return a.equals(b);
    }

    private boolean equal(List<Object> a, List<Object> b) {
        if (a.size() != b.size()) {
            return false;
        }
        budget.enter();
        boolean same = true;
        Iterator<Object> other = b.iterator();
        for (Iterator<Object> it = a.iterator(); same && it.hasNext(); ) {
            same = equal(it.next(), other.next());
        }
        budget.leave();
        return same;
    }

    private boolean equal(DictValue a, DictValue b) {
        if (a.size() != b.size()) {
            return false;
        }
        budget.enter();
        boolean same = true;
        for (Iterator<DictValue.Entry> it = a.entries().iterator(); same && it.hasNext(); ) {
            DictValue.Entry entry = it.next();
            Object other = b.get(entry.key());
            same = other != null && equal(entry.value(), other);
        }
        budget.leave();
        return same;
    }

    /** Keys and pairs are compared as sets; values are equal to nothing else. */
    private boolean equal(DictView a, DictView b) {
        if (a.kind() == DictView.Kind.VALUES
                || b.kind() == DictView.Kind.VALUES
                || a.dict().size() != b.dict().size()) {
            return false;
        }
        if (a.kind() == DictView.Kind.ITEMS && b.kind() == DictView.Kind.ITEMS) {
            return equal(a.dict(), b.dict());
        }
        for (Iterator<Object> it = a.walk(); it.hasNext(); ) {
            if (!contains(b, it.next())) {
                return false;
            }
        }
        return true;
    }

    /** Negative, 0 or positive; {@code sign} names the operator in errors. */
    int compare(Object a, Object b, String sign) {
        budget.step();
        if (a instanceof TemplateText x && b instanceof TemplateText y) {
            budget.scan(Math.min(x.charCount(), y.charCount()));
            return compare(x.chars(), y.chars());
        }
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            Integer order = Numbers.compare(a, b);
            // the operators never ask for NaN; sorting needs an order of everything
            return order == null ? Boolean.compare(isNaN(a), isNaN(b)) : order;
        }
        if (a instanceof ListValue x && b instanceof ListValue y && x.tuple() == y.tuple()) {
            return compare(x.items(), y.items(), sign);
        }
        if (a instanceof Undefined undefined) {
            throw undefined.fault();
        }
        if (b instanceof Undefined undefined) {
            throw undefined.fault();
        }
        throw Fault.evaluation("'" + sign + "' not supported between instances of '" + Types.name(a) + "' and '"
                + Types.name(b) + "'");
    }

    private int compare(List<Object> a, List<Object> b, String sign) {
        budget.enter();
        int order = 0;
        for (int i = 0; order == 0 && i < Math.min(a.size(), b.size()); i++) {
            if (!equal(a.get(i), b.get(i))) {
                order = compare(a.get(i), b.get(i), sign);
            }
        }
        budget.leave();
        return order != 0 ? order : Integer.compare(a.size(), b.size());
    }

    /** By code points: surrogates sort behind all other chars. */
    private static int compare(String a, String b) {
        int end = Math.min(a.length(), b.length());
        for (int i = 0; i < end; i++) {
            char x = a.charAt(i);
            char y = b.charAt(i);
            if (x != y) {
                boolean surrogates = Character.isSurrogate(x) != Character.isSurrogate(y);
                return surrogates ? (Character.isSurrogate(x) ? 1 : -1) : Character.compare(x, y);
            }
        }
        return Integer.compare(a.length(), b.length());
    }

    boolean isNaN(Object value) {
        return value instanceof Double number && number.isNaN();
    }

    boolean contains(Object container, Object element) {
        if (container instanceof TemplateText text) {
            if (element instanceof TemplateText part) {
                return TextSearch.first(text, part, budget) >= 0;
            }
            throw Fault.evaluation("'in <string>' requires string as left operand, not " + Types.name(element));
        }
        budget.key(element);
        if (container instanceof DictValue dict) {
            return dict.contains(element);
        }
        if (container instanceof DictView view && view.kind() == DictView.Kind.KEYS) {
            return view.dict().contains(element);
        }
        if (!Types.isIterable(container)) {
            throw Fault.evaluation("argument of type '" + Types.name(container) + "' is not iterable");
        }
        for (Iterator<Object> it = Types.iterate(container); it.hasNext(); ) {
            if (equal(it.next(), element)) {
                return true;
            }
        }
        return false;
    }
}
