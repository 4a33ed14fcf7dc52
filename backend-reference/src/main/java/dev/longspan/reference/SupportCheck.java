package dev.longspan.reference;

import dev.longspan.reference.memory.Page;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.Support;

/** Whether every row of a network fits into an array. */
final class SupportCheck {
    private static final long MOST = Integer.MAX_VALUE - 8L;

    private SupportCheck() {}

    static Support check(ModelSpec spec) {
        for (int i = 0; i < spec.layers().size(); i++) {
            long widest = widest(spec.layers().get(i));
            if (widest > MOST) {
                return new Support.Unsupported(
                        "layers[" + i + "]", "expected rows of at most " + MOST + " numbers, found one of " + widest);
            }
        }
        return new Support.Supported();
    }

    private static long widest(LayerSpec layer) {
        if (layer instanceof LayerSpec.Mamba m) {
            long inner = (long) m.heads() * m.headSize();
            return 2 * inner + 2L * m.groups() * m.stateSize() + m.heads();
        } else if (layer instanceof LayerSpec.Attention a) {
            long queries = (long) a.heads().queryHeads() * a.heads().headSize();
            return Math.max(queries, (long) a.heads().keyValueHeads() * Page.TOKENS);
        }
        return 0;
    }
}
