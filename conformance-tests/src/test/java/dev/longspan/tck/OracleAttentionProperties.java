package dev.longspan.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.SpanAttention;
import java.util.Random;
import java.util.function.Consumer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** What must hold of superlinear attention, of the oracle itself. */
class OracleAttentionProperties {
    private final AttentionProperties oracle = new AttentionProperties(new OracleKernels(), 1e-6);

    @Property(tries = 60)
    void theOracleHasAllPropertiesOfAttention(@ForAll long seed) {
        int[] run = {0};
        oracle.all().forEach((name, check) -> {
            run[0]++;
            check(check, seed);
        });
        assertThat(run[0]).isEqualTo(13);
    }

    private static void check(Consumer<Random> check, long seed) {
        check.accept(new Random(seed));
    }

    /** The definition again, in as few words as possible: one query head, no list, no sharing. */
    private static double[] bruteForce(AttentionCase c, int t, int h) {
        int d = c.heads.headSize();
        int g = h / (c.heads.queryHeads() / c.heads.keyValueHeads());
        long window = f(c.span.searchPower(), c.span.windowIndex() + 1) - 1;
        double n = StrictMath.pow(t + 1, c.span.spanPower());
        double back = Math.ceil(c.span.backwardFactor() * n);
        double forth = Math.ceil(c.span.forwardFactor() * n);
        boolean[] taken = new boolean[t + 1];
        double[] out = new double[d];
        double gates = 0;
        for (int round = 0; round < c.span.spans(); round++) {
            int best = -1;
            for (int i = c.span.windowIndex() + 1; f(c.span.searchPower(), i) <= t + 1; i++) {
                int a = (int) (t + 1 - f(c.span.searchPower(), i));
                if (!taken[a] && (best < 0 || score(c, t, h, g, a) >= score(c, t, h, g, best))) {
                    best = a;
                }
            }
            if (best < 0) {
                break;
            }
            taken[best] = true;
            double gate = Math.exp(score(c, t, h, g, best));
            gates += gate;
            double[] one = softmaxOver(c, t, h, g, window, best - back, best + forth);
            for (int x = 0; x < d; x++) {
                out[x] += gate * one[x];
            }
        }
        if (gates == 0) {
            return softmaxOver(c, t, h, g, window, 1, 0);
        }
        for (int x = 0; x < d; x++) {
            out[x] /= gates;
        }
        return out;
    }

    private static double[] softmaxOver(AttentionCase c, int t, int h, int g, long window, double from, double to) {
        int d = c.heads.headSize();
        double[] out = new double[d];
        double sum = 0;
        for (int j = 0; j <= t; j++) {
            if (j > t - window || (j >= from && j <= to)) {
                double dot = dot(c.queries, t * c.heads.queryHeads() + h, c.keys, j * c.heads.keyValueHeads() + g, d);
                double weight = Math.exp(dot / Math.sqrt(d));
                sum += weight;
                for (int x = 0; x < d; x++) {
                    out[x] += weight * c.values[(j * c.heads.keyValueHeads() + g) * d + x];
                }
            }
        }
        for (int x = 0; x < d && sum > 0; x++) {
            out[x] /= sum;
        }
        return out;
    }

    private static double score(AttentionCase c, int t, int h, int g, int a) {
        return c.span.searchScale()
                * dot(
                        c.searchQueries,
                        t * c.heads.queryHeads() + h,
                        c.keys,
                        a * c.heads.keyValueHeads() + g,
                        c.heads.headSize());
    }

    private static double dot(float[] a, int rowA, float[] b, int rowB, int size) {
        double sum = 0;
        for (int i = 0; i < size; i++) {
            sum += (double) a[rowA * size + i] * b[rowB * size + i];
        }
        return sum;
    }

    private static long f(double power, int i) {
        double inverse = 1 / power;
        return Math.abs(inverse - Math.rint(inverse)) < 1e-12
                ? Math.round(StrictMath.pow(i, Math.rint(inverse)))
                : (long) StrictMath.pow(i, inverse);
    }

    @Property(tries = 150)
    void theOracleEqualsTheDefinition(@ForAll long seed) {
        AttentionCase c = AttentionCase.random(new Random(seed));
        float[] got = new OracleKernels().attend(c.heads, c.geometry, 0, c.searchQueries, c.queries, c.keys, c.values);
        for (int t = 0; t < c.tokens; t++) {
            for (int h = 0; h < c.heads.queryHeads(); h++) {
                double[] want = bruteForce(c, t, h);
                for (int x = 0; x < want.length; x++) {
                    int at = (t * c.heads.queryHeads() + h) * want.length + x;
                    assertThat((double) got[at]).as("%s t=%d h=%d", c, t, h).isCloseTo(want[x], within(1e-5));
                }
            }
        }
    }

    /** Rule 7: the keys touched by one query, counted over three decades. */
    @Property(tries = 20)
    void workGrowsLikeTheLargerPower(@ForAll long seed) {
        Random random = new Random(seed);
        double[] powers = {0.4, 0.5, 0.55, 0.7};
        double search = powers[random.nextInt(powers.length)];
        double reach = powers[random.nextInt(powers.length)];
        AttentionOracle oracle =
                new AttentionOracle(new AttentionHeads(1, 1, 1), new SpanAttention(3, 3, 3, 1, search, reach, 1));
        int near = 20_000;
        int far = 2_000_000;
        double growth = touched(oracle, far) / touched(oracle, near);
        double exponent = Math.log(growth) / Math.log((double) far / near);
        assertThat(exponent).isBetween(Math.min(search, reach) - 0.02, Math.max(search, reach) + 0.02);
    }

    private static double touched(AttentionOracle oracle, int t) {
        long anchors = 0;
        for (long i = 4; oracle.stripe(i) <= t + 1L; i++) {
            anchors++;
        }
        return anchors + 3.0 * (oracle.backward(t) + oracle.forward(t) + 1);
    }
}
