package dev.longspan.engine;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** One batch, for the flight recorder. */
@Name("dev.longspan.Step")
@Label("Engine step")
@Description("One batch of runs computed by the backend")
@Category("Longspan")
@StackTrace(false)
@SuppressWarnings("UnusedVariable") // read by the flight recorder
final class StepEvent extends Event {
    @Label("Runs")
    int runs;

    @Label("Tokens")
    int tokens;
}
