package dev.longspan.it;

class ReferenceDeterminismTest extends Determinism {
    ReferenceDeterminismTest() {
        super(ExactBackend.REFERENCE);
    }
}
