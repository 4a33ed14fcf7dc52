package dev.longspan.cli;

import dev.longspan.ChatEvent;

/** Shows answers as they come, and what commands tell. */
interface AnswerView {
    /** Shows an event of an answer; never {@link ChatEvent.Failed}, which comes as {@link #failed}. */
    void show(ChatEvent event);

    /** Shows that there is no answer, or no more of it. */
    void failed(Throwable error);

    /** Shows what a command tells. */
    void report(Report report);
}
