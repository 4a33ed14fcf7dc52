package dev.longspan.tck;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.SpanAttention;
import dev.longspan.spi.SpanGeometry;
import java.util.Arrays;
import java.util.Random;

/**
 * The inputs of one attention layer, for kernels and for the oracle.
 *
 * <p>All numbers are multiples of 1/16 and small, so that search scores are exact in float32 in any order of summation and
 * true ties occur.
 */
final class AttentionCase {
    static final SpanAttention PLAIN = new SpanAttention(0, 1, 0, 0, 0.5, 0.5, 1);

    final AttentionHeads heads;
    final SpanAttention span;
    final SpanGeometry geometry;
    final int tokens;
    final float[] searchQueries;
    final float[] queries;
    final float[] keys;
    final float[] values;

    AttentionCase(AttentionHeads heads, SpanAttention span, int tokens, Random random) {
        this.heads = heads;
        this.span = span;
        this.geometry = new SpanGeometry(span);
        this.tokens = tokens;
        this.searchQueries = sixteenths(random, tokens * heads.queryHeads() * heads.headSize());
        this.queries = sixteenths(random, tokens * heads.queryHeads() * heads.headSize());
        this.keys = sixteenths(random, tokens * heads.keyValueHeads() * heads.headSize());
        this.values = sixteenths(random, tokens * heads.keyValueHeads() * heads.headSize());
    }

    static AttentionCase random(Random random) {
        return new AttentionCase(heads(random), RandomModel.span(random), 1 + random.nextInt(90), random);
    }

    /** Other numbers in the same sizes. */
    AttentionCase again(Random random) {
        return new AttentionCase(heads, span, tokens, random);
    }

    static AttentionHeads heads(Random random) {
        int shared = 1 + random.nextInt(3);
        return new AttentionHeads(shared * (1 + random.nextInt(3)), shared, 1 + random.nextInt(9));
    }

    private static float[] sixteenths(Random random, int count) {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (random.nextInt(65) - 32) / 16f;
        }
        return numbers;
    }

    /** Rows of the queries from one position to another. */
    float[] rows(float[] all, int from, int to) {
        int size = heads.queryHeads() * heads.headSize();
        return Arrays.copyOfRange(all, from * size, to * size);
    }

    /** Keys or values of the first tokens. */
    float[] first(float[] all, int count) {
        return Arrays.copyOf(all, count * heads.keyValueHeads() * heads.headSize());
    }

    AttentionOracle oracle() {
        return new AttentionOracle(heads, span);
    }

    @Override
    public String toString() {
        return heads + ", " + span + ", tokens " + tokens;
    }
}
