/**
 * The contract between Longspan's core and the backends that compute a model's network.
 *
 * <p>A backend provides a {@link dev.longspan.spi.BackendProvider} through {@link java.util.ServiceLoader}. It needs
 * nothing but this module.
 */
module dev.longspan.spi {
    requires static transitive org.jspecify;

    exports dev.longspan.spi;
}
