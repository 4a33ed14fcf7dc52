/** The numeric loops: plain Java that the compiler vectorises, and the same loops in explicit vectors. */
@NullMarked
package dev.longspan.reference.kernel;

import org.jspecify.annotations.NullMarked;
