package dev.longspan.prompt;

/**
 * A rendered and encoded prompt.
 *
 * @param ids the token ids, at least one
 * @param startsThinking whether it ends inside a thinking block that the template opened
 * @param endsLine whether its last character is a newline
 */
@SuppressWarnings("ArrayRecordComponent") // never written to
public record Prompt(int[] ids, boolean startsThinking, boolean endsLine) {}
