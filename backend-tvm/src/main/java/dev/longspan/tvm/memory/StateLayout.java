package dev.longspan.tvm.memory;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the parts of a sequence lie in its pages and in its recurrent memory; all numbers but those of bytes count float32 elements.
 *
 * <p>A page holds of each attention layer {@code [2, PAGE, G, padded D]} or {@code [2, G, PAGE, padded D]}, keys first; which of
 * them, {@link PageOrder} says. The recurrent memory holds of each Mamba layer the last inputs of the convolution, {@code [w − 1, C]}
 * oldest first, and the state, {@code [nh, hd, padded N]}.
 */
public final class StateLayout {
    /** How many tokens a page holds, as the kernels are compiled. */
    public static final int PAGE = 128;

    private static final int LEAST_TABLE = 64;

    private final List<AttentionPart> attention = new ArrayList<>();
    private final List<MambaPart> mamba = new ArrayList<>();
    private final long pageElements;
    private final long recurrentElements;

    /**
     * An attention layer's part of a page.
     *
     * @param layer the layer's index in the network
     * @param heads its sizes
     * @param order how its keys and values lie
     * @param first where it begins
     */
    public record AttentionPart(int layer, AttentionHeads heads, PageOrder order, long first) {
        /** {@return the size of a head as it lies in memory} */
        public int paddedHeadSize() {
            return Padding.padded(heads.headSize());
        }

        long elements() {
            return 2L * PAGE * heads.keyValueHeads() * paddedHeadSize();
        }
    }

    /**
     * A Mamba layer's part of the recurrent memory.
     *
     * @param layer the layer's index in the network
     * @param spec its sizes
     * @param convolutionFirst where the inputs of the convolution begin
     * @param stateFirst where the state begins
     */
    public record MambaPart(int layer, LayerSpec.Mamba spec, long convolutionFirst, long stateFirst) {
        /** {@return the length of a row of the state as it lies in memory} */
        public int paddedStateSize() {
            return Padding.padded(spec.stateSize());
        }

        long end() {
            return stateFirst + (long) spec.heads() * spec.headSize() * paddedStateSize();
        }
    }

    /** Lays out a network's sequences. */
    public StateLayout(ModelSpec spec, PageOrder order) {
        long page = 0;
        long recurrent = 0;
        for (int i = 0; i < spec.layers().size(); i++) {
            LayerSpec layer = spec.layers().get(i);
            if (layer instanceof LayerSpec.Attention a) {
                AttentionPart part = new AttentionPart(i, a.heads(), order, page);
                attention.add(part);
                page += part.elements();
            } else if (layer instanceof LayerSpec.Mamba m) {
                long inputs = (m.convolutionWidth() - 1L) * m.channels();
                long state = (recurrent + inputs + Padding.LANES - 1) / Padding.LANES * Padding.LANES;
                MambaPart part = new MambaPart(i, m, recurrent, state);
                mamba.add(part);
                recurrent = part.end();
            }
        }
        pageElements = page;
        recurrentElements = recurrent;
    }

    /** {@return the attention layers} */
    public List<AttentionPart> attention() {
        return attention;
    }

    /** {@return the Mamba layers} */
    public List<MambaPart> mamba() {
        return mamba;
    }

    /** {@return the bytes of a page; 0 if there is no attention} */
    public long pageBytes() {
        return Float.BYTES * pageElements;
    }

    /** {@return the bytes of the recurrent memory; 0 if there is no Mamba layer} */
    public long recurrentBytes() {
        return Float.BYTES * recurrentElements;
    }

    /** {@return a bound of what a sequence holds whatever its length} */
    public long perSequenceBytes() {
        return recurrentBytes() + pageBytes() + LEAST_TABLE;
    }

    /** {@return a bound of what one token adds} */
    public long perTokenBytes() {
        return pageBytes() == 0 ? 0 : (pageBytes() + 2 * Long.BYTES + PAGE - 1) / PAGE;
    }

    /** {@return the bytes of a table of so many pages: with room for some more, so that it is not made anew for each} */
    static long tableBytes(int pages) {
        return Math.max(LEAST_TABLE, (long) Long.BYTES * 2 * Integer.highestOneBit(pages));
    }

    /** {@return how many pages hold a number of tokens} */
    public int pages(int tokens) {
        return pageElements == 0 ? 0 : (int) ((tokens + (long) PAGE - 1) / PAGE);
    }
}
