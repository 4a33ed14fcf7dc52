package dev.longspan.reference.kernel;

import java.util.Random;

/** Runs the loops on random numbers and prints a hash of all bits: run in a Java runtime with or without vectors. */
public final class KernelBits {
    private KernelBits() {}

    /** The program: prints the class of the loops that were chosen, and the hash of their results. */
    public static void main(String[] arguments) {
        Kernels kernels = KernelChoice.best().kernels();
        System.out.println(kernels.getClass().getSimpleName() + " " + hash(kernels));
    }

    static long hash(Kernels kernels) {
        Random random = new Random(11);
        long hash = 0;
        for (int round = 0; round < 300; round++) {
            int inputs = 1 + random.nextInt(40);
            int outputs = 1 + random.nextInt(150);
            int rows = 1 + random.nextInt(6);
            float[][] x = matrix(random, rows, inputs);
            float[][] w = matrix(random, inputs, outputs);
            float[][] y = new float[rows][outputs];
            int from = random.nextInt(outputs);
            kernels.product(x, y, 0, rows, w, from, outputs);
            kernels.product(x, y, rows / 2, rows / 2 + 1, w, from, outputs);
            int offset = random.nextInt(outputs);
            float[] sums = matrix(random, 1, outputs + 7)[0];
            kernels.accumulate(x[0], 0, inputs, w, 0, offset, outputs - offset, sums, 5);
            float[] columns = new float[outputs];
            kernels.scan(w, from, outputs, sums, y[0], matrix(random, 1, 2 * inputs)[0], 0, inputs, columns);
            hash = mix(mix(mix(mix(hash, y), w), sums), columns);
        }
        return hash;
    }

    private static float[][] matrix(Random random, int rows, int columns) {
        float[][] made = new float[rows][columns];
        for (float[] row : made) {
            for (int i = 0; i < columns; i++) {
                row[i] = (float) random.nextGaussian();
            }
        }
        return made;
    }

    private static long mix(long hash, float[]... rows) {
        long mixed = hash;
        for (float[] row : rows) {
            for (float number : row) {
                mixed = 31 * mixed + Float.floatToRawIntBits(number);
            }
        }
        return mixed;
    }
}
