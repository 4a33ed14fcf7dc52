package dev.longspan.http.chat;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LogTextTest {
    @Test
    void whatOthersWroteStaysOnItsLine() {
        assertThat(LogText.of("plain ä €")).isEqualTo("'plain ä €'");
        assertThat(LogText.of("a\n[INFO] forged\r\u001b[31m\u2028\u0085"))
                .isEqualTo("'a\\u{a}[INFO] forged\\u{d}\\u{1b}[31m\\u{2028}\\u{85}'");
        assertThat(LogText.of("it's \\ 'quoted'")).isEqualTo("'it\\'s \\\\ \\'quoted\\''");
        assertThat(LogText.of("\u202etxet")).startsWith("'\\u{202e}");
    }
}
