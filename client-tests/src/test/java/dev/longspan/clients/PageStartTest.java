package dev.longspan.clients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.http.HttpAdapter;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** The page from when it is opened, or opened anew. */
class PageStartTest extends OnPage {
    @Test
    void itWaitsForTheModel() throws Exception {
        CountDownLatch there = new CountDownLatch(1);
        try (HttpAdapter other = HttpAdapter.builder()
                .engine("late", () -> {
                    there.await();
                    return newEngine();
                })
                .port(0)
                .start()) {
            browser.open(other.address());
            noted("being loaded");
            there.countDown();
            browser.await("document.getElementById('note').textContent === ''");
            say("!say one\n!end");
            answered(2);
            assertThat(browser.complaints()).isNotEmpty().allMatch(each -> each.contains("503"));
        }
    }

    @Test
    void aWrongKeyIsSaidToBeWhereItIsAsked() {
        try (HttpAdapter other = HttpAdapter.builder()
                .engine(engine)
                .port(0)
                .apiKey("the-right-key")
                .start()) {
            browser.open(other.address());
            browser.await("document.getElementById('key-dialog').open");
            assertThat(browser.text("#key-note")).isEmpty();
            browser.type("#key", "the-wrong-key");
            browser.press(ENTER);
            browser.await("document.getElementById('key-note').textContent.includes('does not know this key')");
            assertThat(browser.script("return document.getElementById('key-dialog').open")
                            .asBoolean())
                    .isTrue();
            browser.press("the-right-key"
                    .chars()
                    .mapToObj(Character::toString)
                    .toArray(String[]::new)); // in its place, for it is selected
            browser.press(ENTER);
            browser.await("document.getElementById('model').textContent === 'digest'");
            assertThat(browser.complaints()).isNotEmpty().allMatch(each -> each.contains("401"));
        }
    }

    @Test
    void theSessionIsShownAgainThoughThePageIsLoadedAnew() throws Exception {
        say("!say one\n!end");
        answered(2);
        String id = shown();
        backend.gate().hold();
        say("!loop");
        backend.gate().awaitWaiting(Duration.ofSeconds(20));
        browser.open(server.address());
        while (engine.load().running() > 0) { // until the server has seen that the page is gone
            backend.gate().step();
            Thread.sleep(1);
        }
        noted("loaded anew");
        answered(2);
        assertThat(shown()).isEqualTo(id);
        assertThat(typed()).isEqualTo("!loop");
        browser.open(server.address());
        answered(2);
        assertThat(shown()).isEqualTo(id);
        assertThat(browser.text("#note")).isEmpty();
    }

    @Test
    void anAnswerThatWasWholeIsNotSaidToBeStopped() {
        say("!say one\n!end");
        answered(2);
        browser.script("answers.set(session, {text: 'one', sequence: 0})"); // as if the page had not heard of its end
        browser.open(server.address());
        answered(2);
        assertThat(browser.text("#note")).isEmpty();
        assertThat(typed()).isEmpty();
    }

    @Test
    void theLastMessageIsSeenWithItsButtons() {
        say("word\n".repeat(30) + "!say one\n!end");
        answered(2);
        browser.await("document.querySelector('#messages li:last-child .actions').getBoundingClientRect().bottom"
                + " <= document.getElementById('messages').getBoundingClientRect().bottom");
    }
}
