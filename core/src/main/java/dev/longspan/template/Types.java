package dev.longspan.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;

/** Type names, truth, length and elements of values, as Python sees them. */
final class Types {
    private Types() {}

    static String name(Object value) {
        if (value instanceof TemplateText text) {
            return text.isSafe() ? "Markup" : "str";
        } else if (value instanceof Boolean) {
            return "bool";
        } else if (value instanceof Long || value instanceof BigInteger) {
            return "int";
        } else if (value instanceof Double) {
            return "float";
        } else if (value instanceof ListValue list) {
            return list.tuple() ? "tuple" : "list";
        } else if (value instanceof DictValue) {
            return "dict";
        } else if (value == None.NONE) {
            return "NoneType";
        } else if (value instanceof Undefined) {
            return "Undefined";
        } else if (value instanceof RangeValue) {
            return "range";
        } else if (value instanceof DictView view) {
            return view.typeName();
        } else if (value instanceof Generated) {
            return "generator";
        } else if (value instanceof Namespace) {
            return "Namespace";
        } else if (value instanceof LoopValue) {
            return "LoopContext";
        }
        return "function";
    }

    static boolean truth(Object value) {
        if (value instanceof Boolean flag) {
            return flag;
        } else if (value instanceof TemplateText text) {
            return !text.isEmpty();
        } else if (value instanceof Long number) {
            return number != 0;
        } else if (value instanceof Double number) {
            return number != 0;
        } else if (value instanceof ListValue list) {
            return !list.items().isEmpty();
        } else if (value instanceof DictValue dict) {
            return dict.size() > 0;
        } else if (value instanceof RangeValue range) {
            return range.size() > 0;
        } else if (value instanceof DictView view) {
            return view.dict().size() > 0;
        } else if (value instanceof Undefined) {
            return false;
        }
        return value != None.NONE;
    }

    static long length(Object value) {
        if (value instanceof TemplateText text) {
            return text.codePoints();
        } else if (value instanceof ListValue list) {
            return list.items().size();
        } else if (value instanceof DictValue dict) {
            return dict.size();
        } else if (value instanceof RangeValue range) {
            return range.size();
        } else if (value instanceof DictView view) {
            return view.dict().size();
        } else if (value instanceof LoopValue loop) {
            return loop.length();
        } else if (value instanceof Undefined) {
            return 0;
        }
        throw Fault.evaluation("object of type '" + name(value) + "' has no len()");
    }

    static boolean isIterable(Object value) {
        return value instanceof TemplateText
                || value instanceof ListValue
                || value instanceof DictValue
                || value instanceof RangeValue
                || value instanceof DictView
                || value instanceof Generated
                || value instanceof Undefined;
    }

    /** The elements in order, made as they are asked for. */
    static Iterator<Object> iterate(Object value) {
        if (value instanceof ListValue list) {
            return list.items().iterator();
        } else if (value instanceof TemplateText text) {
            return new CharIterator(text);
        } else if (value instanceof DictValue dict) {
            return iterate(new DictView(dict, DictView.Kind.KEYS));
        } else if (value instanceof RangeValue range) {
            return IntStream.range(0, range.size()).<Object>mapToObj(range::get).iterator();
        } else if (value instanceof DictView view) {
            return view.walk();
        } else if (value instanceof Generated generated) {
            return generated.rest();
        } else if (value instanceof Undefined) {
            return List.of().iterator();
        }
        throw Fault.evaluation("'" + name(value) + "' object is not iterable");
    }

    /** All elements; counted as a new list. */
    static List<Object> elements(Object value, Budget budget) {
        if (value instanceof ListValue list) {
            budget.scan(list.items().size());
            return list.items();
        }
        if (value instanceof DictValue || value instanceof DictView || value instanceof RangeValue) {
            budget.elements(length(value));
        }
        List<Object> elements = new ArrayList<>();
        for (Iterator<Object> rest = iterate(value); rest.hasNext(); ) {
            budget.steps(value instanceof TemplateText ? 3 : 1);
            if (elements.size() % 64 == 0) {
                budget.elements(64);
            }
            elements.add(rest.next());
        }
        return elements;
    }

    private static final class CharIterator implements Iterator<Object> {
        private final TemplateText text;
        private int next;

        CharIterator(TemplateText text) {
            this.text = text;
        }

        @Override
        public boolean hasNext() {
            return next < text.charCount();
        }

        @Override
        public Object next() {
            int start = next;
            next = text.chars().offsetByCodePoints(start, 1);
            return text.substring(start, next).withSafe(false);
        }
    }
}
