/** Reads a model's folder: its configuration, its chat templates' sources and its weights. */
@NullMarked
package dev.longspan.model;

import org.jspecify.annotations.NullMarked;
