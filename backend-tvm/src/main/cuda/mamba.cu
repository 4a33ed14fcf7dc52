// Mamba-2: the convolution, the recurrence, and the gated norm.
#include "common.cuh"

constexpr int CHANNELS = 64;  // of a block of the convolution

// The causal convolution along a segment with silu behind it; the state is the last inputs, [width - 1, channels], oldest first.
// Of y the first `inner` channels go to its beginning, and each further piece of state_size channels to a place of
// padded_state_size behind padded_inner. A block takes a segment and 64 channels, a thread one.
extern "C" __global__ void convolve(
        const float* x,
        const float* weight,
        const float* bias,
        float* base,
        const int* segment_first,
        const i64* segment_state,
        float* y,
        i64 segments,
        i64 channels,
        i64 width,
        i64 inner,
        i64 state_size,
        i64 padded_state_size,
        i64 padded_inner,
        i64 x_first,
        i64 x_stride,
        i64 y_stride,
        i64 state_first) {
    i64 blocks = (channels + CHANNELS - 1) / CHANNELS;
    i64 segment = blockIdx.x / blocks;
    i64 channel = blockIdx.x % blocks * CHANNELS + threadIdx.x;
    if (channel >= channels) {
        return;
    }
    float* state = base + segment_state[segment] + state_first + channel;
    i64 to = channel < inner
            ? channel
            : padded_inner + (channel - inner) / state_size * padded_state_size + (channel - inner) % state_size;
    const float* w = weight + channel * width;
    i64 first = segment_first[segment];
    i64 rows = segment_first[segment + 1] - first;
    const float* from = x + first * x_stride + x_first + channel;
    for (i64 r = 0; r < rows; r++) {
        float sum = bias[channel];
        for (i64 j = 0; j < width; j++) {
            i64 at = r + j - (width - 1);
            sum += (at < 0 ? state[(at + width - 1) * channels] : from[at * x_stride]) * w[j];
        }
        y[(first + r) * y_stride + to] = sum * sigmoid(sum);
    }
    for (i64 j = 0; j < width - 1; j++) {  // oldest first: what is read lies behind what was written
        i64 at = rows + j - (width - 1);
        state[j * channels] = at < 0 ? state[(j + rows) * channels] : from[at * x_stride];
    }
}

constexpr int SCAN_ROWS = 16;   // of a head's state in one block
constexpr int SCAN_LANES = 16;  // that share a row of it
constexpr int SCAN_MOST = 16;   // numbers of a row that a lane has: 256 in all

// The state space recurrence along a segment; the state is [heads, head size, padded state size]. A block takes a segment, a head
// and 16 rows of its state, and keeps them in registers: a row lies in 16 lanes.
extern "C" __global__ void __launch_bounds__(256) scan(
        const float* x,
        const float* dt,
        const float* rate,
        const float* dt_bias,
        const float* skip,
        float* base,
        const int* segment_first,
        const i64* segment_state,
        float* y,
        i64 segments,
        i64 heads,
        i64 head_size,
        i64 groups,
        i64 padded_state_size,
        i64 padded_inner,
        i64 dt_first,
        i64 dt_stride,
        i64 x_stride,
        i64 y_stride,
        i64 state_first,
        float least,
        float most) {
    i64 blocks = (head_size + SCAN_ROWS - 1) / SCAN_ROWS;
    i64 segment = blockIdx.x / blocks / heads;
    i64 head = blockIdx.x / blocks % heads;
    i64 p = blockIdx.x % blocks * SCAN_ROWS + threadIdx.x / SCAN_LANES;
    int lane = threadIdx.x % SCAN_LANES;
    bool mine = p < head_size;
    float* state = base + segment_state[segment] + state_first + (head * head_size + (mine ? p : 0)) * padded_state_size;
    i64 b_at = padded_inner + head / (heads / groups) * padded_state_size;
    i64 c_at = b_at + groups * padded_state_size;
    float a = rate[head];
    float d = skip[head];
    float bias = dt_bias[head];
    for (i64 part = 0; part < padded_state_size; part += SCAN_LANES * SCAN_MOST) {  // one, unless states are very wide
        int count = (int) min((i64) SCAN_MOST, (padded_state_size - part) / SCAN_LANES);
        float s[SCAN_MOST];
#pragma unroll
        for (int n = 0; n < SCAN_MOST; n++) {
            s[n] = n < count && mine ? state[part + n * SCAN_LANES + lane] : 0.0f;
        }
        for (i64 r = segment_first[segment]; r < segment_first[segment + 1]; r++) {
            float step = dt[r * dt_stride + dt_first + head] + bias;
            step = step > 20.0f ? step : log1pf(expf(step));
            step = fminf(fmaxf(step, least), most);
            float decay = expf(step * a);
            float input = mine ? x[r * x_stride + head * head_size + p] : 0.0f;
            const float* b = x + r * x_stride + b_at + part + lane;
            const float* c = x + r * x_stride + c_at + part + lane;
            float sum = 0.0f;
#pragma unroll
            for (int n = 0; n < SCAN_MOST; n++) {
                if (n < count) {
                    s[n] = s[n] * decay + step * input * b[n * SCAN_LANES];
                    sum += s[n] * c[n * SCAN_LANES];
                }
            }
#pragma unroll
            for (int half = SCAN_LANES / 2; half > 0; half /= 2) {
                sum += __shfl_xor_sync(ALL, sum, half);
            }
            if (lane == 0 && mine) {
                float* to = y + r * y_stride + head * head_size + p;
                *to = part == 0 ? sum + d * input : *to + sum;
            }
        }
#pragma unroll
        for (int n = 0; n < SCAN_MOST; n++) {
            if (n < count && mine) {
                state[part + n * SCAN_LANES + lane] = s[n];
            }
        }
    }
}

// y = rmsnorm within each group of (y silu(z)), times weight, in place. A block takes a row and a group.
extern "C" __global__ void gated_norm(
        float* y,
        const float* z,
        const float* weight,
        i64 rows,
        i64 groups,
        i64 group_size,
        i64 y_stride,
        i64 z_stride,
        float epsilon) {
    __shared__ float room[WARP];
    i64 row = blockIdx.x / groups;
    i64 group = blockIdx.x % groups * group_size;
    float* to = y + row * y_stride + group;
    const float* gate = z + row * z_stride + group;
    float sum = 0.0f;
    for (i64 i = threadIdx.x; i < group_size; i += blockDim.x) {
        float gated = to[i] * gate[i] * sigmoid(gate[i]);
        to[i] = gated;
        sum += gated * gated;
    }
    float factor = 1.0f / sqrtf(block_sum(sum, room) / group_size + epsilon);
    for (i64 i = threadIdx.x; i < group_size; i += blockDim.x) {
        to[i] = to[i] * factor * weight[group + i];
    }
}
