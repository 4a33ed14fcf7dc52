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

// An anchor and its score. The better score wins, and the older anchor among equals; a negative anchor is none.
struct Anchor {
    float score;
    int at;
};

__device__ inline bool before(Anchor a, Anchor b) {
    return b.at < 0 ? a.at >= 0 : a.at >= 0 && (a.score > b.score || (a.score == b.score && a.at < b.at));
}

constexpr int SEARCH_HEADS = 16;    // query heads of a key head that a block takes
constexpr int SEARCH_ANCHORS = 64;  // that are scored together
constexpr int SEARCH_WIDTH = 64;    // numbers of a head that are brought in together
constexpr int SEARCH_SPANS = 64;    // the most that are looked for this way

// The best anchors of a part of the stripes. A block of 256 threads takes a row, a key head, up to 16 of its query heads, and one of
// `parts` parts; what it finds goes to [rows, heads, parts, spans] of scratch, an anchor beside its score; with one part, to the result.
extern "C" __global__ void __launch_bounds__(256) search_part(
        const float* queries,
        const float* base,
        const i64* tables,
        const i64* segment_pages,
        const int* row_segment,
        const int* row_position,
        const int* row_stripes,
        const int* stripes,
        int* anchors,
        float* scores,
        i64 rows,
        i64 heads,
        i64 group,
        i64 key_heads,
        i64 head_size,
        i64 padded_head_size,
        i64 stride,
        i64 layer_first,
        i64 first_stripe,
        i64 spans,
        float scale,
        Anchor* scratch,
        i64 parts) {
    __shared__ float keys[SEARCH_ANCHORS][SEARCH_WIDTH + 1];
    __shared__ float asked[SEARCH_HEADS][SEARCH_WIDTH + 1];
    __shared__ float found[SEARCH_HEADS][SEARCH_ANCHORS];
    __shared__ Anchor best[SEARCH_HEADS][SEARCH_SPANS];
    __shared__ int places[SEARCH_ANCHORS];

    i64 head_blocks = (group + SEARCH_HEADS - 1) / SEARCH_HEADS;
    i64 part = blockIdx.x % parts;
    i64 head_block = blockIdx.x / parts % head_blocks;
    i64 key_head = blockIdx.x / parts / head_blocks % key_heads;
    i64 row = blockIdx.x / parts / head_blocks / key_heads;
    i64 first_head = key_head * group + head_block * SEARCH_HEADS;
    int count_heads = (int) min((i64) SEARCH_HEADS, group - head_block * SEARCH_HEADS);
    i64 width = key_heads * padded_head_size;
    const i64* table = tables + segment_pages[row_segment[row]];
    i64 position = row_position[row];

    i64 all = max((i64) 0, (i64) row_stripes[row] - first_stripe + 1);
    i64 share = ((all + parts - 1) / parts + SEARCH_ANCHORS - 1) / SEARCH_ANCHORS * SEARCH_ANCHORS;
    i64 first = min(all, part * share);
    i64 last = min(all, first + share);

    for (int i = threadIdx.x; i < SEARCH_HEADS * SEARCH_SPANS; i += blockDim.x) {
        best[i / SEARCH_SPANS][i % SEARCH_SPANS] = Anchor{-infinity(), -1};
    }
    int anchor = threadIdx.x / 4;  // whose score this thread computes, for every fourth head
    int lane = threadIdx.x % WARP;
    for (i64 tile = first; tile < last; tile += SEARCH_ANCHORS) {
        int count = (int) min((i64) SEARCH_ANCHORS, last - tile);
        __syncthreads();
        if (threadIdx.x < SEARCH_ANCHORS) {
            places[threadIdx.x] =
                    threadIdx.x < count ? (int) (position + 1 - stripes[first_stripe + tile + threadIdx.x]) : -1;
        }
        float sums[SEARCH_HEADS / 4] = {};
        for (i64 d = 0; d < padded_head_size; d += SEARCH_WIDTH) {
            int wide = (int) min((i64) SEARCH_WIDTH, padded_head_size - d);
            __syncthreads();
            // four threads bring a key
            int place = places[anchor];
            const float* key_at = base + token_at(table, max(place, 0), layer_first, width) + key_head * padded_head_size + d;
#pragma unroll 4
            for (int i = threadIdx.x % 4 * 4; i < wide; i += 16) {
                float4 four = place < 0 ? make_float4(0.0f, 0.0f, 0.0f, 0.0f)
                                        : *reinterpret_cast<const float4*>(key_at + i);
                keys[anchor][i] = four.x, keys[anchor][i + 1] = four.y;
                keys[anchor][i + 2] = four.z, keys[anchor][i + 3] = four.w;
            }
            for (int i = threadIdx.x; i < count_heads * SEARCH_WIDTH; i += blockDim.x) {
                // behind a head's numbers lie the next one's; the keys are zero there
                if (i % SEARCH_WIDTH < wide) {
                    asked[i / SEARCH_WIDTH][i % SEARCH_WIDTH] =
                            queries[row * stride + (first_head + i / SEARCH_WIDTH) * head_size + d + i % SEARCH_WIDTH];
                }
            }
            __syncthreads();
#pragma unroll 8
            for (int i = 0; i < wide; i++) {
                float key = keys[anchor][i];
#pragma unroll
                for (int h = 0; h < SEARCH_HEADS / 4; h++) {
                    sums[h] += asked[threadIdx.x % 4 + 4 * h][i] * key;
                }
            }
        }
#pragma unroll
        for (int h = 0; h < SEARCH_HEADS / 4; h++) {
            found[threadIdx.x % 4 + 4 * h][anchor] = sums[h] * scale;
        }
        __syncthreads();
        for (int h = threadIdx.x / WARP; h < count_heads; h += blockDim.x / WARP) {
            // each lane has two of the new ones; all that are better than the worst kept are put in, best first
            Anchor mine[2];
            for (int i = 0; i < 2; i++) {
                int place = places[lane + i * WARP];
                mine[i] = Anchor{found[h][lane + i * WARP], place};
            }
            for (int n = 0; n < SEARCH_ANCHORS; n++) {
                Anchor top = before(mine[1], mine[0]) ? mine[1] : mine[0];
#pragma unroll
                for (int distance = WARP / 2; distance > 0; distance /= 2) {
                    Anchor other = {__shfl_xor_sync(ALL, top.score, distance), __shfl_xor_sync(ALL, top.at, distance)};
                    top = before(other, top) ? other : top;
                }
                if (top.at < 0 || !before(top, best[h][spans - 1])) {
                    break;
                }
                if (lane == 0) {
                    i64 j = spans - 1;
                    for (; j > 0 && before(top, best[h][j - 1]); j--) {
                        best[h][j] = best[h][j - 1];
                    }
                    best[h][j] = top;
                }
                for (int i = 0; i < 2; i++) {
                    mine[i].at = mine[i].at == top.at ? -1 : mine[i].at;
                }
                __syncwarp();
            }
        }
    }
    __syncthreads();
    for (i64 i = threadIdx.x; i < count_heads * spans; i += blockDim.x) {
        i64 head = row * heads + first_head + i / spans;
        Anchor one = best[i / spans][i % spans];
        if (parts == 1) {
            anchors[head * spans + i % spans] = one.at;
            scores[head * spans + i % spans] = one.score;
        } else {
            scratch[(head * parts + part) * spans + i % spans] = one;
        }
    }
}

// Joins what the parts have found. A warp takes a row and a head: each lane goes down the list of one part, or of several.
extern "C" __global__ void search_join(
        const float* queries,
        const float* base,
        const i64* tables,
        const i64* segment_pages,
        const int* row_segment,
        const int* row_position,
        const int* row_stripes,
        const int* stripes,
        int* anchors,
        float* scores,
        i64 rows,
        i64 heads,
        i64 group,
        i64 key_heads,
        i64 head_size,
        i64 padded_head_size,
        i64 stride,
        i64 layer_first,
        i64 first_stripe,
        i64 spans,
        float scale,
        const Anchor* scratch,
        i64 parts) {
    i64 task = blockIdx.x;
    int lane = threadIdx.x;
    const Anchor* lists = scratch + task * parts * spans;
    i64 down = 0;  // parts are at most as many as lanes
    for (i64 j = 0; j < spans; j++) {
        Anchor top = lane < parts && down < spans ? lists[lane * spans + down] : Anchor{-infinity(), -1};
        Anchor mine = top;
#pragma unroll
        for (int distance = WARP / 2; distance > 0; distance /= 2) {
            Anchor other = {__shfl_xor_sync(ALL, top.score, distance), __shfl_xor_sync(ALL, top.at, distance)};
            top = before(other, top) ? other : top;
        }
        down += top.at >= 0 && mine.at == top.at;
        if (lane == 0) {
            anchors[task * spans + j] = top.at;
            scores[task * spans + j] = top.score;
        }
    }
}

// The same for any number of spans, one anchor after the other. A warp takes a row and a head.
extern "C" __global__ void search_many(
        const float* queries,
        const float* base,
        const i64* tables,
        const i64* segment_pages,
        const int* row_segment,
        const int* row_position,
        const int* row_stripes,
        const int* stripes,
        int* anchors,
        float* scores,
        i64 rows,
        i64 heads,
        i64 group,
        i64 key_heads,
        i64 head_size,
        i64 padded_head_size,
        i64 stride,
        i64 layer_first,
        i64 first_stripe,
        i64 spans,
        float scale) {
    i64 task = blockIdx.x;
    i64 row = task / heads;
    i64 head = task % heads;
    int lane = threadIdx.x;
    for (i64 j = lane; j < spans; j += WARP) {
        anchors[task * spans + j] = -1;
        scores[task * spans + j] = -infinity();
    }
    __syncwarp();
    const float* query = queries + row * stride + head * head_size;
    const i64* table = tables + segment_pages[row_segment[row]];
    i64 all = max((i64) 0, (i64) row_stripes[row] - first_stripe + 1);
    for (i64 i = 0; i < all; i++) {
        int place = row_position[row] + 1 - stripes[first_stripe + i];
        const float* key = base + token_at(table, place, layer_first, key_heads * padded_head_size)
                + head / group * padded_head_size;
        float sum = 0.0f;
        for (i64 d = lane; d < head_size; d += WARP) {
            sum += query[d] * key[d];
        }
        Anchor one = {warp_sum(sum) * scale, place};
        if (lane == 0) {
            i64 j = spans;
            for (; j > 0 && before(one, Anchor{scores[task * spans + j - 1], anchors[task * spans + j - 1]}); j--) {
                if (j < spans) {
                    anchors[task * spans + j] = anchors[task * spans + j - 1];
                    scores[task * spans + j] = scores[task * spans + j - 1];
                }
            }
            if (j < spans) {
                anchors[task * spans + j] = one.at;
                scores[task * spans + j] = one.score;
            }
        }
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
