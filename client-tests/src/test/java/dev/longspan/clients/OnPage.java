package dev.longspan.clients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.SessionInfo;
import dev.longspan.http.HttpAdapterBuilder;
import java.nio.file.Files;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** The page in a browser, of which nothing is left to complain about at the end. */
abstract class OnPage extends WithServer {
    static final Duration PATIENCE = Duration.ofSeconds(20);
    static final String ENTER = "\ue007";
    static final String ESCAPE = "\ue00c";
    static final String SHIFT = "\ue008";
    static final String TAB = "\ue004";

    Browser browser;

    @Override
    HttpAdapterBuilder configure(HttpAdapterBuilder builder) {
        return builder; // without keys
    }

    @BeforeEach
    void open() throws Exception {
        browser = new Browser(Files.createDirectories(folder.resolve("profile")), 1200, 800);
        browser.open(server.address());
        browser.await("document.getElementById('model').textContent === 'digest'");
    }

    @AfterEach
    void close() {
        try {
            assertThat(browser.complaints()).isEmpty();
        } finally {
            browser.close();
        }
    }

    void say(String script) {
        // the lines of a script are lines of the message
        browser.type("#text", script.replace("\n", SHIFT + ENTER + SHIFT));
        browser.press(ENTER);
    }

    void answered(int messages) {
        browser.await("document.querySelectorAll('#messages li .actions').length === " + messages * 2
                + " / 2 && !document.getElementById('send').disabled");
    }

    void noted(String text) {
        browser.await("document.getElementById('note').textContent.includes('" + text + "')");
    }

    void idle() {
        browser.await(
                "!document.querySelector('#sessions [aria-busy=true]') && !document.getElementById('send').disabled");
    }

    String typed() {
        return browser.script("return document.getElementById('text').value").asText();
    }

    /** {@return the id of the session that is shown} */
    String shown() {
        browser.await("document.querySelector('#sessions [aria-current=true]')");
        return browser.text("#sessions [aria-current=true]");
    }

    void showSession(String id) {
        browser.click("#sessions button[aria-label=\"Open session " + id + "\"]");
        browser.await("document.querySelector('#sessions [aria-current=true]')?.textContent === '" + id + "'");
    }

    SessionInfo only() {
        assertThat(engine.sessions()).hasSize(1);
        return engine.sessions().get(0);
    }
}
