/** Text with marks that say where it came from; shared by template and tokenizer. */
@NullMarked
package dev.longspan.text;

import org.jspecify.annotations.NullMarked;
