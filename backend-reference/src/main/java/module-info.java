/** The reference backend: every function of the network in plain Java, readable next to the definition. */
module dev.longspan.reference {
    requires transitive dev.longspan.spi;
    requires org.slf4j;
    requires static transitive org.jspecify;

    exports dev.longspan.reference;

    provides dev.longspan.spi.BackendProvider with
            dev.longspan.reference.ReferenceBackendProvider;
}
