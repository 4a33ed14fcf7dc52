/** Byte-pair tokenizers as {@code tokenizer.json} files describe them, and the way back from bytes to text. */
@NullMarked
package dev.longspan.tokenizer;

import org.jspecify.annotations.NullMarked;
