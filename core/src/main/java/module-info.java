/** What an application uses: the chat engine, requests, answers and streams. It computes on any backend it finds. */
module dev.longspan.core {
    requires transitive dev.longspan.spi;
    requires com.fasterxml.jackson.databind;
    requires jdk.jfr;
    requires org.slf4j;
    requires static transitive org.jspecify;

    exports dev.longspan;

    uses dev.longspan.spi.BackendProvider;
}
