/** An OpenAI-compatible server over a {@link dev.longspan.ChatEngine}, with its sessions and snapshots. */
@NullMarked
package dev.longspan.http;

import org.jspecify.annotations.NullMarked;
