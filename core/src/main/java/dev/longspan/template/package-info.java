/**
 * A sandboxed interpreter for chat templates: Jinja2 as Hugging Face runs it, with limits instead of trust and with
 * marks on every piece of text that did not come from the template.
 */
@NullMarked
package dev.longspan.template;

import org.jspecify.annotations.NullMarked;
