/** The reference backend's provider. */
@NullMarked
package dev.longspan.reference;

import org.jspecify.annotations.NullMarked;
