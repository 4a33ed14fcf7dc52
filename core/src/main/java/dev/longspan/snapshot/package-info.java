/** Snapshots on disk: the file store, the form of a saved state, and what makes a saved state valid for a model. */
@NullMarked
package dev.longspan.snapshot;

import org.jspecify.annotations.NullMarked;
