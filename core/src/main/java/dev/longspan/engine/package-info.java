/** The scheduler: one thread that computes all running answers in batches, and the streams it feeds. */
@NullMarked
package dev.longspan.engine;

import org.jspecify.annotations.NullMarked;
