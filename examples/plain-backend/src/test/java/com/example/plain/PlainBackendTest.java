package com.example.plain;

import dev.longspan.spi.BackendProvider;
import dev.longspan.tck.BackendConformance;

class PlainBackendTest extends BackendConformance {
    @Override
    protected BackendProvider provider() {
        return new PlainBackendProvider();
    }
}
