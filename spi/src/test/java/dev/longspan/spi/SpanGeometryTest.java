package dev.longspan.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("fast")
class SpanGeometryTest {
    private static SpanAttention parameters(int windowIndex, double searchPower) {
        return new SpanAttention(windowIndex, 3, 3, 1, searchPower, 0.55, 1);
    }

    @Test
    void theReleasedWindowIs2032Tokens() {
        assertThat(new SpanGeometry(parameters(65, 0.55)).windowLength()).isEqualTo(2032);
    }

    @Test
    void wholeInversePowersAreExactEverywhere() {
        for (int whole = 2; whole <= 6; whole++) {
            for (long i : new long[] {1, 2, 3, 10, 999, 1024}) {
                assertThat(SpanGeometry.stripe(1.0 / whole, i))
                        .isEqualTo(BigInteger.valueOf(i).pow(whole).longValueExact());
            }
        }
        assertThat(SpanGeometry.stripe(1.0 / 6, 10_000_000L)).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void candidatesAreTheStripesBeyondTheWindowThatReachBackToPositionZero() {
        for (SpanAttention p :
                new SpanAttention[] {parameters(0, 0.5), parameters(6, 0.5), parameters(3, 0.55), parameters(2, 0.9)}) {
            SpanGeometry geometry = new SpanGeometry(p);
            for (int t = 0; t < 5000; t += t < 300 ? 1 : 17) {
                int count = 0;
                for (int i = p.windowIndex() + 1; SpanGeometry.stripe(p.searchPower(), i) <= t + 1; i++) {
                    count++;
                    assertThat(geometry.stripes(t)[i - 1]).isEqualTo((int) SpanGeometry.stripe(p.searchPower(), i));
                }
                assertThat(geometry.anchors(t)).as("t = %d, %s", t, p).isEqualTo(count);
                assertThat(count > 0).as("anchors exist exactly when t >= W").isEqualTo(t >= geometry.windowLength());
            }
        }
    }

    @Test
    void theTableGrowsToMillionsOfTokens() {
        SpanGeometry geometry = new SpanGeometry(parameters(65, 0.55));
        int million = 1_000_000;
        int anchors = geometry.anchors(million - 1);
        assertThat(anchors).isBetween(1900, 2000);
        int[] stripes = geometry.stripes(million - 1);
        assertThat(stripes[anchors + 65 - 1]).isLessThanOrEqualTo(million);
        assertThat(stripes[anchors + 65]).isGreaterThan(million);
        assertThat(geometry.anchors(Integer.MAX_VALUE)).isGreaterThan(anchors);
    }

    @Test
    void spansNeverReachIntoTheWindowOrTheFuture() {
        SpanGeometry geometry = new SpanGeometry(parameters(6, 0.5));
        for (int t = geometry.windowLength(); t < 3000; t += 7) {
            int back = geometry.backward(t);
            int forward = geometry.forward(t);
            assertThat(back).isEqualTo((int) Math.ceil(3 * StrictMath.pow(t + 1.0, 0.55)));
            for (int i = 7; i <= 6 + geometry.anchors(t); i++) {
                int anchor = t + 1 - geometry.stripes(t)[i - 1];
                assertThat(SpanGeometry.spanStart(anchor, back)).isBetween(0, anchor);
                assertThat(geometry.spanEnd(t, anchor, forward))
                        .isBetween(anchor, Math.min(t, geometry.windowStart(t) - 1));
            }
        }
    }

    /** p = 1/2, s = 2: stripes 1, 4, 9, 16, 25, so that W = 8. */
    @Test
    void oneGeometryByHand() {
        SpanAttention p = new SpanAttention(2, 3, 0.5, 1.5, 0.5, 0.5, 1);
        SpanGeometry geometry = new SpanGeometry(p);
        assertThat(geometry.parameters()).isEqualTo(p);
        assertThat(geometry.windowLength()).isEqualTo(8);
        assertThat(geometry.windowStart(7)).isZero();
        assertThat(geometry.windowStart(8)).isEqualTo(1);
        assertThat(geometry.windowStart(24)).isEqualTo(17);
        assertThat(geometry.anchors(7)).isZero();
        assertThat(geometry.anchors(8)).as("f(3) = 9 = t + 1").isEqualTo(1);
        assertThat(geometry.anchors(24)).isEqualTo(3);
        assertThat(geometry.backward(24)).as("ceil(0.5 * 5)").isEqualTo(3);
        assertThat(geometry.forward(24)).as("ceil(1.5 * 5)").isEqualTo(8);
        assertThat(SpanGeometry.spanStart(16, 3)).isEqualTo(13);
        assertThat(SpanGeometry.spanStart(3, 3)).isZero();
        assertThat(SpanGeometry.spanStart(2, 3)).isZero();
        assertThat(geometry.spanEnd(24, 9, 4)).isEqualTo(13);
        assertThat(geometry.spanEnd(24, 9, 8)).as("no further than the window").isEqualTo(16);
        assertThat(SpanGeometry.stripe(1, 7)).as("1/p = 1 is no whole power").isEqualTo(7);
        assertThat(SpanGeometry.stripe(1.0 / 7, 3)).isEqualTo(2187);
        assertThat(SpanGeometry.stripe(0.5, 3_037_000_499L)).isEqualTo(3_037_000_499L * 3_037_000_499L);
        assertThat(SpanGeometry.stripe(0.5, 3_037_000_500L)).as("does not fit").isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void theTableGrowsOnlyWhenItMustAndThenAtLeastTwofold() {
        SpanGeometry geometry = new SpanGeometry(parameters(2, 0.5));
        int[] small = geometry.stripes(1000);
        int last = small[small.length - 1];
        assertThat(last).as("the first beyond 1023").isEqualTo(1024);
        assertThat(geometry.stripes(last - 1)).isSameAs(small);
        int[] grown = geometry.stripes(last);
        assertThat(grown).isNotSameAs(small);
        assertThat(grown[grown.length - 1]).isGreaterThan(2 * last);
        assertThat(grown[grown.length - 2]).isLessThanOrEqualTo(2 * last);
    }

    @Test
    void parametersOutOfRangeAreRefusedByName() {
        assertThatThrownBy(() -> parameters(-1, 0.5)).hasMessageContaining("windowIndex");
        assertThatThrownBy(() -> parameters(1, 1)).hasMessageContaining("searchPower");
        assertThatThrownBy(() -> parameters(1, Double.NaN)).hasMessageContaining("searchPower");
        assertThatThrownBy(() -> new SpanAttention(1, 0, 3, 1, 0.5, 0.5, 1)).hasMessageContaining("spans");
        assertThatThrownBy(() -> new SpanAttention(1, 1, -1, 1, 0.5, 0.5, 1)).hasMessageContaining("backwardFactor");
        assertThatThrownBy(() -> new SpanAttention(1, 1, 1, Double.POSITIVE_INFINITY, 0.5, 0.5, 1))
                .hasMessageContaining("forwardFactor");
        assertThatThrownBy(() -> new SpanAttention(1, 1, 1, 1, 0.5, 0, 1)).hasMessageContaining("spanPower");
        assertThatThrownBy(() -> new SpanAttention(1, 1, 1, 1, 0.5, 0.5, Double.NaN))
                .hasMessageContaining("searchScale");
        assertThatThrownBy(() -> new SpanGeometry(parameters(Integer.MAX_VALUE, 0.1)))
                .hasMessageContaining("windowIndex");
    }
}
