package dev.longspan.cli;

import dev.longspan.ChatEvent;
import dev.longspan.FinishReason;
import java.io.PrintStream;

/** Prints the text of answers, each ended by a line's end; what commands tell goes to standard error. */
final class PlainView implements AnswerView {
    private final Surroundings surroundings;
    private boolean inLine;

    PlainView(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public void show(ChatEvent event) {
        PrintStream out = surroundings.out();
        if (event instanceof ChatEvent.TextDelta delta) {
            out.print(delta.text());
            out.flush();
            inLine = true;
        } else if (event instanceof ChatEvent.Completed completed) {
            endLine();
            FinishReason reason = completed.response().finishReason();
            if (reason == FinishReason.LENGTH || reason == FinishReason.REPETITION) {
                surroundings.say("the answer was cut off: " + Explanation.of(reason));
            }
        }
    }

    @Override
    public void failed(Throwable error) {
        if (inLine) {
            endLine();
        }
        surroundings.say(Fault.of(error).line());
    }

    @Override
    public void report(Report report) {
        report.lines().forEach(line -> surroundings.err().println(Fault.oneLine(line)));
    }

    private void endLine() {
        surroundings.out().print('\n');
        surroundings.out().flush();
        inLine = false;
    }
}
