/** The {@code longspan} command. */
module dev.longspan.cli {
    requires com.fasterxml.jackson.databind;
    requires dev.longspan.core;
    requires dev.longspan.http;
    requires dev.longspan.nano;
    requires info.picocli;
    // the terminal library takes Ctrl-C through sun.misc.Signal
    requires jdk.unsupported;
    requires org.jline;
    requires static org.jspecify;

    // picocli sets the annotated fields
    opens dev.longspan.cli to
            info.picocli;
}
