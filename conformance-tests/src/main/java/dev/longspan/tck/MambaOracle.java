package dev.longspan.tck;

import dev.longspan.spi.LayerSpec;
import java.util.function.Function;

/**
 * A Mamba-2 layer in float64, once by its recurrence and once in the chunked form of matrix products.
 *
 * <p>The two forms share projections, convolution and gated norm, which are the same in both, and nothing of the state
 * space part.
 */
public class MambaOracle {
    private final LayerSpec.Mamba spec;
    private final double epsilon;
    private final double[] inProjection;
    private final double[] convolution;
    private final double[] convolutionBias;
    private final double[] timeStepBias;
    private final double[] logDecay;
    private final double[] skip;
    private final double[] norm;
    private final double[] outProjection;

    /**
     * Makes the oracle of one layer.
     *
     * @param spec the sizes
     * @param epsilon the epsilon of the gated norm
     * @param tensor gives a tensor by its name within the mixer, such as {@code in_proj.weight}
     */
    public MambaOracle(LayerSpec.Mamba spec, double epsilon, Function<String, double[]> tensor) {
        this.spec = spec;
        this.epsilon = epsilon;
        this.inProjection = tensor.apply("in_proj.weight");
        this.convolution = tensor.apply("conv1d.weight");
        this.convolutionBias = tensor.apply("conv1d.bias");
        this.timeStepBias = tensor.apply("dt_bias");
        this.logDecay = tensor.apply("A_log");
        this.skip = tensor.apply("D");
        this.norm = tensor.apply("norm.weight");
        this.outProjection = tensor.apply("out_proj.weight");
    }

    /** What a layer computes from a whole sequence. */
    public static final class Result {
        private final double[][] output;
        private final double[] conv;
        private final double[] ssm;

        Result(double[][] output, double[] conv, double[] ssm) {
            this.output = output;
            this.conv = conv;
            this.ssm = ssm;
        }

        /** {@return the layer's output [tokens][hidden], not a copy} */
        public double[][] output() {
            return output;
        }

        /** {@return the last w − 1 inputs of the convolution after the last token, [C, w − 1], oldest first} */
        public double[] conv() {
            return conv;
        }

        /** {@return S after the last token, [nh, hd, N]} */
        public double[] ssm() {
            return ssm;
        }
    }

    /** The inputs of the state space part: x [T][di], B and C [T][g·N], dt [T][nh], and z [T][di]. */
    private static final class Inputs {
        final double[][] x;
        final double[][] b;
        final double[][] c;
        final double[][] dt;
        final double[][] z;
        final double[] conv;

        Inputs(int tokens, int convSize) {
            x = new double[tokens][];
            b = new double[tokens][];
            c = new double[tokens][];
            dt = new double[tokens][];
            z = new double[tokens][];
            conv = new double[convSize];
        }
    }

    /**
     * {@return the layer computed token by token}
     *
     * @param hidden the normalised inputs [tokens][hidden]
     */
    public Result recurrent(double[][] hidden) {
        return recurrent(
                hidden,
                new double[spec.channels() * (spec.convolutionWidth() - 1)],
                new double[spec.innerSize() * spec.stateSize()]);
    }

    /**
     * {@return the layer computed token by token, from a state on}
     *
     * @param hidden the normalised inputs [tokens][hidden]
     * @param conv the last w − 1 inputs of the convolution before them, [C, w − 1], oldest first
     * @param ssm S before them, [nh, hd, N]
     */
    Result recurrent(double[][] hidden, double[] conv, double[] ssm) {
        Inputs in = inputs(hidden, conv);
        double[] state = ssm.clone();
        double[][] y = new double[hidden.length][spec.innerSize()];
        int n = spec.stateSize();
        for (int t = 0; t < hidden.length; t++) {
            for (int i = 0; i < spec.innerSize(); i++) {
                int head = i / spec.headSize();
                int group = head / (spec.heads() / spec.groups());
                double dt = in.dt[t][head];
                double decay = Math.exp(dt * -Math.exp(logDecay[head]));
                double sum = 0;
                for (int j = 0; j < n; j++) {
                    state[i * n + j] = decay * state[i * n + j] + dt * in.x[t][i] * in.b[t][group * n + j];
                    sum += state[i * n + j] * in.c[t][group * n + j];
                }
                y[t][i] = sum + skip[head] * in.x[t][i];
            }
        }
        return new Result(finish(in, y), in.conv, state);
    }

    /**
     * {@return the layer computed in chunks: attention-like products within a chunk, the state between chunks}
     *
     * @param hidden the normalised inputs [tokens][hidden]
     * @param chunk the length of a chunk in tokens, at least 1
     */
    public Result chunked(double[][] hidden, int chunk) {
        Inputs in = inputs(hidden, new double[spec.channels() * (spec.convolutionWidth() - 1)]);
        double[] state = new double[spec.innerSize() * spec.stateSize()];
        double[][] y = new double[hidden.length][spec.innerSize()];
        for (int from = 0; from < hidden.length; from += chunk) {
            int to = Math.min(hidden.length, from + chunk);
            for (int head = 0; head < spec.heads(); head++) {
                chunk(in, head, from, to, state, y);
            }
        }
        return new Result(finish(in, y), in.conv, state);
    }

    private void chunk(Inputs in, int head, int from, int to, double[] state, double[][] y) {
        int n = spec.stateSize();
        int at = head / (spec.heads() / spec.groups()) * n;
        int first = head * spec.headSize();
        double[] exponent = new double[to - from];
        for (int t = from; t < to; t++) {
            double step = in.dt[t][head] * -Math.exp(logDecay[head]);
            exponent[t - from] = step + (t > from ? exponent[t - from - 1] : 0);
        }
        for (int t = from; t < to; t++) {
            for (int i = first; i < first + spec.headSize(); i++) {
                double carried = OracleMath.dot(in.c[t], at, state, i * n, n);
                y[t][i] = skip[head] * in.x[t][i] + Math.exp(exponent[t - from]) * carried;
            }
            for (int s = from; s <= t; s++) {
                double weight = Math.exp(exponent[t - from] - exponent[s - from])
                        * OracleMath.dot(in.c[t], at, in.b[s], at, n)
                        * in.dt[s][head];
                for (int i = first; i < first + spec.headSize(); i++) {
                    y[t][i] += weight * in.x[s][i];
                }
            }
        }
        double last = exponent[to - from - 1];
        for (int i = first; i < first + spec.headSize(); i++) {
            for (int j = 0; j < n; j++) {
                double sum = Math.exp(last) * state[i * n + j];
                for (int s = from; s < to; s++) {
                    sum += Math.exp(last - exponent[s - from]) * in.dt[s][head] * in.x[s][i] * in.b[s][at + j];
                }
                state[i * n + j] = sum;
            }
        }
    }

    private Inputs inputs(double[][] hidden, double[] conv) {
        int inner = spec.innerSize();
        int channels = spec.channels();
        int width = spec.convolutionWidth();
        int shared = spec.groups() * spec.stateSize();
        Inputs in = new Inputs(hidden.length, channels * (width - 1));
        double[][] before = new double[hidden.length][];
        for (int t = 0; t < hidden.length; t++) {
            double[] projected = projected(OracleMath.times(inProjection, hidden[t]));
            in.z[t] = part(projected, 0, inner);
            before[t] = part(projected, inner, channels);
            in.dt[t] = part(projected, inner + channels, spec.heads());
            for (int h = 0; h < spec.heads(); h++) {
                in.dt[t][h] = timeStep(in.dt[t][h] + timeStepBias[h]);
            }
            double[] mixed = new double[channels];
            for (int c = 0; c < channels; c++) {
                double sum = convolutionBias[c];
                for (int j = 0; j < width; j++) {
                    int source = t - (width - 1) + j;
                    sum += convolution[c * width + j] * input(before, conv, source, c);
                }
                mixed[c] = silu(sum);
            }
            mixed = between(mixed);
            in.x[t] = part(mixed, 0, inner);
            in.b[t] = part(mixed, inner, shared);
            in.c[t] = part(mixed, inner + shared, shared);
        }
        for (int c = 0; c < channels; c++) {
            for (int j = 0; j < width - 1; j++) {
                int source = hidden.length - (width - 1) + j;
                in.conv[c * (width - 1) + j] = input(before, conv, source, c);
            }
        }
        return in;
    }

    /** An input of the convolution: of these tokens, or of those before them. */
    private double input(double[][] before, double[] conv, int source, int channel) {
        int width = spec.convolutionWidth() - 1;
        return source < 0 ? conv[channel * width + width + source] : before[source][channel];
    }

    /** What the first projection is handed on as, the time steps at its end included: as it is. */
    double[] projected(double[] computed) {
        return computed;
    }

    /** What the convolution and the gate hand on, to what is often one kernel with them: as it is. */
    double[] between(double[] computed) {
        return computed;
    }

    /** What a norm or the last projection is handed on as: as it is. */
    double[] rounded(double[] computed) {
        return computed;
    }

    /** What lets through as much as its argument says. */
    double silu(double x) {
        return OracleMath.silu(x);
    }

    /** The time step of what the projection and its bias give. */
    double timeStep(double projected) {
        return Math.min(spec.maxTimeStep(), Math.max(spec.minTimeStep(), OracleMath.softplus(projected)));
    }

    private double[][] finish(Inputs in, double[][] y) {
        double[][] output = new double[y.length][];
        for (int t = 0; t < y.length; t++) {
            double[] gated = new double[spec.innerSize()];
            for (int i = 0; i < gated.length; i++) {
                gated[i] = y[t][i] * silu(in.z[t][i]);
            }
            double[] normed = rounded(OracleMath.rmsNorm(between(gated), norm, spec.groups(), epsilon));
            output[t] = rounded(OracleMath.times(outProjection, normed));
        }
        return output;
    }

    private static double[] part(double[] whole, int from, int size) {
        double[] part = new double[size];
        System.arraycopy(whole, from, part, 0, size);
        return part;
    }
}
