package dev.longspan;

/**
 * What is known of a loaded model.
 *
 * @param name the name of its folder
 * @param architecture what its configuration calls the architecture
 * @param parameters how many numbers its weights are
 * @param layers one letter per layer: M Mamba-2, * attention, - MLP, E experts
 * @param vocabularySize how many token ids there are
 * @param maxContextTokens how many tokens prompt and answer may have together in this engine
 * @param thinking whether its template lets it think first by default
 */
public record ModelInfo(
        String name,
        String architecture,
        long parameters,
        String layers,
        int vocabularySize,
        int maxContextTokens,
        boolean thinking) {}
