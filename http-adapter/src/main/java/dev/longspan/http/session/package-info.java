/** Sessions and snapshots over the wire. */
@NullMarked
package dev.longspan.http.session;

import org.jspecify.annotations.NullMarked;
