/** From the model's text to thinking and answer. */
@NullMarked
package dev.longspan.output;

import org.jspecify.annotations.NullMarked;
