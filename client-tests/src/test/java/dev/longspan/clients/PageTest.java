package dev.longspan.clients;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.SessionInfo;
import dev.longspan.http.HttpAdapterBuilder;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The page, in a browser. */
class PageTest extends WithServer {
    private static final String ENTER = "\ue007";
    private static final String ESCAPE = "\ue00c";
    private static final String SHIFT = "\ue008";
    private static final String TAB = "\ue004";

    private Browser browser;

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

    private void say(String script) {
        // the lines of a script are lines of the message
        browser.type("#text", script.replace("\n", SHIFT + ENTER + SHIFT));
        browser.press(ENTER);
    }

    private void answered(int messages) {
        browser.await("document.querySelectorAll('#messages li .actions').length === " + messages * 2
                + " / 2 && !document.getElementById('send').disabled");
    }

    private SessionInfo only() {
        assertThat(engine.sessions()).hasSize(1);
        return engine.sessions().get(0);
    }

    @Test
    void aConversationIsHeldByKeyboard() {
        browser.script("document.getElementById('text').focus()");
        say("!think 9\n!say hello there\n!end");
        answered(2);
        assertThat(browser.text("#messages li.assistant > .body")).isEqualTo("hello there");
        assertThat(browser.text("#messages li.assistant summary")).isEqualTo("Thinking");
        assertThat(browser.script("return document.querySelector('details').open")
                        .asBoolean())
                .isFalse();
        assertThat(browser.text("#sessions [aria-current=true]")).isEqualTo(only().id());
        say("!say again\n!end");
        answered(4);
        assertThat(only().messages()).isEqualTo(4);
        // every control can be reached
        JsonNode unreachable = browser.script(
                "return [...document.querySelectorAll('button')].filter(b => b.tabIndex < 0 || !b.textContent.trim()).length");
        assertThat(unreachable.asInt()).isZero();
        browser.press(TAB);
        assertThat(browser.script("return document.activeElement.tagName").asText())
                .isEqualTo("BUTTON");
    }

    @Test
    void callsOfToolsAreShown() throws Exception {
        // the page offers no tools itself; a session may have been used by another client
        try (var session = engine.openSession()) {
            session.send(dev.longspan.ChatRequest.builder()
                    .user("!call look\n!end")
                    .tools(List.of(new dev.longspan.ToolSpecification("look", "looks", "{\"type\": \"object\"}")))
                    .build());
            browser.open(server.address());
            browser.await("document.querySelector('#sessions button')");
            browser.click("#sessions button");
            browser.await("document.querySelector('.call')");
            assertThat(browser.text(".call")).startsWith("look({");
        }
    }

    @Test
    void anAnswerIsStopped() throws Exception {
        backend.gate().hold();
        say("!loop");
        browser.await("!document.getElementById('stop').disabled");
        backend.gate().awaitWaiting(java.time.Duration.ofSeconds(20));
        browser.press(ESCAPE);
        browser.await("document.getElementById('note').textContent.startsWith('Stopped')");
        Thread.sleep(500); // until the server has seen it, too
        backend.gate().release();
        browser.await("!document.getElementById('send').disabled");
        awaitIdle();
        assertThat(only().messages()).isZero();
        // what was asked is still there to be changed
        assertThat(browser.script("return document.getElementById('text').value")
                        .asText())
                .isEqualTo("!loop");
    }

    @Test
    void messagesAreGoneBackToAndForked() {
        say("!say one\n!end");
        answered(2);
        say("!say two\n!end");
        answered(4);
        String first = only().id();
        browser.click("#messages li:nth-child(2) .actions button:nth-child(2)");
        browser.await("document.querySelectorAll('#sessions li').length === 2");
        answered(2);
        assertThat(engine.session(first).history()).hasSize(4);
        browser.click("#sessions button[aria-label=\"Open session " + first + "\"]");
        answered(4);
        browser.click("#messages li:nth-child(2) .actions button:nth-child(1)");
        answered(2);
        assertThat(engine.session(first).history()).hasSize(2);
    }

    @Test
    void conversationsAreSavedAndLoaded() {
        say("!say one\n!end");
        answered(2);
        browser.click("#save");
        browser.await("document.querySelectorAll('#snapshots li').length === 1");
        browser.click("#sessions li button:nth-child(2)");
        browser.await("document.querySelectorAll('#sessions li').length === 0");
        browser.click("#snapshots li button");
        answered(2);
        assertThat(only().messages()).isEqualTo(2);
        browser.click("#snapshots li button:nth-child(2)");
        browser.await("document.querySelectorAll('#snapshots li').length === 0");
    }

    @Test
    void faultsAreSaid() {
        say("x".repeat(60) + "\n!fail");
        browser.await("document.getElementById('note').textContent !== ''");
        assertThat(browser.text("#note")).contains("the server failed");
        assertThat(only().messages()).isZero();
    }

    @Test
    void aPhoneShowsTheConversation() throws Exception {
        try (Browser phone = new Browser(Files.createDirectories(folder.resolve("phone")), 500, 800)) {
            phone.open(server.address());
            phone.await("document.getElementById('model').textContent === 'digest'");
            assertThat(phone.script("return getComputedStyle(document.getElementById('side')).display")
                            .asText())
                    .isEqualTo("none");
            assertThat(phone.script("return document.documentElement.scrollWidth <= innerWidth")
                            .asBoolean())
                    .isTrue();
            phone.click("#menu");
            phone.await("getComputedStyle(document.getElementById('side')).display !== 'none'");
            assertThat(phone.script("return document.getElementById('menu').getAttribute('aria-expanded')")
                            .asText())
                    .isEqualTo("true");
            assertThat(phone.complaints()).isEmpty();
        }
    }

    @Test
    void nothingComesFromElsewhere() {
        JsonNode loaded = browser.script("return performance.getEntriesByType('resource').map(e => e.name)");
        loaded.forEach(
                name -> assertThat(name.asText()).startsWith(server.address().toString()));
        // a script that is not the page's own is not run
        browser.script(
                "const s = document.createElement('script'); s.textContent = 'window.foreign = 1'; document.body.append(s)");
        assertThat(browser.script("return window.foreign === undefined").asBoolean())
                .isTrue();
        assertThat(browser.complaints()).singleElement().asString().contains("Content Security Policy");
    }
}
