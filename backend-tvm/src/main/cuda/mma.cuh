// Products of many rows on tensor cores: a float32 number times a bfloat16 weight, as two products of bfloat16 numbers. The first
// takes the upper half of the number's bits (rounded), the second what is left; together they keep 16 bits of it.
#pragma once
#include "common.cuh"

constexpr int MMA_OUTPUTS = 128;  // of a tile
constexpr int MMA_DEPTH = 32;     // inputs that are brought in together
constexpr int MMA_PITCH = MMA_DEPTH + 8;  // so that the rows of a fragment lie in different banks
constexpr int MMA_THREADS = 256;

__device__ inline unsigned pair(float low, float high) {
    unsigned both;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
    return both;
}

__device__ inline float low_of(unsigned both) { return __uint_as_float(both << 16); }

__device__ inline float high_of(unsigned both) { return __uint_as_float(both & 0xffff0000u); }

// Four matrices of 8 rows of 16 bytes: each lane names a row, and gets four bytes of each matrix.
__device__ inline void load_matrices(unsigned (&into)[4], const void* row) {
    unsigned address = (unsigned) __cvta_generic_to_shared(row);
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(into[0]), "=r"(into[1]), "=r"(into[2]), "=r"(into[3])
                 : "r"(address)
                 : "memory");
}

// What is left of two numbers beside their upper halves.
__device__ inline unsigned left(float low, float high, unsigned upper) {
    return pair(low - low_of(upper), high - high_of(upper));
}

__device__ inline void multiply(float (&sums)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Two parts of a number, of 11 bits each; what stays of the second is cut by who multiplies.
__device__ inline void split(float x, unsigned& upper, unsigned& rest) {
    upper = __float_as_uint(x) & 0xffffe000u;
    rest = __float_as_uint(x - __uint_as_float(upper));
}

__device__ inline void multiply_tf32(float (&sums)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// The product of float32 numbers, each in two parts; that of the two small parts is left out.
__device__ inline void multiply_parts(
        float (&sums)[4], const unsigned (&upper)[4], const unsigned (&rest)[4], float b0, float b1) {
    unsigned upper0, rest0, upper1, rest1;
    split(b0, upper0, rest0);
    split(b1, upper1, rest1);
    multiply_tf32(sums, rest, upper0, upper1);
    multiply_tf32(sums, upper, rest0, rest1);
    multiply_tf32(sums, upper, upper0, upper1);
}

// A tile of ROWS rows and 128 outputs by 256 threads: eight warps, two along the rows and four along the outputs. `from` says where row
// i of the tile lies, `to` takes the sums.
template <int ROWS, typename From, typename To>
__device__ void mma_product(const bf16* w, i64 first_output, i64 outputs, i64 inputs, i64 count, From from, To to) {
    constexpr int FOURS = ROWS * MMA_DEPTH / 4 / MMA_THREADS;            // of x for each thread
    constexpr int EIGHTS = MMA_OUTPUTS * MMA_DEPTH / 8 / MMA_THREADS;    // of w for each thread
    constexpr int M = ROWS / 32;                                          // tiles of 16 rows of a warp
    constexpr int N = 4;                                                  // tiles of 8 outputs of a warp
    __shared__ __align__(16) unsigned short upper[ROWS][MMA_PITCH];
    __shared__ __align__(16) unsigned short rest[ROWS][MMA_PITCH];
    __shared__ __align__(16) unsigned short weights[MMA_OUTPUTS][MMA_PITCH];

    int t = threadIdx.x;
    int lane = t % WARP;
    int warp_row = t / WARP % 2 * (ROWS / 2);
    int warp_output = t / WARP / 2 * 32;
    const float* x_at[FOURS];
    const bf16* w_at[EIGHTS];
    int k_of_four = t % 8 * 4;
    int k_of_eight = t % 4 * 8;
#pragma unroll
    for (int j = 0; j < FOURS; j++) {
        i64 row = t / 8 + j * (MMA_THREADS / 8);
        x_at[j] = from((int) (row < count ? row : 0)) + k_of_four;
    }
#pragma unroll
    for (int j = 0; j < EIGHTS; j++) {
        i64 output = first_output + t / 4 + j * (MMA_THREADS / 4);
        w_at[j] = w + (output < outputs ? output : outputs - 1) * inputs + k_of_eight;
    }
    float sums[M][N][4] = {};
    float4 fours[FOURS];
    uint4 eights[EIGHTS];
    auto bring = [&](i64 k) {
#pragma unroll
        for (int j = 0; j < FOURS; j++) {
            fours[j] = k + k_of_four < inputs ? *reinterpret_cast<const float4*>(x_at[j] + k)
                                              : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
        }
#pragma unroll
        for (int j = 0; j < EIGHTS; j++) {
            eights[j] = k + k_of_eight < inputs ? __ldg(reinterpret_cast<const uint4*>(w_at[j] + k))
                                                : make_uint4(0, 0, 0, 0);
        }
    };
    bring(0);
    for (i64 k = 0; k < inputs; k += MMA_DEPTH) {
        __syncthreads();
#pragma unroll
        for (int j = 0; j < FOURS; j++) {
            int row = t / 8 + j * (MMA_THREADS / 8);
            float4 x = fours[j];
            unsigned a = pair(x.x, x.y);
            unsigned b = pair(x.z, x.w);
            *reinterpret_cast<uint2*>(&upper[row][k_of_four]) = make_uint2(a, b);
            *reinterpret_cast<uint2*>(&rest[row][k_of_four]) = make_uint2(left(x.x, x.y, a), left(x.z, x.w, b));
        }
#pragma unroll
        for (int j = 0; j < EIGHTS; j++) {
            *reinterpret_cast<uint4*>(&weights[t / 4 + j * (MMA_THREADS / 4)][k_of_eight]) = eights[j];
        }
        __syncthreads();
        if (k + MMA_DEPTH < inputs) {
            bring(k + MMA_DEPTH);
        }
#pragma unroll
        for (int d = 0; d < MMA_DEPTH; d += 16) {
            unsigned b[N / 2][4];
#pragma unroll
            for (int n = 0; n < N / 2; n++) {
                load_matrices(
                        b[n], &weights[warp_output + n * 16 + lane / 16 * 8 + lane % 8][d + lane / 8 % 2 * 8]);
            }
#pragma unroll
            for (int m = 0; m < M; m++) {
                unsigned a[4];
                load_matrices(a, &upper[warp_row + m * 16 + lane % 16][d + lane / 16 * 8]);
#pragma unroll
                for (int n = 0; n < N; n++) {
                    multiply(sums[m][n], a, b[n / 2][n % 2 * 2], b[n / 2][n % 2 * 2 + 1]);
                }
                load_matrices(a, &rest[warp_row + m * 16 + lane % 16][d + lane / 16 * 8]);
#pragma unroll
                for (int n = 0; n < N; n++) {
                    multiply(sums[m][n], a, b[n / 2][n % 2 * 2], b[n / 2][n % 2 * 2 + 1]);
                }
            }
        }
    }
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
        for (int n = 0; n < N; n++) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                int row = warp_row + m * 16 + lane / 4 + i / 2 * 8;
                i64 output = first_output + warp_output + n * 8 + lane % 4 * 2 + i % 2;
                if (row < count && output < outputs) {
                    to(row, output, sums[m][n][i]);
                }
            }
        }
    }
}
