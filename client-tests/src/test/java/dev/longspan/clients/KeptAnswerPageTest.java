package dev.longspan.clients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.TurnOptions;
import dev.longspan.http.HttpAdapterBuilder;
import org.junit.jupiter.api.Test;

/** The page of a server that keeps what a client was sent before it left. */
class KeptAnswerPageTest extends OnPage {
    @Override
    HttpAdapterBuilder configure(HttpAdapterBuilder builder) {
        return builder.onCancel(TurnOptions.Cancelled.KEEP);
    }

    @Test
    void whatIsKeptIsNotGivenBackToBeSentAgain() throws Exception {
        browser.click("#new");
        String id = shown();
        browser.type("#text", "!loop");
        backend.gate().hold();
        browser.press(ENTER);
        for (int i = 0; i < 40; i++) {
            backend.gate().awaitWaiting(PATIENCE);
            backend.gate().step();
        }
        browser.await("document.querySelectorAll('#messages li .body').length > 1");
        backend.gate().awaitWaiting(PATIENCE);
        browser.press(ESCAPE);
        noted("Stopped");
        Thread.sleep(200);
        backend.gate().release();
        idle();
        awaitIdle();
        assertThat(engine.session(id).history()).hasSize(2);
        answered(2);
        noted("the session keeps");
        assertThat(typed()).isEmpty();
    }
}
