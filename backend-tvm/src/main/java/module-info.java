/** The fast backend: kernels compiled ahead of time by Apache TVM. */
module dev.longspan.tvm {
    requires com.sun.jna;
    requires transitive dev.longspan.spi;
    requires java.management;
    requires jdk.management;
    requires org.slf4j;
    requires static org.jspecify;

    exports dev.longspan.tvm;

    provides dev.longspan.spi.BackendProvider with
            dev.longspan.tvm.TvmBackendProvider;
}
