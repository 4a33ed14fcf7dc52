package dev.longspan.template;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A dict in order of insertion. Filled by its maker, then left alone. */
final class DictValue {
    /**
     * A key, with its marks, and its value.
     *
     * @param key the key
     * @param value the value
     */
    record Entry(Object key, Object value) {}

    /** The dict that nothing was put into. */
    static final DictValue EMPTY = new DictValue();

    /** Its order is for the map alone, which needs one where many hashes are equal. */
    private record TupleKey(List<Object> parts) implements Comparable<TupleKey> {
        @Override
        public int compareTo(TupleKey other) {
            return parts.toString().compareTo(other.parts.toString());
        }
    }

    /** The largest tuple that may be a key; looking for one takes time for each part. */
    private static final int MAX_TUPLE = 64;

    private final Map<Object, Entry> entries = new LinkedHashMap<>();

    /** Adds a pair; the first key stays where a later one is equal, as in Python. */
    void put(Object key, Object value) {
        Object normal = normal(key);
        Entry old = entries.get(normal);
        entries.put(normal, new Entry(old == null ? key : old.key(), value));
    }

    void putAll(DictValue other) {
        for (Entry entry : other.entries.values()) {
            put(entry.key(), entry.value());
        }
    }

    /** Takes a key out; gives its value, or null if it was not there. */
    @Nullable
    Object remove(String key) {
        Entry entry = entries.remove(key);
        return entry == null ? null : entry.value();
    }

    @Nullable
    Object get(Object key) {
        Entry entry = entries.get(normal(key));
        return entry == null ? null : entry.value();
    }

    @Nullable
    Object get(String key) {
        Entry entry = entries.get(key);
        return entry == null ? null : entry.value();
    }

    boolean contains(Object key) {
        return entries.containsKey(normal(key));
    }

    int size() {
        return entries.size();
    }

    Collection<Entry> entries() {
        return entries.values();
    }

    List<Object> keys() {
        List<Object> keys = new ArrayList<>(entries.size());
        entries.values().forEach(entry -> keys.add(entry.key()));
        return keys;
    }

    List<Object> values() {
        List<Object> values = new ArrayList<>(entries.size());
        entries.values().forEach(entry -> values.add(entry.value()));
        return values;
    }

    List<Object> items() {
        List<Object> items = new ArrayList<>(entries.size());
        entries.values().forEach(entry -> items.add(ListValue.tuple(entry.key(), entry.value())));
        return items;
    }

    static boolean isHashable(Object key) {
        return !(key instanceof DictValue)
                && !(key instanceof DictView)
                && !(key instanceof ListValue list
                        && (!list.tuple()
                                || (list.items().size() <= MAX_TUPLE
                                        && !list.items().stream().allMatch(DictValue::isScalar))));
    }

    private static boolean isScalar(Object part) {
        return !(part instanceof ListValue) && isHashable(part);
    }

    /** What Python's {@code ==} and {@code hash} see of a key. */
    static Object normal(Object key) {
        if (key instanceof TemplateText text) {
            return text.chars();
        }
        if (key instanceof Boolean flag) {
            return flag ? 1L : 0L;
        }
        if (key instanceof Double number && !number.isInfinite() && Math.rint(number) == number) {
            return Numbers.integer(new BigDecimal(number).toBigInteger());
        }
        if (key instanceof Undefined) {
            return Undefined.class;
        }
        if (!isHashable(key)) {
            throw Fault.evaluation("unhashable type: '" + Types.name(key) + "'");
        }
        if (key instanceof ListValue tuple) {
            if (tuple.items().size() > MAX_TUPLE) {
                throw Fault.limit("a key of more than " + MAX_TUPLE + " parts");
            }
            return new TupleKey(tuple.items().stream().map(DictValue::normal).toList());
        }
        return key;
    }
}
