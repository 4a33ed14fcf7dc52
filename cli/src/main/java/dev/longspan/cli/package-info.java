/** The commands and the terminal. */
@NullMarked
package dev.longspan.cli;

import org.jspecify.annotations.NullMarked;
