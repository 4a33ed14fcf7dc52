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

// Eight consecutive numbers as they lie in memory, at an address that is a multiple of 16 bytes. Loads are kept in their order, so that
// many are on their way before the first is used; weights, which are read once, do not push rows out of the nearest cache.
template <typename W>
struct Eight {
    static constexpr int VECTORS = 8 * sizeof(W) / 16;
    uint4 vectors[VECTORS];

    __device__ void load_once(const W* from) {
#pragma unroll
        for (int i = 0; i < VECTORS; i++) {
            uint4& v = vectors[i];
            asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
                         : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                         : "l"(reinterpret_cast<const uint4*>(from) + i));
        }
    }

    __device__ void load(const W* from, bool any) {
#pragma unroll
        for (int i = 0; i < VECTORS; i++) {
            vectors[i] = any ? __ldg(reinterpret_cast<const uint4*>(from) + i) : make_uint4(0, 0, 0, 0);
        }
    }

    __device__ float at(int i) const {
        constexpr int EACH = 8 / VECTORS;
        const uint4& v = vectors[i / EACH];
        int word = i % EACH / (EACH / 4);
        unsigned bits = word == 0 ? v.x : word == 1 ? v.y : word == 2 ? v.z : v.w;
        if (sizeof(W) == 2) {
            bits = i % 2 == 0 ? bits << 16 : bits & 0xffff0000u;
        }
        return __uint_as_float(bits);
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
