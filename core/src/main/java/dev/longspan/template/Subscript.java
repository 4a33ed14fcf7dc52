package dev.longspan.template;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Attributes, elements and slices of values, found as Jinja2's sandbox finds them. */
final class Subscript {
    private Subscript() {}

    /** {@code value.name}: Python's own attribute first, then the element of that name. */
    static Object attribute(Object value, String name) {
        Object own = own(value, name);
        if (own != null) {
            return own;
        }
        Object element = value instanceof DictValue dict ? dict.get(name) : null;
        return element != null ? element : Undefined.attribute(value, name);
    }

    /** {@code value[key]}: the element first, then Python's own attribute of that name. */
    static Object element(Object value, Object key, Budget budget) {
        budget.key(value);
        budget.key(key);
        Object element = found(value, key);
        if (element == null && key instanceof TemplateText name) {
            element = own(value, name.chars());
        }
        if (element != null) {
            return element;
        }
        String shown = key instanceof TemplateText text ? "'" + text.chars() + "'" : String.valueOf(key);
        return Undefined.element(value, shown.length() > 80 ? shown.substring(0, 80) + "…" : shown);
    }

    private static @Nullable Object found(Object value, Object key) {
        if (value instanceof Undefined undefined) {
            throw undefined.fault();
        }
        if (value instanceof DictValue dict) {
            return DictValue.isHashable(key) ? dict.get(key) : null;
        }
        if (!(key instanceof Boolean || Numbers.isInteger(key))) {
            return null;
        }
        int index = Numbers.clamp(key);
        if (value instanceof ListValue list) {
            int at = index < 0 ? index + list.items().size() : index;
            return at >= 0 && at < list.items().size() ? list.items().get(at) : null;
        }
        if (value instanceof TemplateText text) {
            int length = text.codePoints();
            int at = index < 0 ? index + length : index;
            return at >= 0 && at < length ? codePoints(text, at, at + 1) : null;
        }
        if (value instanceof RangeValue range) {
            int at = index < 0 ? index + range.size() : index;
            return at >= 0 && at < range.size() ? (Object) range.get(at) : null;
        }
        return null;
    }

    private static @Nullable Object own(Object value, String name) {
        if (value instanceof Undefined undefined) {
            throw undefined.fault();
        }
        if (name.startsWith("__")) {
            return Undefined.forbidden(value, name);
        }
        if (value instanceof Namespace namespace) {
            return namespace.attributes().get(name);
        }
        if (value instanceof LoopValue loop) {
            return loop.attribute(name);
        }
        if (value instanceof Macro macro) {
            return macro.attribute(name);
        }
        if (value instanceof ListValue list && list.group() && (name.equals("grouper") || name.equals("list"))) {
            return list.items().get(name.equals("list") ? 1 : 0);
        }
        if (value instanceof Cycler cycler && name.equals("current")) {
            return cycler.current();
        }
        return Methods.find(value, name);
    }

    /** The code points {@code from} to {@code to} of a text. */
    static TemplateText codePoints(TemplateText text, int from, int to) {
        String chars = text.chars();
        int start = chars.offsetByCodePoints(0, from);
        return text.substring(start, chars.offsetByCodePoints(start, to - from));
    }

    /** {@code value[start:stop:step]} with Python's rules. */
    static Object slice(Object value, Object start, Object stop, Object step, Budget budget) {
        if (value instanceof Undefined undefined) {
            throw undefined.fault();
        }
        if (!(value instanceof TemplateText || value instanceof ListValue || value instanceof RangeValue)) {
            throw Fault.evaluation("'" + Types.name(value) + "' object cannot be sliced");
        }
        if (!isBound(start) || !isBound(stop) || !isBound(step)) {
            throw Fault.evaluation("slice indices must be integers or None");
        }
        int by = step == None.NONE ? 1 : Numbers.clamp(step);
        if (by == 0) {
            throw Fault.evaluation("slice step cannot be zero");
        }
        budget.key(value);
        int length = (int) Types.length(value);
        int first = start == None.NONE ? (by > 0 ? 0 : length - 1) : limit(Numbers.clamp(start), length, by);
        int end = stop == None.NONE ? (by > 0 ? length : -1) : limit(Numbers.clamp(stop), length, by);
        if (value instanceof TemplateText text) {
            return slice(text, first, end, by, budget);
        }
        if (value instanceof RangeValue range) {
            return range.slice(first, end, by);
        }
        List<Object> items = Types.elements(value, budget);
        List<Object> picked = new ArrayList<>();
        for (long i = first; by > 0 ? i < end : i > end; i += by) {
            picked.add(items.get((int) i));
        }
        budget.elements(picked.size());
        return new ListValue(picked, value instanceof ListValue list && list.tuple());
    }

    private static TemplateText slice(TemplateText text, int first, int end, int by, Budget budget) {
        if (by == 1) {
            return first < end ? budget.made(codePoints(text, first, end)) : text.substring(0, 0);
        }
        budget.chars(text.charCount());
        int[] offsets = offsets(text.chars());
        TemplateTextBuilder out = new TemplateTextBuilder();
        for (long i = first; by > 0 ? i < end : i > end; i += by) {
            budget.step();
            out.append(text, offsets[(int) i], offsets[(int) i + 1]);
        }
        return out.build(text.isSafe());
    }

    /** Where each code point starts, and the end. */
    private static int[] offsets(String chars) {
        int[] offsets = new int[chars.codePointCount(0, chars.length()) + 1];
        for (int i = 1; i < offsets.length; i++) {
            offsets[i] = chars.offsetByCodePoints(offsets[i - 1], 1);
        }
        return offsets;
    }

    private static boolean isBound(Object value) {
        return value == None.NONE || value instanceof Boolean || Numbers.isInteger(value);
    }

    private static int limit(int index, int length, int by) {
        long at = index < 0 ? (long) index + length : index;
        return (int) Math.max(by > 0 ? 0 : -1, Math.min(at, by > 0 ? length : length - 1));
    }
}
