/** What sequences hold: shared pages of keys and values, recurrent states, and the account of it all. */
@NullMarked
package dev.longspan.reference.memory;

import org.jspecify.annotations.NullMarked;
