/** Chat completions: from JSON to requests, and from events to JSON. */
@NullMarked
package dev.longspan.http.chat;

import org.jspecify.annotations.NullMarked;
