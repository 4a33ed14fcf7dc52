package dev.longspan.cli;

import java.io.PrintWriter;
import java.util.Locale;
import org.jline.terminal.Terminal;
import org.jline.utils.InfoCmp.Capability;

/** A bar in the terminal's last line while something takes its time. What is over at the first word is not shown. */
final class ProgressBar {
    private static final int CELLS = 24;

    private final Terminal terminal;
    private final String label;
    private final String unit;
    private final boolean possible;
    private long shown = -1;

    ProgressBar(Terminal terminal, String label, String unit) {
        this.terminal = terminal;
        this.label = label;
        this.unit = unit;
        possible = terminal.getStringCapability(Capability.clr_eol) != null;
    }

    /** Draws the bar if it looks other than before. */
    void show(long done, long total) {
        if (!possible || total <= 0 || (shown < 0 && done >= total)) {
            return;
        }
        long percent = 100 * done / total;
        if (percent == shown) {
            return;
        }
        shown = percent;
        int full = (int) (CELLS * done / total);
        String bar = "#".repeat(full) + ".".repeat(CELLS - full);
        PrintWriter out = terminal.writer();
        out.print("\r" + label + " [" + bar + "] " + percent + " % of " + String.format(Locale.ROOT, "%,d", total) + " "
                + unit);
        terminal.puts(Capability.clr_eol);
        terminal.flush();
    }

    /** Takes the bar away, if it is there. */
    void clear() {
        if (shown >= 0) {
            terminal.writer().print("\r");
            terminal.puts(Capability.clr_eol);
            terminal.flush();
            shown = -1;
        }
    }
}
