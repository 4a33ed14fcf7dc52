package dev.longspan;

/**
 * What a committed turn reused and computed.
 *
 * @param matchingTokens how many tokens of its prompt were those that the session held
 * @param reusedTokens how many of these had not to be computed again
 * @param reuseEnd why reuse ended there
 * @param computedTokens how many tokens of the prompt were computed
 * @param commitTokens how many tokens were computed behind the answer, so that the state holds what the template makes of it
 */
public record TurnInfo(int matchingTokens, int reusedTokens, ReuseEnd reuseEnd, int computedTokens, int commitTokens) {
    /** Why reuse ended. */
    public enum ReuseEnd {
        /** The session held nothing. */
        EMPTY,
        /** Everything that the session held was reused. */
        ALL_HELD,
        /** The prompt goes on with other tokens than the session held, behind the matching ones. */
        TOKENS_DIFFER,
        /** The prompt is only a part of what the session held. */
        PROMPT_ENDED
    }
}
