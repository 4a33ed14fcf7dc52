/** Requests and answers: routes, bodies, event streams, keys, logs and metrics. */
@NullMarked
package dev.longspan.http.server;

import org.jspecify.annotations.NullMarked;
