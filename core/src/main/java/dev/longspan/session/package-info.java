/** Sessions: conversations that keep their state. */
@NullMarked
package dev.longspan.session;

import org.jspecify.annotations.NullMarked;
