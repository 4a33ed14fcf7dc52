// The search for anchors in superlinear attention.
#include "common.cuh"

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
