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

// y[r] = x[x_row[r]] / sqrt(mean of squares + epsilon) * weight. A block a row.
extern "C" __global__ void rms_norm(
        const float* x, const int* x_row, const float* weight, float* y, i64 rows, i64 size, i64 stride, float epsilon) {
    __shared__ float room[WARP];
    i64 r = blockIdx.x;
    const float* from = x + x_row[r] * stride;
    float sum = 0.0f;
    for (i64 k = threadIdx.x; k < stride; k += blockDim.x) {
        sum += from[k] * from[k];
    }
    float factor = 1.0f / sqrtf(block_sum(sum, room) / size + epsilon);
    for (i64 k = threadIdx.x; k < stride; k += blockDim.x) {
        y[r * stride + k] = from[k] * factor * weight[k];
    }
}

template <typename W, int ROWS>
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
    step_sums<W, ROWS>(sums, x, w + first * inputs, rows, inputs, x_stride, first + 1 < outputs ? inputs : 0);
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

// The product of at most eight rows. A warp takes two outputs.
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
    if (rows == 1) {
        step_outputs<W, 1>(x, w, y, rows, first, outputs, inputs, x_stride, y_stride, activation, accumulate);
    } else if (rows == 2) {
        step_outputs<W, 2>(x, w, y, rows, first, outputs, inputs, x_stride, y_stride, activation, accumulate);
    } else if (rows <= 4) {
        step_outputs<W, 4>(x, w, y, rows, first, outputs, inputs, x_stride, y_stride, activation, accumulate);
    } else {
        step_outputs<W, 8>(x, w, y, rows, first, outputs, inputs, x_stride, y_stride, activation, accumulate);
    }
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

// The product of many rows, in tiles of 64 rows and 64 outputs; the tiles of the same outputs follow each other.
template <typename W>
__device__ void strip_product(
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

extern "C" __global__ void __launch_bounds__(256) strip_product_f32(
        const float* x, const float* w, float* y, i64 rows, i64 outputs, i64 inputs, i64 x_stride, i64 y_stride,
        i64 activation, i64 accumulate) {
    strip_product(x, w, y, rows, outputs, inputs, x_stride, y_stride, activation, accumulate);
}

extern "C" __global__ void __launch_bounds__(256) strip_product_bf16(
        const float* x, const bf16* w, float* y, i64 rows, i64 outputs, i64 inputs, i64 x_stride, i64 y_stride,
        i64 activation, i64 accumulate) {
    strip_product(x, w, y, rows, outputs, inputs, x_stride, y_stride, activation, accumulate);
}
