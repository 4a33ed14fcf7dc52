package dev.longspan.clients;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The page, in a browser. */
class PageTest extends OnPage {

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
        String id;
        int round = 0;
        do { // until the server has seen it before the answer went on
            browser.click("#new");
            round++;
            browser.await("document.querySelectorAll('#sessions li').length === " + round);
            browser.script("document.getElementById('text').value = ''");
            id = shown();
            backend.gate().hold();
            say("!loop");
            browser.await("!document.getElementById('stop').disabled");
            backend.gate().awaitWaiting(PATIENCE);
            browser.press(ESCAPE);
            browser.await("document.getElementById('note').textContent.startsWith('Stopped')");
            Thread.sleep(200); // most often that is enough
            backend.gate().release();
            browser.await("!document.getElementById('send').disabled");
            awaitIdle();
        } while (engine.session(id).info().messages() > 0);
        // what was asked is still there to be changed
        assertThat(typed()).isEqualTo("!loop");
    }

    @Test
    void whatIsTypedDuringAnAnswerStays() throws Exception {
        backend.gate().hold();
        say("!say one\n!end");
        backend.gate().awaitWaiting(PATIENCE);
        assertThat(typed()).isEmpty();
        browser.type("#text", "my next question");
        backend.gate().release();
        answered(2);
        assertThat(typed()).isEqualTo("my next question");
        assertThat(only().messages()).isEqualTo(2);
    }

    @Test
    void whatWasNotSentIsPutBackUnlessMoreWasTyped() throws Exception {
        backend.gate().hold();
        say("x".repeat(60) + "\n!fail");
        backend.gate().awaitWaiting(PATIENCE);
        browser.type("#text", "something else");
        backend.gate().release();
        noted("the server failed");
        idle();
        assertThat(typed()).isEqualTo("something else");
        browser.script("document.getElementById('text').value = ''");
        say("x".repeat(60) + "\n!fail");
        noted("the server failed");
        assertThat(typed()).isEqualTo("x".repeat(60) + "\n!fail");
        idle();
    }

    @Test
    void sessionsAreAnsweredInSideBySide() throws Exception {
        backend.gate().hold();
        say("!say first\n!end");
        backend.gate().awaitWaiting(PATIENCE);
        String first = shown();
        browser.click("#new");
        browser.await(
                "document.querySelectorAll('#sessions li').length === 2 && !document.getElementById('send').disabled");
        String second = shown();
        assertThat(second).isNotEqualTo(first);
        assertThat(browser.text("#messages")).isEmpty();
        assertThat(browser.script("return document.getElementById('stop').disabled")
                        .asBoolean())
                .isTrue();
        assertThat(browser.text("#sessions [aria-busy=true]")).isEqualTo(first);
        browser.press(ESCAPE); // stops nothing, for nothing is being answered here
        say("!say second\n!end");
        browser.await("document.querySelectorAll('#sessions [aria-busy=true]').length === 2");
        showSession(first);
        assertThat(browser.text("#messages li.user .body")).isEqualTo("!say first\n!end");
        showSession(second);
        assertThat(browser.text("#messages li.user .body")).isEqualTo("!say second\n!end");
        backend.gate().release();
        answered(2);
        assertThat(browser.text("#messages li.assistant > .body")).isEqualTo("second");
        idle();
        showSession(first);
        answered(2);
        assertThat(browser.text("#messages li.assistant > .body")).isEqualTo("first");
        assertThat(engine.session(first).history()).hasSize(2);
        assertThat(engine.session(second).history()).hasSize(2);
    }

    @Test
    void anAnswerIsStoppedWhereItIsMadeOnly() throws Exception {
        backend.gate().hold();
        say("!say first\n!end");
        backend.gate().awaitWaiting(PATIENCE);
        String first = shown();
        browser.click("#new");
        browser.await("!document.getElementById('send').disabled");
        String second = shown();
        say("!loop");
        browser.await("document.querySelectorAll('#sessions [aria-busy=true]').length === 2");
        browser.press(ESCAPE);
        noted("Stopped");
        backend.gate().release();
        idle();
        assertThat(shown()).isEqualTo(second);
        assertThat(engine.session(first).history()).hasSize(2);
        showSession(first);
        answered(2);
        assertThat(browser.text("#note")).isEmpty();
    }

    @Test
    void whatFailsIsSaidWhereItWasAsked() throws Exception {
        backend.gate().hold();
        String failing = "x".repeat(60) + "\n!fail";
        say(failing);
        backend.gate().awaitWaiting(PATIENCE);
        String first = shown();
        browser.click("#new");
        browser.await(
                "document.querySelectorAll('#sessions li').length === 2 && !document.getElementById('send').disabled");
        String second = shown();
        backend.gate().release();
        idle();
        assertThat(shown()).isEqualTo(second);
        assertThat(browser.text("#note")).isEmpty();
        assertThat(browser.text("#messages")).isEmpty();
        assertThat(typed()).isEmpty();
        showSession(first);
        noted("the server failed");
        assertThat(typed()).isEqualTo(failing);
    }

    @Test
    void aSessionThatWasClosedElsewhereGivesWayToANewOne() {
        say("!say one\n!end");
        answered(2);
        String first = only().id();
        // then the page has no question to the server left whose answer would tell
        browser.await("document.querySelector('#sessions [aria-current=true]').title.startsWith('2 messages')");
        engine.session(first).close();
        say("!say two\n!end");
        noted("closed elsewhere");
        idle();
        assertThat(typed()).isEqualTo("!say two\n!end");
        assertThat(browser.complaints()).singleElement().asString().contains("404");
        // what was said can still be read
        assertThat(browser.text("#messages li.assistant > .body")).isEqualTo("one");
        browser.press(ENTER);
        answered(2);
        assertThat(browser.text("#messages li.assistant > .body")).isEqualTo("two");
        assertThat(only().id()).isNotEqualTo(first).isEqualTo(shown());
    }

    @Test
    void aSessionMayBeClosedDuringItsAnswer() throws Exception {
        backend.gate().hold();
        say("!loop");
        backend.gate().awaitWaiting(PATIENCE);
        shown();
        browser.click("#sessions li button:nth-child(2)");
        browser.click("#yes");
        // as long as the step takes the server says that it goes on, and is asked again
        browser.await("performance.getEntriesByType('resource').some(e => e.responseStatus === 409)");
        backend.gate().release();
        browser.await(
                "document.querySelectorAll('#sessions li').length === 0 && !document.getElementById('send').disabled");
        awaitIdle();
        assertThat(browser.text("#note")).isEmpty();
        assertThat(browser.text("#messages")).isEmpty();
        assertThat(browser.complaints()).isNotEmpty().allMatch(each -> each.contains("409"));
        say("!say one\n!end");
        answered(2);
        assertThat(only().messages()).isEqualTo(2);
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
        browser.click("#yes");
        browser.await("document.querySelectorAll('#sessions li').length === 0");
        browser.click("#snapshots li button");
        answered(2);
        assertThat(only().messages()).isEqualTo(2);
        browser.click("#snapshots li button:nth-child(2)");
        browser.click("#yes");
        browser.await("document.querySelectorAll('#snapshots li').length === 0");
    }

    @Test
    void whatIsClickedTwiceIsDoneOnce() {
        say("!say one\n!end");
        answered(2);
        browser.script("const b = document.getElementById('save'); b.click(); b.click(); b.click()");
        browser.await("document.querySelectorAll('#snapshots li').length > 0");
        browser.script("const b = document.querySelector('#messages li:nth-child(2) .actions button:nth-child(2)');"
                + " b.click(); b.click()");
        browser.await("document.querySelectorAll('#sessions li').length > 1");
        browser.click("#save"); // again
        browser.await("document.querySelectorAll('#snapshots li').length > 1");
        assertThat(engine.snapshots().list()).hasSize(2);
        assertThat(engine.sessions()).hasSize(2);
    }

    @Test
    void nothingIsLostUnasked() {
        say("!say one\n!end");
        answered(2);
        browser.click("#save");
        browser.await("document.querySelectorAll('#snapshots li').length === 1");
        for (String list : List.of("#sessions", "#snapshots")) {
            // by keyboard; what is asked is answered with no, unless something else is chosen
            for (String no : List.of(ENTER, ESCAPE)) {
                browser.script("document.querySelector('" + list + " li button:nth-child(2)').focus()");
                browser.press(ENTER);
                browser.await("document.getElementById('sure-dialog').open");
                browser.press(no);
                browser.await("!document.getElementById('sure-dialog').open");
            }
        }
        assertThat(only().messages()).isEqualTo(2);
        assertThat(engine.snapshots().list()).hasSize(1);
        browser.script("document.querySelector('#snapshots li button:nth-child(2)').focus()");
        browser.press(ENTER);
        browser.await("document.getElementById('sure-dialog').open");
        assertThat(browser.text("#sure-title")).contains("Delete snapshot");
        browser.script("document.getElementById('yes').focus()");
        browser.press(ENTER);
        browser.await("document.querySelectorAll('#snapshots li').length === 0");
        assertThat(engine.snapshots().list()).isEmpty();
    }

    @Test
    void closingTheDialogOfTheKeyStopsNoAnswer() throws Exception {
        backend.gate().hold();
        say("!say one\n!end");
        backend.gate().awaitWaiting(PATIENCE);
        browser.script("document.getElementById('key-dialog').showModal()");
        browser.press(ESCAPE);
        browser.await("!document.getElementById('key-dialog').open");
        backend.gate().release();
        answered(2);
        assertThat(browser.text("#note")).isEmpty();
        assertThat(only().messages()).isEqualTo(2);
    }

    @Test
    void aKeyThatNoRequestCanCarryIsRefusedInPlainWords() {
        browser.script("document.getElementById('key-dialog').showModal()");
        browser.type("#key", "ключ-к-серверу");
        browser.press(ENTER);
        browser.await("document.getElementById('key-note').textContent.includes('к')");
        assertThat(browser.script("return document.getElementById('key-dialog').open")
                        .asBoolean())
                .isTrue();
        browser.script("document.getElementById('key').value = ''");
        browser.type("#key", "a-key-that-can-be");
        browser.press(ENTER);
        browser.await("!document.getElementById('key-dialog').open");
        assertThat(browser.text("#note")).isEmpty();
        assertThat(browser.text("#key-note")).isEmpty();
    }

    @Test
    void faultsAreSaid() {
        say("x".repeat(60) + "\n!fail");
        browser.await("document.getElementById('note').textContent !== ''");
        assertThat(browser.text("#note")).contains("the server failed");
        assertThat(only().messages()).isZero();
    }

    @Test
    void aTitleEndsWithAWholeCharacter() {
        browser.script("document.getElementById('text').value = 'a'.repeat(59) + '\\u{1f600} hello\\n!say x\\n!end';"
                + "document.getElementById('ask').requestSubmit()");
        answered(2);
        browser.click("#save");
        browser.await("document.querySelectorAll('#snapshots li').length === 1");
        assertThat(browser.text("#snapshots button")).isEqualTo("a".repeat(59) + "\ud83d\ude00");
    }

    @Test
    void aPhoneShowsWhatFailsInItsMenu() throws Exception {
        try (Browser phone = new Browser(Files.createDirectories(folder.resolve("phone")), 500, 800)) {
            phone.open(server.address());
            phone.await("document.getElementById('model').textContent === 'digest'");
            phone.click("#menu");
            phone.click("#new");
            phone.await("!document.getElementById('save').disabled");
            phone.click("#menu");
            phone.click("#save"); // of which there is nothing yet
            phone.await("document.getElementById('note').textContent !== ''");
            assertThat(phone.script("const box = document.getElementById('note').getBoundingClientRect();"
                                    + "return document.elementFromPoint(box.left + 20, box.top + 12).id")
                            .asText())
                    .isEqualTo("note");
            phone.script("document.getElementById('note').textContent = 'x'.repeat(500)");
            assertThat(phone.script("return document.documentElement.scrollWidth <= innerWidth")
                            .asBoolean())
                    .isTrue();
            assertThat(phone.complaints()).singleElement().asString().contains("400");
        }
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
            // it makes way for what is chosen in it, and for Escape
            String away = "getComputedStyle(document.getElementById('side')).display === 'none'";
            phone.click("#new");
            phone.await(away + " && document.activeElement.id === 'text'");
            phone.click("#menu");
            phone.press(ESCAPE);
            phone.await(away + " && document.getElementById('menu').getAttribute('aria-expanded') === 'false'");
            phone.click("#menu");
            phone.click("#sessions button");
            phone.await(away);
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
