package dev.longspan.tvm.network;

import dev.longspan.tvm.memory.Padding;

/** How the numbers of a matrix lie in memory. */
enum MatrixLayout {
    /** Row by row, each padded by zeros. */
    ROWS {
        @Override
        long outputs(long outputs) {
            return outputs;
        }

        @Override
        int rows(int readAtOnce) {
            return readAtOnce;
        }

        @Override
        int index(Matrix.Kind kind, int row, int input, int paddedInputs) {
            return row * paddedInputs + input;
        }
    },

    /**
     * In panels of {@value #PANEL} outputs, the last padded by zeros, as the kernels for processors read them: of each pair of inputs
     * first all that a panel has of it. In bfloat16 both numbers of an output are side by side; in float32 those of the first input
     * come before those of the second.
     */
    PANELS {
        @Override
        long outputs(long outputs) {
            return panels(outputs) * PANEL;
        }

        @Override
        int rows(int readAtOnce) {
            return PANEL;
        }

        @Override
        int index(Matrix.Kind kind, int row, int input, int paddedInputs) {
            int pair = (input & -2) * PANEL;
            return kind == Matrix.Kind.BF16 ? pair + 2 * row + (input & 1) : pair + (input & 1) * PANEL + row;
        }
    };

    /** How many outputs a panel has, as the kernels are compiled. */
    static final int PANEL = 32;

    /** {@return how many panels so many outputs fill} */
    static long panels(long outputs) {
        return KernelSet.parts(outputs, PANEL);
    }

    /** {@return as many outputs with those that it is padded by} */
    abstract long outputs(long outputs);

    /**
     * {@return how many rows, padded ones included, lie together: in memory they are followed by as many others}
     *
     * @param readAtOnce how many rows are read together
     */
    abstract int rows(int readAtOnce);

    /**
     * {@return where a number lies among those of the rows that lie together with it}
     *
     * @param row the number of its row among them
     */
    abstract int index(Matrix.Kind kind, int row, int input, int paddedInputs);

    /** {@return the bytes of a matrix} */
    long bytes(Matrix.Kind kind, int outputs, int inputs) {
        return Math.multiplyExact(outputs(outputs), (long) Padding.padded(inputs) * kind.bytes());
    }
}
