/** The backend as others see it. */
@NullMarked
package dev.longspan.tvm.model;

import org.jspecify.annotations.NullMarked;
