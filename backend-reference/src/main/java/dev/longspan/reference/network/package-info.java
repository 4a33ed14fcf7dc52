/** The network, layer by layer, and the threads that compute it. */
@NullMarked
package dev.longspan.reference.network;

import org.jspecify.annotations.NullMarked;
