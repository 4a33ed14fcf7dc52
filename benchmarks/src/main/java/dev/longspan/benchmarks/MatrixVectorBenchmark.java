package dev.longspan.benchmarks;

import dev.longspan.reference.kernel.KernelChoice;
import dev.longspan.reference.kernel.Kernels;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One float32 matrix of 1856 × 2688 (an expert of the released model) times one vector, one thread: the reference backend's
 * kernel against the two loops one would write first.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class MatrixVectorBenchmark {
    private static final int OUTPUTS = 1856;
    private static final int INPUTS = 2688;

    private final float[] vector = new float[INPUTS];
    private final float[] result = new float[OUTPUTS];
    private final float[] byOutput = new float[OUTPUTS * INPUTS];
    private final float[][] byInput = new float[INPUTS][OUTPUTS];
    private final float[][] vectors = {vector};
    private final float[][] results = {result};
    private final Kernels plain = KernelChoice.plain().kernels();
    private final Kernels best = KernelChoice.best().kernels();

    /** Fills matrix and vector. */
    @Setup
    public void fill() {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < INPUTS; i++) {
            vector[i] = (float) random.nextGaussian();
            for (int o = 0; o < OUTPUTS; o++) {
                float weight = (float) random.nextGaussian();
                byOutput[o * INPUTS + i] = weight;
                byInput[i][o] = weight;
            }
        }
    }

    /** One sum per output, term by term. */
    @Benchmark
    public float[] plainDot() {
        for (int o = 0; o < OUTPUTS; o++) {
            int row = o * INPUTS;
            float sum = 0;
            for (int i = 0; i < INPUTS; i++) {
                sum += byOutput[row + i] * vector[i];
            }
            result[o] = sum;
        }
        return result;
    }

    /** Eight sums per output, so that additions do not wait for each other. */
    @Benchmark
    public float[] dotOfEightSums() {
        for (int o = 0; o < OUTPUTS; o++) {
            result[o] = dotOfEightSums(byOutput, o * INPUTS, vector);
        }
        return result;
    }

    /** The reference backend's plain kernel: the matrix by inputs. */
    @Benchmark
    public float[] plainKernel() {
        plain.product(vectors, results, 0, 1, byInput, 0, OUTPUTS);
        return result;
    }

    /** The kernel that the reference backend chooses here; the plain one, unless the JVM has the module of vectors. */
    @Benchmark
    public float[] chosenKernel() {
        best.product(vectors, results, 0, 1, byInput, 0, OUTPUTS);
        return result;
    }

    private static float dotOfEightSums(float[] matrix, int row, float[] x) {
        float a = 0;
        float b = 0;
        float c = 0;
        float d = 0;
        float e = 0;
        float f = 0;
        float g = 0;
        float h = 0;
        for (int i = 0; i < INPUTS; i += 8) {
            a += matrix[row + i] * x[i];
            b += matrix[row + i + 1] * x[i + 1];
            c += matrix[row + i + 2] * x[i + 2];
            d += matrix[row + i + 3] * x[i + 3];
            e += matrix[row + i + 4] * x[i + 4];
            f += matrix[row + i + 5] * x[i + 5];
            g += matrix[row + i + 6] * x[i + 6];
            h += matrix[row + i + 7] * x[i + 7];
        }
        return ((a + b) + (c + d)) + ((e + f) + (g + h));
    }
}
