package dev.longspan.clients;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The page in two tabs that show one session, of which one does not know what the other did. */
class SharedSessionPageTest extends OnPage {
    private static final String LAST_KEEP = "#messages li:nth-child(2) .actions button:nth-child(1)";
    private static final String LAST_FORK = "#messages li:nth-child(2) .actions button:nth-child(2)";

    @BeforeEach
    void writeInAnotherTab() {
        say("!say France\n!end");
        answered(2);
        String id = only().id();
        String stale = browser.tab();
        browser.openTab(server.address());
        browser.await("document.querySelector('#sessions button')");
        showSession(id);
        answered(2);
        say("!say Italy\n!end");
        answered(4);
        browser.turnTo(stale);
        answered(2);
    }

    /** The tab tells that others wrote, and shows all that there is. */
    private void movedTo(int messages) {
        noted("Others wrote in this session");
        answered(messages);
        assertThat(only().messages()).isEqualTo(messages);
        assertThat(browser.complaints()).singleElement().asString().contains("409");
    }

    @Test
    void aMessageIsNotSentIntoWhatIsNotShown() {
        say("!say Berlin\n!end");
        movedTo(4);
        assertThat(typed()).isEqualTo("!say Berlin\n!end");
        idle();
        browser.press(ENTER);
        answered(6);
        assertThat(browser.text("#note")).isEmpty();
        browser.click("#messages li:nth-child(4) .actions button:nth-child(1)");
        answered(4);
        assertThat(only().messages()).isEqualTo(4);
    }

    @Test
    void nothingIsRolledBackThatIsNotShown() {
        browser.click(LAST_KEEP);
        movedTo(4);
        browser.click(LAST_KEEP);
        answered(2);
        assertThat(browser.text("#note")).isEmpty();
        assertThat(engine.session(only().id()).history()).hasSize(2);
    }

    @Test
    void nothingIsForkedThatIsNotShown() {
        browser.click(LAST_FORK);
        movedTo(4); // and no fork is left
        browser.click(LAST_FORK);
        browser.await("document.querySelectorAll('#sessions li').length === 2");
        answered(2);
        assertThat(browser.text("#messages li.assistant > .body")).isEqualTo("France");
        // the fork, too, is as it is shown
        say("!say Spain\n!end");
        answered(4);
        assertThat(engine.session(shown()).history()).hasSize(4);
    }
}
