/** The reference backend: every function of the network in plain Java, readable next to the definition. */
module dev.longspan.reference {
    requires transitive dev.longspan.spi;
    requires org.slf4j;
    requires static transitive org.jspecify;
    requires static jdk.incubator.vector;

    uses dev.longspan.reference.kernel.Kernels;

    exports dev.longspan.reference;

    provides dev.longspan.spi.BackendProvider with
            dev.longspan.reference.ReferenceBackendProvider;
    provides dev.longspan.reference.kernel.Kernels with
            dev.longspan.reference.kernel.VectorKernels;
}
