/** JSON as it comes and goes: fields that are read strictly, and errors in their one form. */
@NullMarked
package dev.longspan.http.wire;

import org.jspecify.annotations.NullMarked;
