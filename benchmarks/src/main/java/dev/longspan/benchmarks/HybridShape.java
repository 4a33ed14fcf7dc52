package dev.longspan.benchmarks;

import java.util.List;

/**
 * The sizes of a synthetic hybrid network. Vocabulary 1024, so that the nano model's tokenizer fits.
 *
 * @param name what the model is called
 * @param layers one letter per layer: M Mamba-2, * attention, - MLP, E experts
 * @param hidden the width of the residual stream
 * @param mamba the sizes of every Mamba-2 layer
 * @param attention the sizes of every attention layer
 * @param mlpInner the inner size of every MLP
 * @param experts the sizes of every layer of experts
 */
record HybridShape(
        String name, String layers, int hidden, Mamba mamba, Attention attention, int mlpInner, Experts experts) {
    static final int VOCABULARY = 1024;
    static final int CONVOLUTION_WIDTH = 4;

    private static final String SPAN = "-span";
    private static final Mamba NANO_MAMBA = new Mamba(8, 32, 2, 32);
    private static final Attention NANO_ATTENTION = new Attention(4, 2, 32, false);
    private static final Experts NO_EXPERTS = new Experts(0, 0, 0, 0, 1.0);

    private static final List<HybridShape> SIZES = List.of(
            new HybridShape("nano-dense", "M*-M-M*-M-", 128, NANO_MAMBA, NANO_ATTENTION, 320, NO_EXPERTS),
            new HybridShape(
                    "nano-moe", "M*EMEM*EME", 128, NANO_MAMBA, NANO_ATTENTION, 0, new Experts(4, 2, 128, 128, 1.0)),
            new HybridShape(
                    "0.1b",
                    "MEMEM*EMEMEM*EMEMEM*EMEME",
                    512,
                    new Mamba(12, 64, 4, 128),
                    new Attention(6, 2, 128, false),
                    0,
                    new Experts(16, 2, 352, 704, 2.5)),
            new HybridShape(
                    "0.1b-dense",
                    "M-M-M*-M-M-M*-M-M-M*-M-M-",
                    768,
                    new Mamba(18, 64, 6, 128),
                    new Attention(9, 3, 128, false),
                    3072,
                    NO_EXPERTS),
            new HybridShape(
                    "1b",
                    "MEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEME",
                    1344,
                    new Mamba(32, 64, 8, 128),
                    new Attention(16, 2, 128, false),
                    0,
                    new Experts(16, 2, 928, 1856, 2.5)));

    /**
     * @param heads nh
     * @param headSize hd
     * @param groups g
     * @param stateSize N
     */
    record Mamba(int heads, int headSize, int groups, int stateSize) {
        int inner() {
            return heads * headSize;
        }

        int channels() {
            return inner() + 2 * groups * stateSize;
        }
    }

    /**
     * @param heads query heads
     * @param keyValueHeads key and value heads
     * @param headSize D
     * @param span whether it is span attention with the released parameters, else dense
     */
    record Attention(int heads, int keyValueHeads, int headSize, boolean span) {
        int queries() {
            return heads * headSize;
        }

        int keys() {
            return keyValueHeads * headSize;
        }
    }

    /**
     * @param count how many routed experts
     * @param perToken how many a token uses
     * @param inner the inner size of a routed expert
     * @param sharedInner the inner size of the shared expert
     * @param scaling the factor on the chosen weights
     */
    record Experts(int count, int perToken, int inner, int sharedInner, double scaling) {}

    /** {@return the names that {@link #named} knows, without the variants with span attention} */
    static List<String> names() {
        return SIZES.stream().map(HybridShape::name).toList();
    }

    /** {@return whether {@link #named} knows the name} */
    static boolean isKnown(String name) {
        return names().contains(withoutSpan(name));
    }

    /**
     * {@return the shape with a name; {@code -span} behind any name asks for span attention instead of dense}
     *
     * @throws IllegalArgumentException if there is none
     */
    static HybridShape named(String name) {
        for (HybridShape size : SIZES) {
            if (size.name.equals(name)) {
                return size;
            }
            if (size.name.equals(withoutSpan(name))) {
                return size.withSpans();
            }
        }
        throw new IllegalArgumentException(
                "size: expected one of " + names() + ", with or without " + SPAN + ", found " + name);
    }

    boolean hasExperts() {
        return layers.indexOf('E') >= 0;
    }

    private HybridShape withSpans() {
        Attention spans = new Attention(attention.heads, attention.keyValueHeads, attention.headSize, true);
        return new HybridShape(name + SPAN, layers, hidden, mamba, spans, mlpInner, experts);
    }

    private static String withoutSpan(String name) {
        return name.endsWith(SPAN) ? name.substring(0, name.length() - SPAN.length()) : name;
    }
}
