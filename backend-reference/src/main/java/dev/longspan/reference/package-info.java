/** The reference backend: its provider, and the models, states and checkpoints behind it. */
@NullMarked
package dev.longspan.reference;

import org.jspecify.annotations.NullMarked;
