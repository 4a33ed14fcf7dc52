package dev.longspan.http.chat;

import dev.longspan.http.server.Exchange;
import dev.longspan.http.server.Settings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes prompts and answers to the log, if that is switched on. Any thread. */
public final class ContentLog {
    private static final Logger LOG = LoggerFactory.getLogger(ContentLog.class);

    private final boolean on;

    /** Makes a log. */
    public ContentLog(Settings settings) {
        on = settings.contentLogged();
    }

    /** Writes what a request gives the model to read. */
    public void prompt(Exchange exchange, Object prompt) {
        write(exchange, "prompt", prompt);
    }

    /** Writes what it is answered. */
    void answer(Exchange exchange, Object answer) {
        write(exchange, "answer", answer);
    }

    private void write(Exchange exchange, String what, Object content) {
        if (on) {
            LOG.info("request {}: {} {}", exchange.name(), what, LogText.of(content.toString()));
        }
    }
}
