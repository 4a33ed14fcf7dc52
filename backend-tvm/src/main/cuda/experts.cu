// The mixture of experts.
#include "tiles.cuh"

// Which expert a slot belongs to: the last one whose slots begin at or before it and that has any.
__device__ inline i64 expert_of(const int* starts, i64 experts, i64 slot) {
    i64 low = 0;
    i64 high = experts - 1;
    while (low < high) {
        i64 middle = (low + high + 1) / 2;
        if (starts[middle] <= slot) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

// The product of few slots, w is [experts, outputs, inputs]. A warp takes a slot and two outputs; the blocks of a slot follow each
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
    i64 per_block = blockDim.x / WARP * STEP_OUTPUTS;
    i64 blocks = (outputs + per_block - 1) / per_block;
    i64 slot = blockIdx.x / blocks;
    i64 first = blockIdx.x % blocks * per_block + threadIdx.x / WARP * STEP_OUTPUTS;
    if (first >= outputs) {
        return;
    }
    i64 expert = expert_of(starts, experts, slot);
    const float* row = x + (gathered == 1 ? slot_row[slot] : slot) * x_stride;
    float sums[STEP_OUTPUTS][1];
    step_sums<W, 1>(sums, row, w + (expert * outputs + first) * inputs, 1, inputs, 0, first + 1 < outputs ? inputs : 0);
#pragma unroll
    for (int o = 0; o < STEP_OUTPUTS; o++) {
        float sum = activated(warp_sum(sums[o][0]), activation);
        if (threadIdx.x % WARP == 0 && first + o < outputs) {
            y[slot * y_stride + first + o] = sum;
        }
    }
}

extern "C" __global__ void __launch_bounds__(128) expert_step_f32(
        const float* x, const float* w, float* y, const int* starts, const int* slot_row, i64 experts, i64 outputs,
        i64 inputs, i64 x_stride, i64 y_stride, i64 activation, i64 gathered) {
    expert_step(x, w, y, starts, slot_row, experts, outputs, inputs, x_stride, y_stride, activation, gathered);
}

extern "C" __global__ void __launch_bounds__(128) expert_step_bf16(
        const float* x, const bf16* w, float* y, const int* starts, const int* slot_row, i64 experts, i64 outputs,
        i64 inputs, i64 x_stride, i64 y_stride, i64 activation, i64 gathered) {
    expert_step(x, w, y, starts, slot_row, experts, outputs, inputs, x_stride, y_stride, activation, gathered);
}

// The same for many slots: a block takes an expert and 64 outputs, and goes over the expert's slots.
template <typename W>
__device__ void expert_strip(
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

extern "C" __global__ void __launch_bounds__(256) expert_strip_f32(
        const float* x, const float* w, float* y, const int* starts, const int* slot_row, i64 experts, i64 outputs,
        i64 inputs, i64 x_stride, i64 y_stride, i64 activation, i64 gathered) {
    expert_strip(x, w, y, starts, slot_row, experts, outputs, inputs, x_stride, y_stride, activation, gathered);
}

extern "C" __global__ void __launch_bounds__(256) expert_strip_bf16(
        const float* x, const bf16* w, float* y, const int* starts, const int* slot_row, i64 experts, i64 outputs,
        i64 inputs, i64 x_stride, i64 y_stride, i64 activation, i64 gathered) {
    expert_strip(x, w, y, starts, slot_row, experts, outputs, inputs, x_stride, y_stride, activation, gathered);
}

// A candidate and its rank: the higher rank wins, and the lower index among equals.
struct Candidate {
    float rank;
    int index;
};

__device__ inline Candidate better(Candidate a, Candidate b) {
    bool first = b.index < 0 || (a.index >= 0 && (a.rank > b.rank || (a.rank == b.rank && a.index < b.index)));
    return first ? a : b;
}

__device__ inline Candidate warp_best(Candidate mine) {
#pragma unroll
    for (int d = WARP / 2; d > 0; d /= 2) {
        Candidate other = {__shfl_xor_sync(ALL, mine.rank, d), __shfl_xor_sync(ALL, mine.index, d)};
        mine = better(mine, other);
    }
    return mine;
}

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
    float* score = logits + row * stride;
    float* rank = scratch + row * (2 * experts + groups);
    float* mark = rank + experts;
    float* group_rank = mark + experts;
    i64 size = experts / groups;
    for (i64 e = lane; e < experts; e += WARP) {
        score[e] = sigmoid(score[e]);
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
            Candidate best = {0.0f, -1};
            for (i64 g = lane; g < groups; g += WARP) {
                if (mark[g * size] == 0.0f) {
                    best = better(best, Candidate{group_rank[g], (int) g});
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
        Candidate best = {0.0f, -1};
        for (i64 e = lane; e < experts; e += WARP) {
            if (mark[e] == 1.0f) {
                best = better(best, Candidate{rank[e], (int) e});
            }
        }
        best = warp_best(best);
        if (lane == 0 && best.index >= 0) {
            mark[best.index] = 2.0f;
        }
        __syncwarp();
    }
    if (lane == 0) {
        i64 at = row * chosen;
        float sum = 0.0f;
        for (i64 e = 0; e < experts; e++) {
            if (mark[e] == 2.0f) {
                choices[at] = (int) e;
                weights[at++] = score[e];
                sum += score[e];
            }
        }
        float divisor = normalized == 1 ? sum + 1e-20f : 1.0f;
        for (i64 n = 0; n < chosen; n++) {
            weights[row * chosen + n] = weights[row * chosen + n] / divisor * scaling;
        }
    }
}

// Sorts choices by expert: where each expert's slots begin, the row of each slot, and the slot of each choice. One block; a thread
// takes an expert at a time, and goes over all choices.
extern "C" __global__ void gather(
        const int* choices, int* starts, int* slot_row, int* slots, i64 rows, i64 experts, i64 chosen) {
    i64 count = rows * chosen;
    for (i64 e = threadIdx.x; e < experts; e += blockDim.x) {
        int found = 0;
        for (i64 n = 0; n < count; n++) {
            found += choices[n] == e;
        }
        starts[e + 1] = found;
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        starts[0] = 0;
        for (i64 e = 0; e < experts; e++) {
            starts[e + 1] += starts[e];
        }
    }
    __syncthreads();
    for (i64 e = threadIdx.x; e < experts; e += blockDim.x) {
        int slot = starts[e];
        for (i64 n = 0; n < count; n++) {
            if (choices[n] == e) {
                slots[n] = slot;
                slot_row[slot++] = (int) (n / chosen);
            }
        }
    }
}

// Adds to each row the weighted sum of its experts in ascending order, the shared one last. A block a row.
extern "C" __global__ void combine(
        const float* outputs,
        const int* slots,
        const float* weights,
        const float* shared,
        float* hidden,
        i64 rows,
        i64 chosen,
        i64 stride,
        i64 has_shared) {
    i64 row = blockIdx.x;
    for (i64 k = threadIdx.x; k < stride; k += blockDim.x) {
        float sum = 0.0f;
        for (i64 n = 0; n < chosen; n++) {
            sum += weights[row * chosen + n] * outputs[slots[row * chosen + n] * stride + k];
        }
        if (has_shared == 1) {
            sum += shared[row * stride + k];
        }
        hidden[row * stride + k] += sum;
    }
}
