// The sums of products: a few rows by a warp, many by a block.
#pragma once
#include "mma.cuh"

constexpr int STEP_OUTPUTS = 2;  // of a product in one warp

// The sums of two outputs for ROWS rows; each lane takes eight inputs of every 256, and AHEAD of them are on their way.
template <typename W, int ROWS, int AHEAD>
__device__ inline void step_sums(
        float (&sums)[STEP_OUTPUTS][ROWS], const float* x, const W* w, i64 rows, i64 inputs, i64 x_stride, i64 w_stride) {
#pragma unroll
    for (int o = 0; o < STEP_OUTPUTS; o++) {
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
            sums[o][r] = 0.0f;
        }
    }
    for (int k = threadIdx.x % WARP * 8; k < inputs; k += WARP * 8 * AHEAD) {
        Eight<W> weights[AHEAD][STEP_OUTPUTS];
#pragma unroll
        for (int j = 0; j < AHEAD; j++) {
            int at = k + j * WARP * 8;
            at = at < inputs ? at : 0;  // and the row's numbers are zeros
            weights[j][0].load_once(w + at);
            weights[j][1].load_once(w + w_stride + at);
        }
#pragma unroll
        for (int j = 0; j < AHEAD; j++) {
            int at = k + j * WARP * 8;
#pragma unroll
            for (int r = 0; r < ROWS; r++) {
                Eight<float> row;
                row.load(x + (r < rows ? r : 0) * x_stride + at, at < inputs);
#pragma unroll
                for (int i = 0; i < 8; i++) {
                    sums[0][r] += row.at(i) * weights[j][0].at(i);
                    sums[1][r] += row.at(i) * weights[j][1].at(i);
                }
            }
        }
    }
}

constexpr int ROW_OUTPUTS = 4;   // of a product of one row in one block
constexpr int ROW_THREADS = 128;  // of such a block

// The sums of four outputs for one row: the block takes the inputs together, all of which are on their way before the first is used,
// unless they are many. `count` of the outputs are there. All threads have the sums.
template <typename W>
__device__ inline void row_sums(float (&sums)[ROW_OUTPUTS], const float* x, const W* w, int inputs, i64 count) {
    constexpr int AHEAD = sizeof(W) == 2 ? 3 : 2;
    __shared__ float room[ROW_OUTPUTS][ROW_THREADS / WARP];
#pragma unroll
    for (int o = 0; o < ROW_OUTPUTS; o++) {
        sums[o] = 0.0f;
    }
    for (int k = threadIdx.x * 8; k < inputs; k += ROW_THREADS * 8 * AHEAD) {
        Eight<W> weights[AHEAD][ROW_OUTPUTS];
        Eight<float> row[AHEAD];
#pragma unroll
        for (int j = 0; j < AHEAD; j++) {
            int at = k + j * ROW_THREADS * 8;
            row[j].load(x + at, at < inputs);
            at = at < inputs ? at : 0;  // and the row's numbers are zeros
#pragma unroll
            for (int o = 0; o < ROW_OUTPUTS; o++) {
                weights[j][o].load_once(w + (o < count ? o : 0) * (i64) inputs + at);
            }
        }
#pragma unroll
        for (int j = 0; j < AHEAD; j++) {
#pragma unroll
            for (int o = 0; o < ROW_OUTPUTS; o++) {
#pragma unroll
                for (int i = 0; i < 8; i++) {
                    sums[o] += row[j].at(i) * weights[j][o].at(i);
                }
            }
        }
    }
#pragma unroll
    for (int o = 0; o < ROW_OUTPUTS; o++) {
        sums[o] = warp_sum(sums[o]);
        if (threadIdx.x % WARP == 0) {
            room[o][threadIdx.x / WARP] = sums[o];
        }
    }
    __syncthreads();
#pragma unroll
    for (int o = 0; o < ROW_OUTPUTS; o++) {
        sums[o] = (room[o][0] + room[o][1]) + (room[o][2] + room[o][3]);
    }
}

constexpr int TILE = 64;        // rows and outputs of a tile
constexpr int DEPTH = 16;       // inputs that are brought in together
constexpr int CELLS = 4;        // rows and outputs of a thread

// A tile of a product in float32: 256 threads, each 4 x 4 cells. `row_of` says where row i of the tile lies in x and y.
template <typename W, typename From, typename To>
__device__ void tile_product(
        const W* w, i64 first_output, i64 outputs, i64 inputs, i64 count, From from, To to) {
    __shared__ __align__(16) float rows_of[DEPTH][TILE + 4];
    __shared__ __align__(16) float outputs_of[DEPTH][TILE + 4];
    __syncthreads();  // who was still reading for a tile before
    float sums[CELLS][CELLS] = {};
    int i = threadIdx.x / 4;       // which row and which output this thread brings in
    int part = threadIdx.x % 4 * 4;  // and which four of its inputs
    int row = threadIdx.x / 16 * CELLS;
    int column = threadIdx.x % 16 * CELLS;
    const float* x = from(i < count ? i : 0);
    const W* weight = w + (first_output + i < outputs ? first_output + i : outputs - 1) * inputs;
    for (i64 k = 0; k < inputs; k += DEPTH) {
        float4 four = *reinterpret_cast<const float4*>(x + k + part);
        __syncthreads();
        rows_of[part][i] = four.x, rows_of[part + 1][i] = four.y;
        rows_of[part + 2][i] = four.z, rows_of[part + 3][i] = four.w;
#pragma unroll
        for (int j = 0; j < 4; j++) {
            outputs_of[part + j][i] = widen(weight[k + part + j]);
        }
        __syncthreads();
#pragma unroll
        for (int d = 0; d < DEPTH; d++) {
            float4 a = *reinterpret_cast<float4*>(&rows_of[d][row]);
            float4 b = *reinterpret_cast<float4*>(&outputs_of[d][column]);
            float as[CELLS] = {a.x, a.y, a.z, a.w};
            float bs[CELLS] = {b.x, b.y, b.z, b.w};
#pragma unroll
            for (int r = 0; r < CELLS; r++) {
#pragma unroll
                for (int c = 0; c < CELLS; c++) {
                    sums[r][c] += as[r] * bs[c];
                }
            }
        }
    }
#pragma unroll
    for (int r = 0; r < CELLS; r++) {
#pragma unroll
        for (int c = 0; c < CELLS; c++) {
            if (row + r < count && first_output + column + c < outputs) {
                to(row + r, first_output + column + c, sums[r][c]);
            }
        }
    }
}
