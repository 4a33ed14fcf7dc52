package dev.longspan.it;

import dev.longspan.reference.ReferenceBackendProvider;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.BackendProvider;
import dev.longspan.tvm.TvmBackendProvider;

/** The backends that compute a token to the same bits, whatever is computed beside it and in whatever pieces. */
enum ExactBackend {
    REFERENCE,
    TVM;

    private BackendProvider provider() {
        return switch (this) {
            case REFERENCE -> new ReferenceBackendProvider();
            case TVM -> new TvmBackendProvider();
        };
    }

    Backend open() {
        return provider().open(BackendOptions.defaults());
    }
}
