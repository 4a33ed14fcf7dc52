package dev.longspan.snapshot;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.SpanAttention;

/**
 * A network in one fixed text, equal where and only where the networks are. It must never change for the same network, or
 * snapshots become strangers to their own model; numbers with fractions are written by their bits, since their decimal form
 * is not the same in every Java version.
 */
final class Architecture {
    private final StringBuilder text = new StringBuilder();

    private Architecture() {}

    static String text(ModelSpec spec) {
        Architecture writer = new Architecture();
        writer.line(
                "network", spec.vocabularySize(), spec.hiddenSize(), spec.normEpsilon(), spec.tiedEmbeddings() ? 1 : 0);
        spec.layers().forEach(writer::layer);
        return writer.text.toString();
    }

    private void layer(LayerSpec layer) {
        if (layer instanceof LayerSpec.Mamba m) {
            line(
                    "mamba",
                    m.heads(),
                    m.headSize(),
                    m.groups(),
                    m.stateSize(),
                    m.convolutionWidth(),
                    m.minTimeStep(),
                    m.maxTimeStep());
        } else if (layer instanceof LayerSpec.Attention a) {
            attention(a);
        } else if (layer instanceof LayerSpec.Mlp m) {
            line("mlp", m.innerSize());
        } else if (layer instanceof LayerSpec.Experts e) {
            line(
                    "experts",
                    e.experts(),
                    e.perToken(),
                    e.innerSize(),
                    e.sharedInnerSize(),
                    e.groups(),
                    e.topGroups(),
                    e.normalized() ? 1 : 0,
                    e.scaling());
        } else {
            throw new IllegalArgumentException("no text for the layer " + layer);
        }
    }

    private void attention(LayerSpec.Attention layer) {
        AttentionHeads heads = layer.heads();
        SpanAttention span = layer.span();
        if (span == null) {
            line("attention", heads.queryHeads(), heads.keyValueHeads(), heads.headSize());
        } else {
            line(
                    "span attention",
                    heads.queryHeads(),
                    heads.keyValueHeads(),
                    heads.headSize(),
                    span.windowIndex(),
                    span.spans(),
                    span.backwardFactor(),
                    span.forwardFactor(),
                    span.searchPower(),
                    span.spanPower(),
                    span.searchScale());
        }
    }

    private void line(String kind, Number... numbers) {
        text.append(kind);
        for (Number number : numbers) {
            text.append(' ');
            if (number instanceof Double real) {
                text.append(Long.toHexString(Double.doubleToLongBits(real)));
            } else {
                text.append(number);
            }
        }
        text.append('\n');
    }
}
