package dev.longspan.engine;

import dev.longspan.spi.Logits;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Map;

/**
 * Chooses the next token of one answer.
 *
 * <p>Logits are changed by bias, repetition penalty, and frequency and presence penalty. Temperature 0 is then greedy: the
 * lowest id among the largest logits. Else the weights are exp((logit - largest) / temperature), limited by top-k, top-p
 * and min-p in this order, where of equal tokens the lower id stays. One double per token, from {@link SplitMix64}, picks an
 * id by the running sum of the weights that are left, in order of id. All of this depends on the row of logits, the tokens
 * before and the seed alone.
 */
final class Sampler {
    /** A bucket is a factor of e to the 1/100 wide; what is beyond the last has no weight to speak of. */
    private static final double BUCKETS_PER_UNIT = 100;

    private final Sampling sampling;
    private final SplitMix64 random;
    /** The tokens of prompt and answer; only kept for the repetition penalty. */
    private final BitSet seen = new BitSet();
    /** The tokens of the answer; only kept for the penalties that need them. */
    private final TokenCounts counts = new TokenCounts();

    Sampler(Sampling sampling, int[] prompt) {
        this.sampling = sampling;
        this.random = new SplitMix64(sampling.seed());
        if (sampling.repetitionPenalty() != 1) {
            for (int id : prompt) {
                seen.set(id);
            }
        }
    }

    /** Is told of each token of the answer. */
    void accept(int id) {
        if (sampling.repetitionPenalty() != 1) {
            seen.set(id);
        }
        if (sampling.countsTokens()) {
            counts.add(id);
        }
    }

    /** {@return the id chosen from a row of logits} */
    int sample(Logits logits, int index, SamplingScratch scratch) {
        if (sampling.temperature() == 0 && !sampling.changesLogits()) {
            return logits.argMax(index);
        }
        int size = logits.vocabularySize();
        float[] row = scratch.row(size);
        logits.copyTo(index, row);
        change(row, size);
        int best = argMax(row, size);
        if (sampling.temperature() == 0 || Float.isInfinite(row[best])) {
            return best;
        }
        if (sampling.topK() < size) {
            return drawLargest(row, size, row[best], scratch.keys(size));
        }
        double[] weights = scratch.weights(size);
        double sum = 0;
        for (int id = 0; id < size; id++) {
            weights[id] = weight(row[id], row[best]);
            sum += weights[id];
        }
        long last = sampling.topP() == 1 ? Long.MAX_VALUE : lastKey(row, size, row[best], sum, scratch);
        return draw(row, size, weights, last);
    }

    private void change(float[] row, int size) {
        for (Map.Entry<Integer, Double> bias : sampling.logitBias().entrySet()) {
            row[bias.getKey()] = (float) (row[bias.getKey()] + bias.getValue());
        }
        double penalty = sampling.repetitionPenalty();
        if (penalty != 1) {
            for (int id = seen.nextSetBit(0); id >= 0 && id < size; id = seen.nextSetBit(id + 1)) {
                row[id] = (float) (row[id] > 0 ? row[id] / penalty : row[id] * penalty);
            }
        }
        for (int i = 0; i < counts.size(); i++) {
            int id = counts.id(i);
            row[id] = (float) (row[id] - counts.count(id) * sampling.frequencyPenalty() - sampling.presencePenalty());
        }
    }

    private static int argMax(float[] row, int size) {
        int best = 0;
        for (int id = 1; id < size; id++) {
            if (row[id] > row[best]) {
                best = id;
            }
        }
        return best;
    }

    private double weight(float logit, float max) {
        return Math.exp(((double) logit - max) / sampling.temperature());
    }

    /** Draws from the tokens whose key is not above the last one, and that min-p leaves. */
    private int draw(float[] row, int size, double[] weights, long lastKey) {
        double sum = 0;
        for (int id = 0; id < size; id++) {
            if (weights[id] < sampling.minP() || (lastKey != Long.MAX_VALUE && key(row[id], id) > lastKey)) {
                weights[id] = 0;
            }
            sum += weights[id];
        }
        double target = random.nextDouble() * sum;
        double running = 0;
        int last = 0;
        for (int id = 0; id < size; id++) {
            if (weights[id] > 0) {
                running += weights[id];
                last = id;
                if (running > target) {
                    return id;
                }
            }
        }
        return last;
    }

    /**
     * The key of the last token that top-p leaves. The weights are gathered in buckets by their logits, so that only the bucket in
     * which the sum is reached has to be sorted.
     */
    private long lastKey(float[] row, int size, float max, double sum, SamplingScratch scratch) {
        double[] masses = scratch.masses();
        Arrays.fill(masses, 0);
        double[] weights = scratch.weights(size);
        for (int id = 0; id < size; id++) {
            masses[bucket(row[id], max)] += weights[id];
        }
        double enough = sampling.topP() * sum;
        double running = 0;
        int bucket = 0;
        while (bucket < masses.length - 1 && running + masses[bucket] < enough) {
            running += masses[bucket++];
        }
        long[] keys = scratch.keys(size);
        int count = 0;
        for (int id = 0; id < size; id++) {
            if (bucket(row[id], max) == bucket) {
                keys[count++] = key(row[id], id);
            }
        }
        Arrays.sort(keys, 0, count);
        int kept = 0;
        while (kept < count && (kept == 0 || running < enough)) {
            running += weights[(int) keys[kept++]];
        }
        // sums of rounded numbers may never reach what nearly all of them make
        return kept == 0 ? Long.MAX_VALUE : keys[kept - 1];
    }

    private int bucket(float logit, float max) {
        double down = ((double) max - logit) / sampling.temperature() * BUCKETS_PER_UNIT;
        return down < SamplingScratch.BUCKETS - 1 ? (int) down : SamplingScratch.BUCKETS - 1;
    }

    private int drawLargest(float[] row, int size, float max, long[] keys) {
        int count = largest(row, size, sampling.topK(), keys);
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += weight(row[(int) keys[i]], max);
        }
        Arrays.sort(keys, 0, count);
        int kept = limited(row, max, sum, keys, count);
        for (int i = 0; i < kept; i++) {
            keys[i] &= 0xFFFF_FFFFL;
        }
        Arrays.sort(keys, 0, kept);
        return draw(row, max, keys, kept);
    }

    /** How many of the tokens, the most probable first, top-p and min-p leave. */
    private int limited(float[] row, float max, double sum, long[] keys, int count) {
        double enough = sampling.topP() * sum;
        double running = 0;
        int kept = 0;
        while (kept < count) {
            double weight = weight(row[(int) keys[kept]], max);
            if (kept > 0 && (running >= enough || weight < sampling.minP())) {
                break;
            }
            running += weight;
            kept++;
        }
        return kept;
    }

    private int draw(float[] row, float max, long[] ids, int count) {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += weight(row[(int) ids[i]], max);
        }
        double target = random.nextDouble() * sum;
        double running = 0;
        int last = (int) ids[0];
        for (int i = 0; i < count; i++) {
            double weight = weight(row[(int) ids[i]], max);
            if (weight > 0) {
                running += weight;
                last = (int) ids[i];
                if (running > target) {
                    return last;
                }
            }
        }
        return last;
    }

    /** Gathers the largest logits in a heap whose root is the least of them. */
    private static int largest(float[] row, int size, int most, long[] heap) {
        int count = 0;
        for (int id = 0; id < size; id++) {
            long key = key(row[id], id);
            if (count < most) {
                int at = count++;
                while (at > 0 && heap[(at - 1) / 2] < key) {
                    heap[at] = heap[(at - 1) / 2];
                    at = (at - 1) / 2;
                }
                heap[at] = key;
            } else if (key < heap[0]) {
                replaceRoot(heap, count, key);
            }
        }
        return count;
    }

    private static void replaceRoot(long[] heap, int count, long key) {
        int at = 0;
        while (true) {
            int child = 2 * at + 1;
            if (child >= count) {
                break;
            }
            if (child + 1 < count && heap[child + 1] > heap[child]) {
                child++;
            }
            if (heap[child] <= key) {
                break;
            }
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = key;
    }

    /** A number that sorts larger logits first, and lower ids among equals; its lower half is the id. */
    private static long key(float logit, int id) {
        int bits = Float.floatToIntBits(logit + 0f); // -0 counts as 0
        int ascending = bits >= 0 ? bits : bits ^ 0x7FFF_FFFF;
        return ((long) ~ascending << 32) | id;
    }
}
