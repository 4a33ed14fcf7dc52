/** From a request to token ids. */
@NullMarked
package dev.longspan.prompt;

import org.jspecify.annotations.NullMarked;
