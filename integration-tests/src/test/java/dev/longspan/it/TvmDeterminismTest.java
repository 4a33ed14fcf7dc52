package dev.longspan.it;

class TvmDeterminismTest extends Determinism {
    TvmDeterminismTest() {
        super(ExactBackend.TVM);
    }
}
