/** The memory of sequences on a device. */
@NullMarked
package dev.longspan.tvm.memory;

import org.jspecify.annotations.NullMarked;
