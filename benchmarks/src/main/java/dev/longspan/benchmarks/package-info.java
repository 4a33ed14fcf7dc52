/** Benchmarks and counts, run by hand, and the synthetic models they run on; never part of the tests. */
@NullMarked
package dev.longspan.benchmarks;

import org.jspecify.annotations.NullMarked;
