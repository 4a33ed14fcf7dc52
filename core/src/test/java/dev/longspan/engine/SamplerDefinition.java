package dev.longspan.engine;

import java.util.ArrayList;
import java.util.List;

/** What the sampler is to do, written down step by step: the probability of each token. */
final class SamplerDefinition {
    private SamplerDefinition() {}

    static double[] probabilities(Sampling sampling, float[] row, int[] prompt, int[] answer) {
        double[] logits = new double[row.length];
        for (int id = 0; id < row.length; id++) {
            logits[id] = (float) (row[id] + sampling.logitBias().getOrDefault(id, 0.0));
        }
        for (int id = 0; id < row.length; id++) {
            if (count(prompt, id) + count(answer, id) > 0) {
                double penalty = sampling.repetitionPenalty();
                logits[id] = (float) (logits[id] > 0 ? logits[id] / penalty : logits[id] * penalty);
            }
            int times = count(answer, id);
            if (times > 0) {
                logits[id] = (float) (logits[id] - times * sampling.frequencyPenalty() - sampling.presencePenalty());
            }
        }
        List<Integer> order = new ArrayList<>();
        for (int id = 0; id < row.length; id++) {
            order.add(id);
        }
        order.sort((a, b) -> logits[a] != logits[b] ? Double.compare(logits[b], logits[a]) : Integer.compare(a, b));
        double[] result = new double[row.length];
        if (sampling.temperature() == 0) {
            result[order.get(0)] = 1;
            return result;
        }
        List<Integer> kept = order.subList(0, Math.min(sampling.topK(), order.size()));
        double[] weights = new double[row.length];
        double sum = 0;
        for (int id : kept) {
            weights[id] = Math.exp((logits[id] - logits[order.get(0)]) / sampling.temperature());
            sum += weights[id];
        }
        double running = 0;
        double left = 0;
        for (int id : kept) {
            boolean enough = running >= sampling.topP() * sum;
            boolean improbable = weights[id] < sampling.minP() * weights[kept.get(0)];
            running += weights[id];
            if (!enough && !improbable) {
                result[id] = weights[id];
                left += weights[id];
            }
        }
        for (int id = 0; id < result.length; id++) {
            result[id] /= left;
        }
        return result;
    }

    private static int count(int[] ids, int id) {
        int count = 0;
        for (int one : ids) {
            count += one == id ? 1 : 0;
        }
        return count;
    }
}
