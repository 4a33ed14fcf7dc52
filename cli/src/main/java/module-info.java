/** The {@code longspan} command. */
module dev.longspan.cli {
    requires dev.longspan.core;
    requires com.fasterxml.jackson.databind;
    requires info.picocli;
    requires org.jline;
    requires org.slf4j;
    requires static org.jspecify;

    uses dev.longspan.spi.BackendProvider;
}
