package dev.longspan.session;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A snapshot saved or loaded, for the flight recorder. */
@Name("dev.longspan.Snapshot")
@Label("Snapshot")
@Description("A session saved as a snapshot, or loaded from one")
@Category("Longspan")
@StackTrace(false)
@SuppressWarnings("UnusedVariable") // read by the flight recorder
final class SnapshotEvent extends Event {
    @Label("Operation")
    String operation = "";

    @Label("Bytes")
    long bytes;

    void finish(String what, long size) {
        end();
        if (shouldCommit()) {
            operation = what;
            bytes = size;
            commit();
        }
    }
}
