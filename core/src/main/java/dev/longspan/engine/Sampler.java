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
        if (sampling.temperature() == 0 || row[best] == Float.NEGATIVE_INFINITY) {
            return best;
        }
        if (sampling.topK() >= size && sampling.topP() == 1) {
            return drawAll(row, size, row[best]);
        }
        return drawSome(row, size, row[best], scratch.keys(size));
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

    private int drawAll(float[] row, int size, float max) {
        double sum = 0;
        for (int id = 0; id < size; id++) {
            double weight = weight(row[id], max);
            sum += weight >= sampling.minP() ? weight : 0;
        }
        double target = random.nextDouble() * sum;
        double running = 0;
        int last = 0;
        for (int id = 0; id < size; id++) {
            double weight = weight(row[id], max);
            if (weight > 0 && weight >= sampling.minP()) {
                running += weight;
                last = id;
                if (running > target) {
                    return id;
                }
            }
        }
        return last;
    }

    private int drawSome(float[] row, int size, float max, long[] keys) {
        int count;
        double sum = 0;
        if (sampling.topK() < size) {
            count = largest(row, size, sampling.topK(), keys);
            for (int i = 0; i < count; i++) {
                sum += weight(row[(int) keys[i]], max);
            }
        } else {
            for (int id = 0; id < size; id++) {
                sum += weight(row[id], max);
            }
            count = probable(row, size, max, sum, keys);
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

    /** Gathers the tokens that top-p may need: those less probable than the mass left over, evenly spread, are not. */
    private int probable(float[] row, int size, float max, double sum, long[] keys) {
        double least = (1 - sampling.topP()) * sum / size;
        int count = 0;
        for (int id = 0; id < size; id++) {
            if (weight(row[id], max) >= least) {
                keys[count++] = key(row[id], id);
            }
        }
        return count;
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
