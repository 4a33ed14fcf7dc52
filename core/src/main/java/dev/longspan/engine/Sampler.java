package dev.longspan.engine;

import dev.longspan.spi.Logits;

/**
 * Chooses the next token of one answer.
 *
 * <p>Temperature 0 is greedy: the lowest id among the largest logits. Else the probabilities are softmax(logits /
 * temperature), and one double per token, from {@link SplitMix64}, picks an id by their running sum in order of id. All of
 * this depends on the row of logits and the seed alone.
 */
final class Sampler {
    private final double temperature;
    private final SplitMix64 random;
    private float[] row = new float[0];

    Sampler(double temperature, long seed) {
        this.temperature = temperature;
        this.random = new SplitMix64(seed);
    }

    /** {@return the id chosen from a row of logits} */
    int sample(Logits logits, int index) {
        if (temperature == 0) {
            return logits.argMax(index);
        }
        if (row.length < logits.vocabularySize()) {
            row = new float[logits.vocabularySize()];
        }
        logits.copyTo(index, row);
        return sample(logits.vocabularySize());
    }

    private int sample(int size) {
        float max = Float.NEGATIVE_INFINITY;
        for (int id = 0; id < size; id++) {
            max = Math.max(max, row[id]);
        }
        double sum = 0;
        for (int id = 0; id < size; id++) {
            sum += Math.exp((row[id] - max) / temperature);
        }
        double target = random.nextDouble() * sum;
        double running = 0;
        int last = 0;
        for (int id = 0; id < size; id++) {
            double weight = Math.exp((row[id] - max) / temperature);
            if (weight > 0) {
                running += weight;
                last = id;
                if (running > target) {
                    return id;
                }
            }
        }
        return last;
    }
}
