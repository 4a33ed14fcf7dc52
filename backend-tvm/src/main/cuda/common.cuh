// What the kernels for CUDA have in common.
//
// They take the arguments of their namesakes for processors, in the same order, but for the range of tasks: a grid covers all of them.
// Matrices are [outputs, inputs], rows padded by zeros to a multiple of 16; strides are in elements. `base` is an address, and tables
// hold how many elements behind or before it pages and states begin.
//
// Every sum is taken in an order that depends on its own row alone, and no kernel adds by atomics: the same batch gives the same bits.
#pragma once

typedef long long i64;
typedef unsigned short bf16;

constexpr int PAGE = 128;    // tokens of keys and values in a page
constexpr int WARP = 32;
constexpr unsigned ALL = 0xffffffffu;
constexpr float NOTHING = -3.4028234663852886e38f;  // below every score, and its differences are numbers

__device__ inline float infinity() { return __int_as_float(0x7f800000); }

__device__ inline float widen(float x) { return x; }

__device__ inline float widen(bf16 x) { return __uint_as_float((unsigned) x << 16); }

// Eight consecutive weights, whose address is a multiple of 16 bytes.
struct Eight {
    float at[8];

    __device__ explicit Eight(const float* w) {
        float4 a = __ldg(reinterpret_cast<const float4*>(w));
        float4 b = __ldg(reinterpret_cast<const float4*>(w) + 1);
        at[0] = a.x, at[1] = a.y, at[2] = a.z, at[3] = a.w;
        at[4] = b.x, at[5] = b.y, at[6] = b.z, at[7] = b.w;
    }

    __device__ explicit Eight(const bf16* w) {
        uint4 u = __ldg(reinterpret_cast<const uint4*>(w));
        unsigned words[4] = {u.x, u.y, u.z, u.w};
#pragma unroll
        for (int i = 0; i < 4; i++) {
            at[2 * i] = __uint_as_float(words[i] << 16);
            at[2 * i + 1] = __uint_as_float(words[i] & 0xffff0000u);
        }
    }
};

__device__ inline float warp_sum(float x) {
#pragma unroll
    for (int d = WARP / 2; d > 0; d /= 2) {
        x += __shfl_xor_sync(ALL, x, d);
    }
    return x;
}

// The sum over a block of whole warps, at most 1024 threads; `room` is shared and has 32 numbers.
__device__ inline float block_sum(float x, float* room) {
    x = warp_sum(x);
    __syncthreads();  // who was still reading the last sum
    if (threadIdx.x % WARP == 0) {
        room[threadIdx.x / WARP] = x;
    }
    __syncthreads();
    return warp_sum(threadIdx.x % WARP < blockDim.x / WARP ? room[threadIdx.x % WARP] : 0.0f);
}

__device__ inline float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

__device__ inline float activated(float x, i64 activation) {
    float positive = fmaxf(x, 0.0f);
    return activation == 1 ? positive * positive : x;
}

// Where a token's keys of a layer begin, from `base` on.
__device__ inline i64 token_at(const i64* table, i64 token, i64 layer_first, i64 width) {
    return table[token / PAGE] + layer_first + token % PAGE * width;
}

// Something by its index, and its rank: the higher rank wins, and the lower index among equals; a negative index is nothing.
struct Ranked {
    float rank;
    int index;
};

__device__ inline Ranked better(Ranked a, Ranked b) {
    bool first = b.index < 0 || (a.index >= 0 && (a.rank > b.rank || (a.rank == b.rank && a.index < b.index)));
    return first ? a : b;
}

__device__ inline Ranked warp_best(Ranked mine) {
#pragma unroll
    for (int d = WARP / 2; d > 0; d /= 2) {
        Ranked other = {__shfl_xor_sync(ALL, mine.rank, d), __shfl_xor_sync(ALL, mine.index, d)};
        mine = better(mine, other);
    }
    return mine;
}
