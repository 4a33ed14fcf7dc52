package dev.longspan.tck;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.SpanAttention;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One group of golden vectors: tensors [B, H, rows, …] by name, and how they lie in a sequence.
 *
 * <p>Left padding is dropped: of a padded entry only the tokens behind the padding are left, and their positions count
 * from there.
 */
final class VectorGroup {
    final String name;
    final AttentionHeads heads;
    final int batch;
    final int[] positions;
    private final Map<String, @Nullable Object> json;

    VectorGroup(Map<String, @Nullable Object> json) {
        this.json = json;
        this.name = Json.string(json.get("name"));
        this.batch = integer(json, "B");
        this.heads = new AttentionHeads(integer(json, "H"), integer(json, "KVH"), integer(json, "D"));
        this.positions = integers(json.get("cache_position"));
    }

    /** Whether a mask has anything but left padding, which kernels without a mask cannot do. */
    boolean masked() {
        for (int b = 0; b < batch; b++) {
            int[] mask = mask(b);
            for (int i = padding(b); i < mask.length; i++) {
                if (mask[i] == 0) {
                    return true;
                }
            }
        }
        return false;
    }

    /** How many tokens of an entry are padding. */
    int padding(int entry) {
        int[] mask = mask(entry);
        int padding = 0;
        while (padding < mask.length && mask[padding] == 0) {
            padding++;
        }
        return padding;
    }

    private int[] mask(int entry) {
        Object mask = json.get("attention_mask");
        if (mask == null) {
            return new int[0];
        }
        int[] all = integers(Json.object(mask).get("data"));
        return Arrays.copyOfRange(all, entry * all.length / batch, (entry + 1) * all.length / batch);
    }

    /** Keys or values of an entry as [tokens, G, D], without padding, up to a number of tokens. */
    float[] tokens(String tensor, int entry, int end) {
        return rows(json.get(tensor), entry, heads.keyValueHeads(), padding(entry), end, heads.headSize());
    }

    /** Rows of queries of an entry as [rows, H, D]. */
    float[] queries(String tensor, int entry, int from, int to) {
        return rows(json.get(tensor), entry, heads.queryHeads(), from, to, heads.headSize());
    }

    /** Rows of [B, heads, all rows, size] as [rows, heads, size]. */
    float[] rows(@Nullable Object tensor, int entry, int headCount, int from, int to, int size) {
        Map<String, @Nullable Object> whole = Json.object(tensor);
        List<@Nullable Object> data = Json.array(whole.get("data"));
        int rows = integers(whole.get("shape"))[2];
        float[] picked = new float[Math.max(0, to - from) * headCount * size];
        for (int i = 0; i < picked.length; i++) {
            int row = from + i / (headCount * size);
            int head = i / size % headCount;
            picked[i] = real(data.get(((entry * headCount + head) * rows + row) * size + i % size));
        }
        return picked;
    }

    static SpanAttention parameters(Map<String, @Nullable Object> run) {
        Map<String, @Nullable Object> params = Json.object(run.get("params"));
        return new SpanAttention(
                integer(params, "sw_index"),
                params.containsKey("topk") ? integer(params, "topk") : 1,
                number(params, "backward_factor", 0),
                number(params, "forward_factor", 0),
                searchPower(params),
                number(params, "span_power", 0.5),
                1);
    }

    static double searchPower(Map<String, @Nullable Object> params) {
        Object whole = params.get("inv_search_power_int");
        return whole == null
                ? number(params, "search_power", 0)
                : 1.0 / Json.number(whole).asInt();
    }

    private static double number(Map<String, @Nullable Object> json, String key, double otherwise) {
        Object value = json.get(key);
        return value == null ? otherwise : Json.number(value).asDouble();
    }

    static int integer(Map<String, @Nullable Object> json, String key) {
        return Json.number(Objects.requireNonNull(json.get(key), key)).asInt();
    }

    static int[] integers(@Nullable Object list) {
        return Json.array(list).stream().mapToInt(n -> Json.number(n).asInt()).toArray();
    }

    /** A number, or minus infinity for null. */
    static float real(@Nullable Object value) {
        return value == null ? Float.NEGATIVE_INFINITY : Json.number(value).asFloat();
    }
}
