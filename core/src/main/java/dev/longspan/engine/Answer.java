package dev.longspan.engine;

import dev.longspan.ChatMessage;
import dev.longspan.FinishReason;
import dev.longspan.RepetitionDetector;
import dev.longspan.output.OutputParser;
import dev.longspan.spi.Logits;
import dev.longspan.spi.LongspanException;
import dev.longspan.tokenizer.IncrementalDecoder;
import org.jspecify.annotations.Nullable;

/**
 * The tokens of one answer, and what they mean. A round: choose a token from the logits, show it to the parser, and decide what
 * the state reads next. That is the token, and behind it those that the engine forces: the end of thinking, the beginning of a
 * call. For the engine's thread.
 */
final class Answer {
    private final GenerationSpec spec;
    private final Vocabulary vocabulary;
    private final GenerationClock clock;
    private final DeltaBuffer deltas;
    private final OutputParser parser;
    private final IncrementalDecoder decoder = new IncrementalDecoder();
    private final Sampler sampler;
    private final RepetitionDetector repetition;
    private final TokenList ids = new TokenList();
    private final TokenList next = new TokenList();
    private int thinkingTokens;
    private boolean endsLine;
    private boolean repetitionClosed;
    private boolean openingWaits;
    private boolean opened;
    private @Nullable FinishReason end;

    Answer(GenerationSpec spec, Vocabulary vocabulary, EventQueue events, GenerationClock clock) {
        this.spec = spec;
        this.vocabulary = vocabulary;
        this.clock = clock;
        this.deltas = new DeltaBuffer(
                events, spec.flushPolicy(), spec.thinkingHidden(), spec.output().toolParser() != null);
        this.parser = new OutputParser(spec.output(), deltas);
        this.sampler = new Sampler(spec.sampling(), spec.prompt());
        this.repetition = new RepetitionDetector(spec.repetition());
        this.endsLine = spec.promptEndsLine();
        this.opened = spec.forcedOpening().length == 0;
    }

    /** {@return all tokens so far, forced ones included} */
    TokenList ids() {
        return ids;
    }

    int size() {
        return ids.size();
    }

    int thinkingTokens() {
        return thinkingTokens;
    }

    /** {@return what the state reads next} */
    TokenList next() {
        return next;
    }

    /** {@return why it has ended; null if it goes on} */
    @Nullable
    FinishReason end() {
        return end;
    }

    /** {@return why it has failed; null if it has not} */
    @Nullable
    LongspanException failure() {
        return parser.error();
    }

    /** {@return what was said, thought and called so far} */
    ChatMessage.AssistantMessage message() {
        return new ChatMessage.AssistantMessage(deltas.text(), deltas.thinking(), deltas.calls());
    }

    /** Hands out what is there. */
    void flush() {
        deltas.flush();
    }

    /** {@return whether the answer begins with forced tokens, so that nothing is chosen from the logits of the prompt} */
    boolean begin() {
        next.clear();
        openingWaits = !opened && !parser.isThinking();
        if (parser.isThinking() && spec.thinkingBudget().orElse(1) == 0) {
            closeThinking();
            forceOpeningIfDue();
            return true;
        }
        return false;
    }

    /** Chooses the next token: the answer then has an {@link #end}, or goes on with {@link #next}. */
    void choose(Logits logits, SamplingScratch scratch) {
        int id = sampler.sample(logits, 0, scratch);
        next.clear();
        if (openingWaits && !vocabulary.opensThinking(id)) {
            openingWaits = false;
            forceOpeningIfDue();
        } else {
            openingWaits = false;
            take(id);
            forceWhatIsDue();
        }
    }

    /** Adds a token to the answer, and ends the answer if it is due. */
    private void take(int id) {
        ids.add(id);
        sampler.accept(id);
        clock.token();
        boolean wasThinking = parser.isThinking();
        boolean isEnd = vocabulary.isEnd(id);
        if (!isEnd) {
            next.add(id);
            byte[] bytes = vocabulary.visibleBytes(id);
            endsLine = bytes.length == 0 ? endsLine : bytes[bytes.length - 1] == '\n';
            parser.accept(decoder.append(bytes));
            deltas.tokenDone();
        }
        if (wasThinking || parser.isThinking()) {
            thinkingTokens++;
        }
        if (isEnd) {
            finish(FinishReason.STOP, true);
        } else if (parser.error() != null || parser.isStopped()) {
            finish(FinishReason.STOP, false);
        } else if (ids.size() == spec.maxTokens()) {
            finish(FinishReason.LENGTH, false);
        }
    }

    private void forceWhatIsDue() {
        if (end != null) {
            return;
        }
        if (repetition.isDue(ids.size())
                && repetition.detect(ids.array(), ids.size()).isPresent()) {
            if (!parser.isThinking() || repetitionClosed) {
                finish(FinishReason.REPETITION, false);
                return;
            }
            repetitionClosed = true;
            closeThinking();
        } else if (parser.isThinking()
                && spec.thinkingBudget().isPresent()
                && thinkingTokens >= spec.thinkingBudget().getAsInt()) {
            closeThinking();
        }
        forceOpeningIfDue();
    }

    /** All tokens that are forced for it count as thinking. */
    private void closeThinking() {
        int others = ids.size() - thinkingTokens;
        force(vocabulary.closingOfThinking(!endsLine));
        thinkingTokens = ids.size() - others;
    }

    private void forceOpeningIfDue() {
        if (opened || end != null || openingWaits || parser.isThinking()) {
            return;
        }
        opened = true;
        if (parser.justClosedThinking()) {
            force(vocabulary.behindThinking());
        }
        force(spec.forcedOpening());
    }

    private void force(int[] forced) {
        for (int i = 0; i < forced.length && end == null; i++) {
            take(forced[i]);
        }
    }

    /** Ends the answer from outside. */
    void cut() {
        finish(FinishReason.CANCELLED, false);
    }

    private void finish(FinishReason reason, boolean byEndToken) {
        parser.accept(decoder.flush());
        parser.finish(byEndToken);
        // the parser may have waited with a stop string until it knew that nothing overrules it
        boolean stopped = reason == FinishReason.STOP || (reason == FinishReason.LENGTH && parser.isStopped());
        end = !stopped ? reason : parser.callCount() > 0 ? FinishReason.TOOL_CALLS : FinishReason.STOP;
        if (parser.error() == null) {
            deltas.end();
        }
    }
}
