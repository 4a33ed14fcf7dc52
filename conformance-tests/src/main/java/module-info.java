/**
 * The conformance kit: proves a backend against the rules of {@link dev.longspan.spi}, and offers the digest backend for
 * the tests of applications.
 */
module dev.longspan.tck {
    requires transitive dev.longspan.spi;
    requires static transitive org.jspecify;

    exports dev.longspan.tck;
}
