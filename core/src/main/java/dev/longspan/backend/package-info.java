/** Finds the backends that are there and chooses one. */
@NullMarked
package dev.longspan.backend;

import org.jspecify.annotations.NullMarked;
