// Superlinear attention over pages of keys and values.
#include "tile-attention.cuh"

// Puts each row's keys and values into its page: [2, PAGE, heads, padded head size] from layer_first on. A block a row.
extern "C" __global__ void store_keys(
        const float* keys,
        const float* values,
        float* base,
        const i64* tables,
        const i64* segment_pages,
        const int* row_segment,
        const int* row_position,
        i64 rows,
        i64 heads,
        i64 head_size,
        i64 padded_head_size,
        i64 stride,
        i64 layer_first) {
    i64 row = blockIdx.x;
    i64 width = heads * padded_head_size;
    float* to = base + token_at(tables + segment_pages[row_segment[row]], row_position[row], layer_first, width);
    for (i64 i = threadIdx.x; i < heads * head_size; i += blockDim.x) {
        i64 at = i / head_size * padded_head_size + i % head_size;
        to[at] = keys[row * stride + i];
        to[PAGE * width + at] = values[row * stride + i];
    }
}

// What each row and head attends to: first the window, then a span for each anchor; inclusive, and empty if it ends early.
extern "C" __global__ void ranges(
        const int* anchors,
        const int* row_position,
        const int* row_window,
        const int* row_backward,
        const int* row_forward,
        int* starts,
        int* ends,
        i64 rows,
        i64 heads,
        i64 spans) {
    i64 i = (i64) blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= rows * heads * (spans + 1)) {
        return;
    }
    i64 row = i / (spans + 1) / heads;
    i64 j = i % (spans + 1) - 1;
    i64 position = row_position[row];
    i64 window = row_window[row];
    i64 start = window;
    i64 end = position;
    if (j >= 0) {
        i64 anchor = anchors[i / (spans + 1) * spans + j];
        // in 64 bits: a span may be as long as an int can say
        start = anchor < 0 ? 0 : max((i64) 0, anchor - row_backward[row]);
        end = anchor < 0 ? -1 : min(anchor + row_forward[row], min(position, window - 1));
    }
    starts[i] = (int) start;
    ends[i] = (int) end;
}

constexpr int KEY_LANES = 8;      // that share a key
constexpr int ATTEND_WARPS = 4;   // of a block
constexpr int ATTEND_PARTS = 64;  // the most
constexpr int ATTEND_KEYS = ATTEND_WARPS * WARP / KEY_LANES;  // of a block at a time

// Attention to a part of one piece. Eight lanes share a key, and keep a maximum, a sum and an output of their own, which are joined
// at the end, always in the same order. FOURS is how many float4 of a head each lane has.
template <int FOURS>
__device__ void attend_keys(
        const float* query,
        i64 head_size,
        const float* base,
        const i64* table,
        i64 layer_first,
        i64 width,
        i64 values,
        int fours,
        i64 start,
        i64 end,
        float scale,
        float* output,
        float* top_and_sum) {
    __shared__ float joined[ATTEND_WARPS][KEY_LANES * FOURS * 4 + 2];
    int lane = threadIdx.x % KEY_LANES;
    float4 q[FOURS];
    float4 out[FOURS];
#pragma unroll
    for (int f = 0; f < FOURS; f++) {
        i64 d = (lane + f * KEY_LANES) * 4;
        q[f].x = d < head_size ? query[d] : 0.0f;
        q[f].y = d + 1 < head_size ? query[d + 1] : 0.0f;
        q[f].z = d + 2 < head_size ? query[d + 2] : 0.0f;
        q[f].w = d + 3 < head_size ? query[d + 3] : 0.0f;
        out[f] = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    }
    float top = NOTHING;
    float sum = 0.0f;
    for (i64 first = start; first <= end; first += ATTEND_KEYS) {
        i64 key = first + threadIdx.x / KEY_LANES;
        bool mine = key <= end;
        i64 at = token_at(table, mine ? key : end, layer_first, width);
        const float4* k = reinterpret_cast<const float4*>(base + at);
        const float4* v = reinterpret_cast<const float4*>(base + at + values);
        float4 value[FOURS];
        float score = 0.0f;
#pragma unroll
        for (int f = 0; f < FOURS; f++) {
            int i = lane + f * KEY_LANES;
            if (i < fours) {
                float4 one = __ldg(k + i);
                value[f] = __ldg(v + i);
                score += q[f].x * one.x + q[f].y * one.y + q[f].z * one.z + q[f].w * one.w;
            }
        }
#pragma unroll
        for (int d = KEY_LANES / 2; d > 0; d /= 2) {
            score += __shfl_xor_sync(ALL, score, d);
        }
        if (mine) {
            score *= scale;
            float higher = score <= top ? top : score;  // a score that is no number must come out as one that is none
            float shrink = expf(top - higher);
            float weight = expf(score - higher);
            sum = sum * shrink + weight;
            top = higher;
#pragma unroll
            for (int f = 0; f < FOURS; f++) {
                if (lane + f * KEY_LANES < fours) {
                    out[f].x = out[f].x * shrink + weight * value[f].x;
                    out[f].y = out[f].y * shrink + weight * value[f].y;
                    out[f].z = out[f].z * shrink + weight * value[f].z;
                    out[f].w = out[f].w * shrink + weight * value[f].w;
                }
            }
        }
    }
    // the four keys of a warp, then its neighbours; the first eight lanes have the result
#pragma unroll
    for (int d = KEY_LANES; d < WARP; d *= 2) {
        float other = __shfl_xor_sync(ALL, top, d);
        float higher = other <= top ? top : other;
        float mine = sum == 0.0f ? 0.0f : expf(top - higher);
        float its_sum = __shfl_xor_sync(ALL, sum, d);
        float its = its_sum == 0.0f ? 0.0f : expf(other - higher);
        sum = sum * mine + its_sum * its;
        top = higher;
#pragma unroll
        for (int f = 0; f < FOURS; f++) {
            out[f].x = out[f].x * mine + __shfl_xor_sync(ALL, out[f].x, d) * its;
            out[f].y = out[f].y * mine + __shfl_xor_sync(ALL, out[f].y, d) * its;
            out[f].z = out[f].z * mine + __shfl_xor_sync(ALL, out[f].z, d) * its;
            out[f].w = out[f].w * mine + __shfl_xor_sync(ALL, out[f].w, d) * its;
        }
    }
    float* room = joined[threadIdx.x / WARP];
    if (threadIdx.x % WARP < KEY_LANES) {
#pragma unroll
        for (int f = 0; f < FOURS; f++) {
            int d = (lane + f * KEY_LANES) * 4;
            room[d] = out[f].x, room[d + 1] = out[f].y, room[d + 2] = out[f].z, room[d + 3] = out[f].w;
        }
        if (lane == 0) {
            room[KEY_LANES * FOURS * 4] = top;
            room[KEY_LANES * FOURS * 4 + 1] = sum;
        }
    }
    __syncthreads();
    float highest = NOTHING;
    for (int w = 0; w < ATTEND_WARPS; w++) {
        float its = joined[w][KEY_LANES * FOURS * 4];
        highest = its <= highest ? highest : its;
    }
    float factors[ATTEND_WARPS];
    float total = 0.0f;
    for (int w = 0; w < ATTEND_WARPS; w++) {
        float its = joined[w][KEY_LANES * FOURS * 4 + 1];
        factors[w] = its == 0.0f ? 0.0f : expf(joined[w][KEY_LANES * FOURS * 4] - highest);
        total += its * factors[w];
    }
    for (int d = threadIdx.x; d < fours * 4; d += blockDim.x) {
        float value = 0.0f;
        for (int w = 0; w < ATTEND_WARPS; w++) {
            value += joined[w][d] * factors[w];
        }
        output[d] = value;
    }
    if (threadIdx.x == 0) {
        top_and_sum[0] = highest;
        top_and_sum[1] = total;
    }
}

// Softmax attention of each row and head to a part of each of its pieces: a block of 128 threads takes a task and one of `parts` parts.
// What comes of it goes to [blocks, padded head size + 2] of scratch: the output, not yet divided, the maximum and the sum.
// The task with a number, where the first pieces of all rows and heads are left out.
__device__ inline i64 task_of(i64 number, i64 pieces, i64 first_piece) {
    i64 each = pieces - first_piece;
    return number / each * pieces + first_piece + number % each;
}

template <int FOURS>
__device__ void attend_some(
        const float* queries,
        const float* base,
        const i64* tables,
        const i64* segment_pages,
        const int* row_segment,
        const int* starts,
        const int* ends,
        i64 rows,
        i64 heads,
        i64 pieces,
        i64 group,
        i64 key_heads,
        i64 head_size,
        i64 padded_head_size,
        i64 stride,
        i64 layer_first,
        float scale,
        float* scratch,
        i64 parts,
        i64 first_piece) {
    i64 part = blockIdx.x % parts;
    i64 task = task_of(blockIdx.x / parts, pieces, first_piece);
    i64 row = task / pieces / heads;
    i64 head = task / pieces % heads;
    float* to = scratch + blockIdx.x * (padded_head_size + 2);
    i64 start = starts[task];
    i64 all = (i64) ends[task] + 1 - start;
    i64 share = (all + parts - 1) / parts;
    i64 first = start + part * share;
    i64 last = min((i64) ends[task], first + share - 1);
    if (all <= 0 || first > last) {
        for (i64 d = threadIdx.x; d < padded_head_size + 2; d += blockDim.x) {
            to[d] = d == padded_head_size ? NOTHING : 0.0f;
        }
        return;
    }
    i64 width = key_heads * padded_head_size;
    int fours = (int) padded_head_size / 4;
    const float* query = queries + row * stride + head * head_size;
    const i64* table = tables + segment_pages[row_segment[row]];
    i64 from = layer_first + head / group * padded_head_size;
    float* ends_of = to + padded_head_size;
    attend_keys<FOURS>(query, head_size, base, table, from, width, PAGE * width, fours, first, last, scale, to, ends_of);
}

extern "C" __global__ void __launch_bounds__(128) attend_32(
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
        float scale,
        float* scratch,
        i64 parts,
        i64 first_piece) {
    attend_some<1>(
            queries, base, tables, segment_pages, row_segment, starts, ends, rows, heads, pieces, group, key_heads, head_size,
            padded_head_size, stride, layer_first, scale, scratch, parts, first_piece);
}

extern "C" __global__ void __launch_bounds__(128) attend_64(
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
        float scale,
        float* scratch,
        i64 parts,
        i64 first_piece) {
    attend_some<2>(
            queries, base, tables, segment_pages, row_segment, starts, ends, rows, heads, pieces, group, key_heads, head_size,
            padded_head_size, stride, layer_first, scale, scratch, parts, first_piece);
}

extern "C" __global__ void __launch_bounds__(128, 6) attend_128(
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
        float scale,
        float* scratch,
        i64 parts,
        i64 first_piece) {
    attend_some<4>(
            queries, base, tables, segment_pages, row_segment, starts, ends, rows, heads, pieces, group, key_heads, head_size,
            padded_head_size, stride, layer_first, scale, scratch, parts, first_piece);
}

extern "C" __global__ void __launch_bounds__(128) attend_256(
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
        float scale,
        float* scratch,
        i64 parts,
        i64 first_piece) {
    attend_some<8>(
            queries, base, tables, segment_pages, row_segment, starts, ends, rows, heads, pieces, group, key_heads, head_size,
            padded_head_size, stride, layer_first, scale, scratch, parts, first_piece);
}

extern "C" __global__ void __launch_bounds__(TILE_THREADS) attend_tile_32(
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
    attend_tile<32>(
            queries, base, tables, segment_pages, row_segment, starts, ends, output, log_sums, rows, heads, pieces, group,
            key_heads, head_size, padded_head_size, stride, layer_first, scale);
}

extern "C" __global__ void __launch_bounds__(TILE_THREADS) attend_tile_64(
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
    attend_tile<64>(
            queries, base, tables, segment_pages, row_segment, starts, ends, output, log_sums, rows, heads, pieces, group,
            key_heads, head_size, padded_head_size, stride, layer_first, scale);
}

extern "C" __global__ void __launch_bounds__(TILE_THREADS) attend_tile_128(
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
    attend_tile<128>(
            queries, base, tables, segment_pages, row_segment, starts, ends, output, log_sums, rows, heads, pieces, group,
            key_heads, head_size, padded_head_size, stride, layer_first, scale);
}

// Joins the parts of each piece: its output [rows, heads, pieces, padded head size], and the log of its sum. A block of 128 threads takes a task.
extern "C" __global__ void attend_join(
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
        float scale,
        const float* scratch,
        i64 parts,
        i64 first_piece) {
    __shared__ float factors[ATTEND_PARTS];
    i64 task = task_of(blockIdx.x, pieces, first_piece);
    i64 size = padded_head_size + 2;
    const float* from = scratch + blockIdx.x * parts * size;
    float top = NOTHING;
    for (i64 p = 0; p < parts; p++) {
        float its = from[p * size + padded_head_size];
        top = its <= top ? top : its;
    }
    if (threadIdx.x < parts) {
        const float* one = from + threadIdx.x * size + padded_head_size;
        factors[threadIdx.x] = one[1] == 0.0f ? 0.0f : expf(one[0] - top);
    }
    __syncthreads();
    float sum = 0.0f;
#pragma unroll 8
    for (i64 p = 0; p < parts; p++) {
        sum += from[p * size + padded_head_size + 1] * factors[p];
    }
    bool any = ends[task] >= starts[task];
    for (i64 d = threadIdx.x; d < padded_head_size; d += blockDim.x) {
        float value = 0.0f;
#pragma unroll 8
        for (i64 p = 0; p < parts; p++) {
            value += from[p * size + d] * factors[p];
        }
        output[task * padded_head_size + d] = any ? value / sum : 0.0f;
    }
    if (threadIdx.x == 0) {
        log_sums[task] = any ? top + logf(sum) : -infinity();
    }
}

// The sum over spans of softmax(scores) times attention to the window and that span; without spans, the window alone. A block takes a
// row and a head.
extern "C" __global__ void merge(
        const float* pieces,
        const float* log_sums,
        const float* scores,
        float* output,
        i64 rows,
        i64 heads,
        i64 spans,
        i64 head_size,
        i64 padded_head_size,
        i64 stride) {
    i64 task = blockIdx.x;
    const float* of = pieces + task * (spans + 1) * padded_head_size;
    const float* logs = log_sums + task * (spans + 1);
    const float* score = scores + task * spans;
    float top = -infinity();
    for (i64 j = 0; j < spans; j++) {
        top = fmaxf(top, score[j]);
    }
    float sum = 0.0f;
    for (i64 j = 0; j < spans; j++) {
        sum += score[j] > -infinity() ? expf(score[j] - top) : 0.0f;
    }
    for (i64 d = threadIdx.x; d < head_size; d += blockDim.x) {
        float value = sum > 0.0f ? 0.0f : of[d];
        for (i64 j = 0; j < spans; j++) {
            float both = fmaxf(logs[0], logs[1 + j]);
            if (score[j] > -infinity() && both > -infinity()) {
                float window = expf(logs[0] - both);
                float span = expf(logs[1 + j] - both);
                float weight = expf(score[j] - top) / sum / (window + span);
                value += weight * (window * of[d] + span * of[(1 + j) * padded_head_size + d]);
            }
        }
        output[task / heads * stride + task % heads * head_size + d] = value;
    }
}
