// Rows times a matrix, rows of a table, and the norm of rows.
#include "tiles.cuh"

template <typename W>
__device__ void embed_row(const int* ids, const W* table, float* y, i64 table_stride, i64 y_stride) {
    i64 r = blockIdx.x;
    const W* from = table + ids[r] * table_stride;
    for (i64 k = threadIdx.x; k < table_stride; k += blockDim.x) {
        y[r * y_stride + k] = widen(from[k]);
    }
}

// The rows of a table that belong to token ids. A block a row.
extern "C" __global__ void embed_f32(
        const int* ids, const float* table, float* y, i64 rows, i64 table_stride, i64 y_stride) {
    embed_row(ids, table, y, table_stride, y_stride);
}

extern "C" __global__ void embed_bf16(
        const int* ids, const bf16* table, float* y, i64 rows, i64 table_stride, i64 y_stride) {
    embed_row(ids, table, y, table_stride, y_stride);
}

constexpr int NORM_FOURS = 4;  // float4 of a row that a thread keeps; 4096 numbers in all

// y[r] = x[x_row[r]] / sqrt(mean of squares + epsilon) * weight. A block of 256 threads a row.
extern "C" __global__ void __launch_bounds__(256) rms_norm(
        const float* x, const int* x_row, const float* weight, float* y, i64 rows, i64 size, i64 stride, float epsilon) {
    __shared__ float room[WARP];
    i64 r = blockIdx.x;
    const float4* from = reinterpret_cast<const float4*>(x + x_row[r] * stride);
    const float4* factors = reinterpret_cast<const float4*>(weight);
    float4* to = reinterpret_cast<float4*>(y + r * stride);
    int fours = (int) (stride / 4);
    float4 kept[NORM_FOURS];
    float4 times[NORM_FOURS];
    float sum = 0.0f;
#pragma unroll
    for (int j = 0; j < NORM_FOURS; j++) {
        int i = threadIdx.x + j * 256;
        kept[j] = i < fours ? from[i] : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
        times[j] = i < fours ? __ldg(factors + i) : kept[j];
    }
#pragma unroll
    for (int j = 0; j < NORM_FOURS; j++) {
        sum += kept[j].x * kept[j].x + kept[j].y * kept[j].y + kept[j].z * kept[j].z + kept[j].w * kept[j].w;
    }
    for (int i = threadIdx.x + NORM_FOURS * 256; i < fours; i += 256) {
        float4 a = from[i];
        sum += a.x * a.x + a.y * a.y + a.z * a.z + a.w * a.w;
    }
    float factor = 1.0f / sqrtf(block_sum(sum, room) / size + epsilon);
    auto scaled = [&](float4 a, float4 b) {
        return make_float4(a.x * factor * b.x, a.y * factor * b.y, a.z * factor * b.z, a.w * factor * b.w);
    };
#pragma unroll
    for (int j = 0; j < NORM_FOURS; j++) {
        int i = threadIdx.x + j * 256;
        if (i < fours) {
            to[i] = scaled(kept[j], times[j]);
        }
    }
    for (int i = threadIdx.x + NORM_FOURS * 256; i < fours; i += 256) {
        to[i] = scaled(from[i], factors[i]);
    }
}

template <typename W, int ROWS, int AHEAD>
__device__ void step_outputs(
        const float* x,
        const W* w,
        float* y,
        i64 rows,
        i64 first,
        i64 outputs,
        i64 inputs,
        i64 x_stride,
        i64 y_stride,
        i64 activation,
        i64 accumulate) {
    float sums[STEP_OUTPUTS][ROWS];
    step_sums<W, ROWS, AHEAD>(sums, x, w + first * inputs, rows, inputs, x_stride, first + 1 < outputs ? inputs : 0);
#pragma unroll
    for (int o = 0; o < STEP_OUTPUTS; o++) {
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
            float sum = activated(warp_sum(sums[o][r]), activation);
            if (threadIdx.x % WARP == 0 && r < rows && first + o < outputs) {
                float* to = y + r * y_stride + first + o;
                *to = accumulate == 1 ? *to + sum : sum;
            }
        }
    }
}

// The product of two to eight rows. A warp takes two outputs.
template <typename W>
__device__ void step_product(
        const float* x,
        const W* w,
        float* y,
        i64 rows,
        i64 outputs,
        i64 inputs,
        i64 x_stride,
        i64 y_stride,
        i64 activation,
        i64 accumulate) {
    i64 first = ((i64) blockIdx.x * (blockDim.x / WARP) + threadIdx.x / WARP) * STEP_OUTPUTS;
    if (first >= outputs) {
        return;
    }
    if (rows <= 2) {
        step_outputs<W, 2, 4>(x, w, y, rows, first, outputs, inputs, x_stride, y_stride, activation, accumulate);
    } else if (rows <= 4) {
        step_outputs<W, 4, 4>(x, w, y, rows, first, outputs, inputs, x_stride, y_stride, activation, accumulate);
    } else {
        step_outputs<W, 8, 3>(x, w, y, rows, first, outputs, inputs, x_stride, y_stride, activation, accumulate);
    }
}

// The product of one row. A block takes four outputs.
template <typename W>
__device__ void row_product(
        const float* x, const W* w, float* y, i64 outputs, i64 inputs, i64 activation, i64 accumulate) {
    i64 first = (i64) blockIdx.x * ROW_OUTPUTS;
    float sums[ROW_OUTPUTS];
    row_sums(sums, x, w + first * inputs, (int) inputs, outputs - first);
    int o = threadIdx.x;
    if (o < ROW_OUTPUTS && first + o < outputs) {
        float sum = activated(o == 0 ? sums[0] : o == 1 ? sums[1] : o == 2 ? sums[2] : sums[3], activation);
        y[first + o] = accumulate == 1 ? y[first + o] + sum : sum;
    }
}

extern "C" __global__ void __launch_bounds__(ROW_THREADS) row_product_f32(
        const float* x, const float* w, float* y, i64 rows, i64 outputs, i64 inputs, i64 x_stride, i64 y_stride,
        i64 activation, i64 accumulate) {
    row_product(x, w, y, outputs, inputs, activation, accumulate);
}

extern "C" __global__ void __launch_bounds__(ROW_THREADS) row_product_bf16(
        const float* x, const bf16* w, float* y, i64 rows, i64 outputs, i64 inputs, i64 x_stride, i64 y_stride,
        i64 activation, i64 accumulate) {
    row_product(x, w, y, outputs, inputs, activation, accumulate);
}

extern "C" __global__ void __launch_bounds__(128) step_product_f32(
        const float* x, const float* w, float* y, i64 rows, i64 outputs, i64 inputs, i64 x_stride, i64 y_stride,
        i64 activation, i64 accumulate) {
    step_product(x, w, y, rows, outputs, inputs, x_stride, y_stride, activation, accumulate);
}

extern "C" __global__ void __launch_bounds__(128) step_product_bf16(
        const float* x, const bf16* w, float* y, i64 rows, i64 outputs, i64 inputs, i64 x_stride, i64 y_stride,
        i64 activation, i64 accumulate) {
    step_product(x, w, y, rows, outputs, inputs, x_stride, y_stride, activation, accumulate);
}

// The product of many rows in float32, in tiles of 64 rows and 64 outputs; the tiles of the same outputs follow each other.
extern "C" __global__ void __launch_bounds__(256) strip_product_f32(
        const float* x, const float* w, float* y, i64 rows, i64 outputs, i64 inputs, i64 x_stride, i64 y_stride,
        i64 activation, i64 accumulate) {
    i64 tall = (rows + TILE - 1) / TILE;
    i64 first = blockIdx.x % tall * TILE;
    tile_product(
            w,
            blockIdx.x / tall * TILE,
            outputs,
            inputs,
            rows - first,
            [&](int i) { return x + (first + i) * x_stride; },
            [&](int i, i64 output, float sum) {
                float* cell = y + (first + i) * y_stride + output;
                sum = activated(sum, activation);
                *cell = accumulate == 1 ? *cell + sum : sum;
            });
}

// The same on tensor cores, in tiles of 128 rows and 128 outputs.
extern "C" __global__ void __launch_bounds__(256) strip_product_bf16(
        const float* x, const bf16* w, float* y, i64 rows, i64 outputs, i64 inputs, i64 x_stride, i64 y_stride,
        i64 activation, i64 accumulate) {
    i64 tall = (rows + MMA_OUTPUTS - 1) / MMA_OUTPUTS;
    i64 first = blockIdx.x % tall * MMA_OUTPUTS;
    mma_product<128>(
            w,
            blockIdx.x / tall * MMA_OUTPUTS,
            outputs,
            inputs,
            rows - first,
            [&](int i) { return x + (first + i) * x_stride; },
            [&](int i, i64 output, float sum) {
                float* cell = y + (first + i) * y_stride + output;
                sum = activated(sum, activation);
                *cell = accumulate == 1 ? *cell + sum : sum;
            });
}

// The best of a part of each row's logits, and whether all of the part are finite: else the rank is no number. A block of 256 threads
// takes a row and one of `parts` parts.
extern "C" __global__ void __launch_bounds__(256) best_part(
        const float* logits, int* ids, i64 rows, i64 vocabulary, i64 stride, Ranked* room, i64 parts) {
    __shared__ Ranked joined[WARP];
    i64 part = blockIdx.x % parts;
    i64 share = (vocabulary + parts - 1) / parts;
    const float* row = logits + blockIdx.x / parts * stride;
    Ranked top = {0.0f, -1};
    bool finite = true;
    for (i64 i = part * share + threadIdx.x; i < min(vocabulary, (part + 1) * share); i += blockDim.x) {
        finite = finite && fabsf(row[i]) < infinity();  // not of NaN either
        top = better(top, Ranked{row[i], (int) i});
    }
    top = warp_best(top);
    if (threadIdx.x % WARP == 0) {
        joined[threadIdx.x / WARP] = top;
    }
    finite = __syncthreads_and(finite);
    if (threadIdx.x < WARP) {
        top = warp_best(threadIdx.x < blockDim.x / WARP ? joined[threadIdx.x] : Ranked{0.0f, -1});
        if (threadIdx.x == 0) {
            room[blockIdx.x] = finite ? top : Ranked{__int_as_float(0x7fc00000), 0};
        }
    }
}

// The id with the largest of each row's logits, the first among equals; -1 where one is not finite. A warp a row.
extern "C" __global__ void best_join(
        const float* logits, int* ids, i64 rows, i64 vocabulary, i64 stride, const Ranked* room, i64 parts) {
    Ranked top = {0.0f, -1};
    bool finite = true;
    for (i64 p = threadIdx.x; p < parts; p += WARP) {
        Ranked one = room[blockIdx.x * parts + p];
        finite = finite && !isnan(one.rank);
        top = better(top, one);
    }
    finite = __all_sync(ALL, finite);
    top = warp_best(top);
    if (threadIdx.x == 0) {
        ids[blockIdx.x] = finite ? top.index : -1;
    }
}
