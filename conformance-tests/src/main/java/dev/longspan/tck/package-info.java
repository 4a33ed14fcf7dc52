/** The conformance kit's public types. */
@NullMarked
package dev.longspan.tck;

import org.jspecify.annotations.NullMarked;
