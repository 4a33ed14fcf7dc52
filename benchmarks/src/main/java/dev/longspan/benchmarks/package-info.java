/** JMH benchmarks and counts. */
@NullMarked
package dev.longspan.benchmarks;

import org.jspecify.annotations.NullMarked;
