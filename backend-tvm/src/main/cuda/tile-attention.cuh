// Attention of neighbouring rows to the keys that they share, on tensor cores, each float32 number in two parts of 11 bits.
#pragma once
#include "mma.cuh"

constexpr int PAIRS = 64;       // of a row and a head in a block, which share a key head
constexpr int TILE_KEYS = 64;   // that are brought in together; they lie in one page
constexpr int TILE_THREADS = 128;

// What a pair attends to.
struct Range {
    i64 task;  // negative: there is no such pair
    int segment;
    int start;
    int end;
};

// Keys or values of one page: those from `low` to `high`, and zeros.
template <int D>
__device__ inline void bring_tile(
        float (&tile)[TILE_KEYS][D + 4],
        const float* from,
        i64 width,
        i64 padded_head_size,
        i64 first,
        i64 low,
        i64 high) {
    constexpr int FOURS = D / 4;
#pragma unroll 8
    for (int i = threadIdx.x; i < TILE_KEYS * FOURS; i += TILE_THREADS) {
        int key = i / FOURS;
        int d = i % FOURS * 4;
        bool any = first + key >= low && first + key <= high && d < padded_head_size;
        *reinterpret_cast<float4*>(&tile[key][d]) = any ? __ldg(reinterpret_cast<const float4*>(from + key * width + d))
                                                        : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    }
}

// Softmax attention of each row and head to its first piece, whose keys the rows and heads of a block read together: from the first
// that one of them attends to, to the last. Heads have at most D numbers. A block of 128 threads takes a key head and as many rows as
// make 64 pairs with its query heads; a warp 16 of the pairs.
template <int D>
__device__ void attend_tile(
        const float* queries,
        const float* base,
        const i64* tables,
        const i64* segment_pages,
        const int* row_segment,
        const int* starts,
        const int* ends,
        float* output,
        float* log_sums,
        i64 rows,
        i64 heads,
        i64 pieces,
        i64 group,
        i64 key_heads,
        i64 head_size,
        i64 padded_head_size,
        i64 stride,
        i64 layer_first,
        float scale) {
    constexpr int STEPS = D / 8;
    __shared__ __align__(16) float tile[TILE_KEYS][D + 4];  // neighbours in a row of a fragment lie in different banks

    int lane = threadIdx.x % WARP;
    int warp = threadIdx.x / WARP;
    i64 key_head = blockIdx.x % key_heads;
    int tall = (int) (PAIRS / group);
    i64 first_row = blockIdx.x / key_heads * tall;
    auto row_of = [&](int p) { return first_row + p / group; };
    auto range = [&](int p) {
        Range none = {-1, -1, 0, -1};
        if (p >= tall * group || row_of(p) >= rows) {
            return none;
        }
        i64 task = (row_of(p) * heads + key_head * group + p % group) * pieces;
        return Range{task, row_segment[row_of(p)], starts[task], ends[task]};
    };

    // this thread's two pairs, and their queries
    Range mine[2] = {range(warp * 16 + lane / 4), range(warp * 16 + lane / 4 + 8)};
    float query[STEPS][4];
#pragma unroll
    for (int s = 0; s < STEPS; s++) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            int p = warp * 16 + lane / 4 + i % 2 * 8;
            i64 d = s * 8 + i / 2 * 4 + lane % 4;
            const float* at = queries + row_of(p) * stride + (key_head * group + p % group) * head_size + d;
            query[s][i] = mine[i % 2].task >= 0 && d < head_size ? *at : 0.0f;
        }
    }

    float out[D / 8][4] = {};
    float top[2] = {NOTHING, NOTHING};
    float sum[2] = {0.0f, 0.0f};
    i64 width = key_heads * padded_head_size;
    int last_row = (int) min(rows, first_row + tall) - 1;
    for (int segment = row_segment[first_row]; segment <= row_segment[last_row]; segment++) {
        int low = 0x7fffffff;
        int high = -1;
        for (int p = lane; p < PAIRS; p += WARP) {
            Range one = range(p);
            if (one.segment == segment && one.end >= one.start) {
                low = min(low, one.start);
                high = max(high, one.end);
            }
        }
        low = __reduce_min_sync(ALL, low);
        high = __reduce_max_sync(ALL, high);
        for (i64 first = low / TILE_KEYS * TILE_KEYS; first <= high; first += TILE_KEYS) {
            const float* keys = base
                    + token_at(tables + segment_pages[segment], first, layer_first, width)
                    + key_head * padded_head_size;
            __syncthreads();
            bring_tile<D>(tile, keys, width, padded_head_size, first, low, high);
            __syncthreads();
            float scores[TILE_KEYS / 8][4] = {};
#pragma unroll
            for (int s = 0; s < STEPS; s++) {
                unsigned upper[4];
                unsigned rest[4];
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    split(query[s][i], upper[i], rest[i]);
                }
#pragma unroll
                for (int n = 0; n < TILE_KEYS / 16; n++) {
                    unsigned b[4];
                    load_matrices(b, &tile[n * 16 + lane / 16 * 8 + lane % 8][s * 8 + lane / 8 % 2 * 4]);
                    multiply_parts(scores[2 * n], upper, rest, __uint_as_float(b[0]), __uint_as_float(b[1]));
                    multiply_parts(scores[2 * n + 1], upper, rest, __uint_as_float(b[2]), __uint_as_float(b[3]));
                }
            }
            __syncthreads();
            bring_tile<D>(tile, keys + PAGE * width, width, padded_head_size, first, low, high);
            auto seen = [&](int n, int i) {
                i64 key = first + n * 8 + lane % 4 * 2 + i % 2;
                const Range& one = mine[i / 2];
                return one.segment == segment && key >= one.start && key <= one.end;
            };
            float higher[2] = {top[0], top[1]};
#pragma unroll
            for (int n = 0; n < TILE_KEYS / 8; n++) {
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    scores[n][i] *= scale;
                    if (seen(n, i)) {  // a score that is no number must come out as one that is none
                        higher[i / 2] = scores[n][i] <= higher[i / 2] ? higher[i / 2] : scores[n][i];
                    }
                }
            }
#pragma unroll
            for (int h = 0; h < 2; h++) {
#pragma unroll
                for (int d = 1; d < 4; d *= 2) {
                    float other = __shfl_xor_sync(ALL, higher[h], d);
                    higher[h] = other <= higher[h] ? higher[h] : other;
                }
                float shrink = expf(top[h] - higher[h]);
                top[h] = higher[h];
                sum[h] *= shrink;
#pragma unroll
                for (int n = 0; n < D / 8; n++) {
                    out[n][2 * h] *= shrink;
                    out[n][2 * h + 1] *= shrink;
                }
            }
#pragma unroll
            for (int n = 0; n < TILE_KEYS / 8; n++) {
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    scores[n][i] = seen(n, i) ? expf(scores[n][i] - top[i / 2]) : 0.0f;
                    sum[i / 2] += scores[n][i];
                }
            }
            __syncthreads();
            // A fragment's columns 0 to 3 are the even of eight keys, 4 to 7 the odd ones, as the scores lie. Tensor cores cut sums
            // instead of rounding them: what comes of a tile is added outside.
#pragma unroll
            for (int n = 0; n < D / 8; n++) {
                float sums[4] = {};
#pragma unroll
                for (int s = 0; s < TILE_KEYS / 8; s++) {
                    float weights[4] = {scores[s][0], scores[s][2], scores[s][1], scores[s][3]};
                    unsigned upper[4];
                    unsigned rest[4];
#pragma unroll
                    for (int i = 0; i < 4; i++) {
                        split(weights[i], upper[i], rest[i]);
                    }
                    const float* even = &tile[s * 8 + lane % 4 * 2][n * 8 + lane / 4];
                    multiply_parts(sums, upper, rest, even[0], even[D + 4]);
                }
#pragma unroll
                for (int i = 0; i < 4; i++) {  // what is no number in one sequence must not reach another
                    out[n][i] += mine[i / 2].segment == segment ? sums[i] : 0.0f;
                }
            }
        }
    }
#pragma unroll
    for (int h = 0; h < 2; h++) {
        sum[h] += __shfl_xor_sync(ALL, sum[h], 1);
        sum[h] += __shfl_xor_sync(ALL, sum[h], 2);
        if (mine[h].task < 0) {
            continue;
        }
        bool any = mine[h].end >= mine[h].start;
#pragma unroll
        for (int n = 0; n < D / 8; n++) {
#pragma unroll
            for (int i = 0; i < 2; i++) {
                int d = n * 8 + lane % 4 * 2 + i;
                if (d < padded_head_size) {
                    output[mine[h].task * padded_head_size + d] = any ? out[n][2 * h + i] / sum[h] : 0.0f;
                }
            }
        }
        if (lane % 4 == 0) {
            log_sums[mine[h].task] = any ? top[h] + logf(sum[h]) : -infinity();
        }
    }
}
