package dev.longspan.engine;

import dev.longspan.FlushPolicy;
import dev.longspan.RepetitionSettings;
import dev.longspan.output.OutputRules;
import java.util.OptionalInt;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A checked request, ready to run.
 *
 * @param prompt the ids of the prompt, at least one
 * @param promptEndsLine whether its last character is a newline
 * @param maxTokens how many tokens the answer may have, cut to the room there is; 0 to read the prompt alone
 * @param output how the output is to be read
 * @param forcedOpening the ids that begin a call which must be made; none if the model is free
 * @param thinkingBudget how many tokens the model may think; empty for no limit
 * @param thinkingHidden whether thinking is kept to the engine
 * @param repetition when the answer counts as repeating itself
 * @param sampling how tokens are chosen
 * @param flushPolicy how text is gathered
 */
@SuppressWarnings("ArrayRecordComponent") // lives inside this package, and the arrays are never written to
public record GenerationSpec(
        int[] prompt,
        boolean promptEndsLine,
        int maxTokens,
        OutputRules output,
        int[] forcedOpening,
        OptionalInt thinkingBudget,
        boolean thinkingHidden,
        RepetitionSettings repetition,
        Sampling sampling,
        FlushPolicy flushPolicy) {
    /** {@return the same with another seed} */
    public GenerationSpec withAnotherSeed() {
        return new GenerationSpec(
                prompt,
                promptEndsLine,
                maxTokens,
                output,
                forcedOpening,
                thinkingBudget,
                thinkingHidden,
                repetition,
                sampling.withSeed(ThreadLocalRandom.current().nextLong()),
                flushPolicy);
    }

    /** {@return what reads ids and answers nothing} */
    public static GenerationSpec reading(int[] ids) {
        return new GenerationSpec(
                ids,
                false,
                0,
                OutputRules.text(false),
                new int[0],
                OptionalInt.empty(),
                false,
                RepetitionSettings.DEFAULT,
                Sampling.plain(0, 0),
                FlushPolicy.DEFAULT);
    }

    /** {@return whether there is to be an answer} */
    boolean decodes() {
        return maxTokens > 0;
    }

    /** {@return how many tokens the sequence may come to have} */
    int mostTokens() {
        return prompt.length + maxTokens;
    }
}
