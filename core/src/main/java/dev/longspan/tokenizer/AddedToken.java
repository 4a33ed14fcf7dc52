package dev.longspan.tokenizer;

/**
 * A token that is looked for in the text before anything else.
 *
 * @param id its id
 * @param content its text
 * @param singleWord whether it is no token where a word goes on at either side
 * @param leftStrip whether it takes the white space before it
 * @param rightStrip whether it takes the white space behind it
 * @param normalized whether it is looked for in the normalized text, in its normalized form
 * @param special whether it is a control token
 */
record AddedToken(
        int id,
        String content,
        boolean singleWord,
        boolean leftStrip,
        boolean rightStrip,
        boolean normalized,
        boolean special) {}
