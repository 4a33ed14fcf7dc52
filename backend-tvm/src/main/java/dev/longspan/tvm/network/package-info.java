/** Networks as calls of kernels. */
@NullMarked
package dev.longspan.tvm.network;

import org.jspecify.annotations.NullMarked;
