package dev.longspan.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.ChatMessage;
import dev.longspan.InvalidRequestException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** One system message at most, and the first. */
@Tag("fast")
class JoinedTest {
    private static final ChatMessage BRIEF = ChatMessage.system("be brief");
    private static final ChatMessage LONG = ChatMessage.system("be long");
    private static final ChatMessage HELLO = ChatMessage.user("hello");

    private static Committed with(int cached, ChatMessage... messages) {
        return new Committed(1, List.of(messages), new int[cached], List.of(), List.of(), List.of(), Optional.empty());
    }

    @Test
    void theFirstIsTakenTheSameIsLeftOut() {
        assertThat(Joined.history(with(0), List.of(BRIEF, HELLO))).containsExactly(BRIEF, HELLO);
        assertThat(Joined.history(with(9, BRIEF, HELLO), List.of(BRIEF, HELLO))).containsExactly(BRIEF, HELLO, HELLO);
    }

    @Test
    void anotherReplacesItWhileNothingIsCached() {
        assertThat(Joined.history(with(0, BRIEF), List.of(LONG, HELLO))).containsExactly(LONG, HELLO);
        assertThat(Joined.history(with(0, HELLO), List.of(LONG))).containsExactly(LONG, HELLO);
        assertThatThrownBy(() -> Joined.history(with(1, BRIEF), List.of(LONG)))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("messages[0]");
    }

    @Test
    void oneInTheMiddleIsRefused() {
        assertThatThrownBy(() -> Joined.history(with(0), List.of(HELLO, LONG)))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("messages[1]");
        assertThatThrownBy(() -> Joined.history(with(0), List.of(BRIEF, LONG)))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("messages[1]");
    }
}
