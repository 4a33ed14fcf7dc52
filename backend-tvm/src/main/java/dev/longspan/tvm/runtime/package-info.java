/** Speaks to TVM's runtime: loads it, its kernels and its memory, and lets nothing through that would end the process. */
@NullMarked
package dev.longspan.tvm.runtime;

import org.jspecify.annotations.NullMarked;
