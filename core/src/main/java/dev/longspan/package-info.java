/** What an application uses: the chat engine, requests, answers and streams. */
@NullMarked
package dev.longspan;

import org.jspecify.annotations.NullMarked;
