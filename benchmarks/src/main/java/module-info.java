/** Benchmarks of Longspan, run by hand. */
module dev.longspan.benchmarks {
    requires dev.longspan.core;
    requires dev.longspan.reference;
    requires dev.longspan.tck;
    requires jmh.core;
    requires static org.jspecify;
}
