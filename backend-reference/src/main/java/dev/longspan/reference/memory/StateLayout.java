package dev.longspan.reference.memory;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import java.util.ArrayList;
import java.util.List;

/**
 * The sizes of what one sequence holds.
 *
 * @param attention the attention layers in order
 * @param attentionLayers their indices in the network
 * @param mamba the Mamba layers in order
 * @param mambaLayers their indices in the network
 */
public record StateLayout(
        List<AttentionHeads> attention,
        List<Integer> attentionLayers,
        List<LayerSpec.Mamba> mamba,
        List<Integer> mambaLayers) {
    /** Copies the components. */
    public StateLayout {
        attention = List.copyOf(attention);
        attentionLayers = List.copyOf(attentionLayers);
        mamba = List.copyOf(mamba);
        mambaLayers = List.copyOf(mambaLayers);
    }

    /**
     * {@return the layout of a network's sequences}
     *
     * @param spec the network
     */
    public static StateLayout of(ModelSpec spec) {
        List<AttentionHeads> attention = new ArrayList<>();
        List<Integer> attentionLayers = new ArrayList<>();
        List<LayerSpec.Mamba> mamba = new ArrayList<>();
        List<Integer> mambaLayers = new ArrayList<>();
        for (int i = 0; i < spec.layers().size(); i++) {
            LayerSpec layer = spec.layers().get(i);
            if (layer instanceof LayerSpec.Attention a) {
                attention.add(a.heads());
                attentionLayers.add(i);
            } else if (layer instanceof LayerSpec.Mamba m) {
                mamba.add(m);
                mambaLayers.add(i);
            }
        }
        return new StateLayout(attention, attentionLayers, mamba, mambaLayers);
    }

    /** {@return the bytes of one page of keys and values of all attention layers; 0 if there is none} */
    public long pageBytes() {
        long sum = 0;
        for (AttentionHeads heads : attention) {
            sum += ArrayBytes.of(heads.headSize(), (long) heads.keyValueHeads() * Page.TOKENS)
                    + ArrayBytes.of(Page.TOKENS, (long) heads.keyValueHeads() * heads.headSize());
        }
        return sum;
    }

    /** {@return a bound of what one token adds, its share of a page rounded up} */
    public long perTokenBytes() {
        return (pageBytes() + Page.TOKENS - 1) / Page.TOKENS;
    }

    /** {@return the bytes of the recurrent states of all Mamba layers} */
    public long recurrentBytes() {
        long sum = 0;
        for (LayerSpec.Mamba layer : mamba) {
            sum += ArrayBytes.of(layer.convolutionWidth() - 1L, layer.channels())
                    + ArrayBytes.of(layer.stateSize(), layer.innerSize());
        }
        return sum;
    }

    /**
     * {@return how many pages hold a number of tokens}
     *
     * @param tokens the number of tokens
     */
    public int pages(int tokens) {
        return attention.isEmpty() ? 0 : (int) ((tokens + (long) Page.TOKENS - 1) / Page.TOKENS);
    }
}
