/** What can be asked without anything being computed: health, models, metrics, and the page. */
@NullMarked
package dev.longspan.http.status;

import org.jspecify.annotations.NullMarked;
