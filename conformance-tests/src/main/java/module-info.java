/**
 * The conformance kit: proves a backend against the rules of {@link dev.longspan.spi}, and offers the digest backend for
 * the tests of applications.
 */
module dev.longspan.tck {
    requires transitive dev.longspan.spi;
    requires java.management;
    requires jdk.management;
    requires static transitive org.jspecify;
    requires static transitive org.junit.jupiter.api;

    uses dev.longspan.spi.BackendProvider;

    exports dev.longspan.tck;
}
