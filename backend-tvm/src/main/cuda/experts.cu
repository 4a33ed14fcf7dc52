// The mixture of experts.
#include "tiles.cuh"

// Which expert a slot belongs to: the last one whose slots begin at or before it. All lanes of a warp ask for the same.
__device__ inline i64 expert_of(const int* starts, i64 experts, i64 slot) {
    int before = 0;
#pragma unroll 4
    for (int first = 0; first < experts; first += WARP) {
        int e = first + threadIdx.x % WARP;
        before += __popc(__ballot_sync(ALL, e < experts && starts[e] <= slot));
    }
    return before - 1;
}

// The product of few slots, w is [experts, outputs, inputs]. A block takes a slot and four outputs; the blocks of a slot follow each
// other. With gathered 1 a slot reads the row of x that slot_row names, else the row with its own number.
template <typename W>
__device__ void expert_step(
        const float* x,
        const W* w,
        float* y,
        const int* starts,
        const int* slot_row,
        i64 experts,
        i64 outputs,
        i64 inputs,
        i64 x_stride,
        i64 y_stride,
        i64 activation,
        i64 gathered) {
    i64 blocks = (outputs + ROW_OUTPUTS - 1) / ROW_OUTPUTS;
    i64 slot = blockIdx.x / blocks;
    i64 first = blockIdx.x % blocks * ROW_OUTPUTS;
    i64 expert = expert_of(starts, experts, slot);
    const float* row = x + (gathered == 1 ? slot_row[slot] : slot) * x_stride;
    float sums[ROW_OUTPUTS];
    row_sums(sums, row, w + (expert * outputs + first) * inputs, (int) inputs, outputs - first);
    int o = threadIdx.x;
    if (o < ROW_OUTPUTS && first + o < outputs) {
        y[slot * y_stride + first + o] =
                activated(o == 0 ? sums[0] : o == 1 ? sums[1] : o == 2 ? sums[2] : sums[3], activation);
    }
}

extern "C" __global__ void __launch_bounds__(ROW_THREADS) expert_step_f32(
        const float* x, const float* w, float* y, const int* starts, const int* slot_row, i64 experts, i64 outputs,
        i64 inputs, i64 x_stride, i64 y_stride, i64 activation, i64 gathered) {
    expert_step(x, w, y, starts, slot_row, experts, outputs, inputs, x_stride, y_stride, activation, gathered);
}

extern "C" __global__ void __launch_bounds__(ROW_THREADS) expert_step_bf16(
        const float* x, const bf16* w, float* y, const int* starts, const int* slot_row, i64 experts, i64 outputs,
        i64 inputs, i64 x_stride, i64 y_stride, i64 activation, i64 gathered) {
    expert_step(x, w, y, starts, slot_row, experts, outputs, inputs, x_stride, y_stride, activation, gathered);
}

// The same for many slots in float32: a block takes an expert and 64 outputs, and goes over the expert's slots.
extern "C" __global__ void __launch_bounds__(256) expert_strip_f32(
        const float* x, const float* w, float* y, const int* starts, const int* slot_row, i64 experts, i64 outputs,
        i64 inputs, i64 x_stride, i64 y_stride, i64 activation, i64 gathered) {
    i64 wide = (outputs + TILE - 1) / TILE;
    i64 expert = blockIdx.x / wide;
    for (i64 slot = starts[expert]; slot < starts[expert + 1]; slot += TILE) {
        tile_product(
                w + expert * outputs * inputs,
                blockIdx.x % wide * TILE,
                outputs,
                inputs,
                starts[expert + 1] - slot,
                [&](int i) { return x + (gathered == 1 ? slot_row[slot + i] : slot + i) * x_stride; },
                [&](int i, i64 output, float sum) { y[(slot + i) * y_stride + output] = activated(sum, activation); });
    }
}

// The same on tensor cores, in tiles of 64 slots and 128 outputs.
extern "C" __global__ void __launch_bounds__(256) expert_strip_bf16(
        const float* x, const bf16* w, float* y, const int* starts, const int* slot_row, i64 experts, i64 outputs,
        i64 inputs, i64 x_stride, i64 y_stride, i64 activation, i64 gathered) {
    i64 wide = (outputs + MMA_OUTPUTS - 1) / MMA_OUTPUTS;
    i64 expert = blockIdx.x / wide;
    for (i64 slot = starts[expert]; slot < starts[expert + 1]; slot += TILE) {
        mma_product<TILE>(
                w + expert * outputs * inputs,
                blockIdx.x % wide * MMA_OUTPUTS,
                outputs,
                inputs,
                starts[expert + 1] - slot,
                [&](int i) { return x + (gathered == 1 ? slot_row[slot + i] : slot + i) * x_stride; },
                [&](int i, i64 output, float sum) { y[(slot + i) * y_stride + output] = activated(sum, activation); });
    }
}

constexpr int ROUTE_EXPERTS = 512;  // so many fit near

// Each row's experts in ascending order, and their weights. Of scratch a row has 2 experts + groups elements: the ranks, a mark for
// what is still to be had (0 no, 1 yes, 2 chosen), and the ranks of groups. A warp takes a row.
extern "C" __global__ void route(
        float* logits,
        const float* bias,
        float* scratch,
        int* choices,
        float* weights,
        i64 rows,
        i64 experts,
        i64 chosen,
        i64 groups,
        i64 top_groups,
        i64 stride,
        i64 normalized,
        float scaling) {
    i64 row = blockIdx.x;
    int lane = threadIdx.x;
    __shared__ float near[3 * ROUTE_EXPERTS];  // scores, ranks, marks
    const float* given = logits + row * stride;
    float* score = experts <= ROUTE_EXPERTS ? near : logits + row * stride;
    float* rank = experts <= ROUTE_EXPERTS ? near + ROUTE_EXPERTS : scratch + row * (2 * experts + groups);
    float* mark = rank + experts;
    float* group_rank = scratch + row * (2 * experts + groups) + 2 * experts;
    i64 size = experts / groups;
    for (i64 e = lane; e < experts; e += WARP) {
        score[e] = sigmoid(given[e]);
        rank[e] = score[e] + bias[e];
        mark[e] = groups == 1 ? 1.0f : 0.0f;
    }
    __syncwarp();
    if (groups > 1) {
        for (i64 g = lane; g < groups; g += WARP) {
            float best = -infinity();
            float next = -infinity();
            for (i64 e = g * size; e < (g + 1) * size; e++) {
                if (rank[e] > best) {
                    next = best;
                    best = rank[e];
                } else {
                    next = fmaxf(next, rank[e]);
                }
            }
            group_rank[g] = size == 1 ? best : best + next;
        }
        __syncwarp();
        for (i64 n = 0; n < top_groups; n++) {
            Ranked best = {0.0f, -1};
            for (i64 g = lane; g < groups; g += WARP) {
                if (mark[g * size] == 0.0f) {
                    best = better(best, Ranked{group_rank[g], (int) g});
                }
            }
            best = warp_best(best);
            for (i64 e = lane; e < size && best.index >= 0; e += WARP) {
                mark[best.index * size + e] = 1.0f;
            }
            __syncwarp();
        }
    }
    for (i64 n = 0; n < chosen; n++) {
        Ranked best = {0.0f, -1};
        for (i64 e = lane; e < experts; e += WARP) {
            if (mark[e] == 1.0f) {
                best = better(best, Ranked{rank[e], (int) e});
            }
        }
        best = warp_best(best);
        if (lane == 0 && best.index >= 0) {
            mark[best.index] = 2.0f;
        }
        __syncwarp();
    }
    i64 at = row * chosen;
    for (i64 first = 0; first < experts; first += WARP) {  // those that were chosen, one behind the other
        bool mine = first + lane < experts && mark[first + lane] == 2.0f;
        unsigned who = __ballot_sync(ALL, mine);
        if (mine) {
            i64 to = at + __popc(who & ((1u << lane) - 1));
            choices[to] = (int) (first + lane);
            weights[to] = score[first + lane];
        }
        at += __popc(who);
    }
    __syncwarp();
    float sum = 0.0f;
    for (i64 n = row * chosen; n < at; n++) {
        sum += weights[n];
    }
    __syncwarp();
    float divisor = normalized == 1 ? sum + 1e-20f : 1.0f;
    for (i64 n = row * chosen + lane; n < at; n += WARP) {
        weights[n] = weights[n] / divisor * scaling;
    }
}

// Sorts choices by expert: where each expert's slots begin, the row of each slot, and the slot of each choice. One block of 1024
// threads; a warp takes an expert at a time, and goes over all choices.
extern "C" __global__ void __launch_bounds__(1024) gather(
        const int* choices, int* starts, int* slot_row, int* slots, i64 rows, i64 experts, i64 chosen) {
    int count = (int) (rows * chosen);
    int lane = threadIdx.x % WARP;
    for (i64 e = threadIdx.x / WARP; e < experts; e += blockDim.x / WARP) {
        int found = 0;
#pragma unroll 4
        for (int n = 0; n < count; n += WARP) {
            found += __popc(__ballot_sync(ALL, n + lane < count && choices[n + lane] == e));
        }
        if (lane == 0) {
            starts[e + 1] = found;
        }
    }
    __syncthreads();
    if (threadIdx.x < WARP) {  // where each ends
        int before = 0;
        for (i64 first = 0; first < experts; first += WARP) {
            int sum = first + lane < experts ? starts[first + lane + 1] : 0;
#pragma unroll
            for (int d = 1; d < WARP; d *= 2) {
                int other = __shfl_up_sync(ALL, sum, d);
                sum += lane >= d ? other : 0;
            }
            if (first + lane < experts) {
                starts[first + lane + 1] = before + sum;
            }
            before += __shfl_sync(ALL, sum, WARP - 1);
        }
        if (lane == 0) {
            starts[0] = 0;
        }
    }
    __syncthreads();
    for (i64 e = threadIdx.x / WARP; e < experts; e += blockDim.x / WARP) {
        int slot = starts[e];
        if (slot == starts[e + 1]) {
            continue;
        }
#pragma unroll 4
        for (int n = 0; n < count; n += WARP) {
            bool mine = n + lane < count && choices[n + lane] == e;
            unsigned who = __ballot_sync(ALL, mine);
            if (mine) {
                int at = slot + __popc(who & ((1u << lane) - 1));
                slots[n + lane] = at;
                slot_row[at] = (int) ((n + lane) / chosen);
            }
            slot += __popc(who);
        }
    }
}

// Adds to each row the weighted sum of its experts in ascending order, the shared one last. A block of 256 threads takes a row and 256
// of its numbers.
extern "C" __global__ void __launch_bounds__(256) combine(
        const float* outputs,
        const int* slots,
        const float* weights,
        const float* shared,
        float* hidden,
        i64 rows,
        i64 chosen,
        i64 stride,
        i64 has_shared) {
    i64 blocks = (stride + 255) / 256;
    i64 row = blockIdx.x / blocks;
    i64 k = blockIdx.x % blocks * 256 + threadIdx.x;
    if (k >= stride) {
        return;
    }
    float before = hidden[row * stride + k];
    float last = has_shared == 1 ? shared[row * stride + k] : 0.0f;
    float sum = 0.0f;
#pragma unroll 8
    for (i64 n = 0; n < chosen; n++) {
        sum += weights[row * chosen + n] * outputs[slots[row * chosen + n] * stride + k];
    }
    hidden[row * stride + k] = before + (has_shared == 1 ? sum + last : sum);
}
