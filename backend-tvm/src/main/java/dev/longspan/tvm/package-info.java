/** The TVM backend's provider. */
@NullMarked
package dev.longspan.tvm;

import org.jspecify.annotations.NullMarked;
