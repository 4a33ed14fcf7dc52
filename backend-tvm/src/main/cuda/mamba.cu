// Mamba-2: the convolution, the recurrence, and the gated norm.
#include "common.cuh"

constexpr int CHANNELS = 64;  // of a block of the convolution

// The causal convolution along a segment with silu behind it; the state is the last inputs, [width - 1, channels], oldest first.
// Of y the first `inner` channels go to its beginning, and each further piece of state_size channels to a place of
// padded_state_size behind padded_inner.
struct Convolution {
    i64 segment;
    i64 part;
    i64 channel;

    // A block takes a segment, one of `parts` parts of its rows, and 64 channels, a thread one.
    __device__ Convolution(i64 channels, i64 parts) {
        i64 blocks = (channels + CHANNELS - 1) / CHANNELS;
        channel = blockIdx.x % blocks * CHANNELS + threadIdx.x;
        part = blockIdx.x / blocks % parts;
        segment = blockIdx.x / blocks / parts;
    }
};

// The rows of a part; the state stays as it is.
extern "C" __global__ void __launch_bounds__(64) convolve_rows(
        const float* x,
        const float* weight,
        const float* bias,
        const float* base,
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
        i64 state_first,
        i64 rows,
        i64 parts) {
    Convolution mine(channels, parts);
    if (mine.channel >= channels) {
        return;
    }
    i64 channel = mine.channel;
    const float* state = base + segment_state[mine.segment] + state_first + channel;
    i64 to = channel < inner
            ? channel
            : padded_inner + (channel - inner) / state_size * padded_state_size + (channel - inner) % state_size;
    const float* w = weight + channel * width;
    i64 first = segment_first[mine.segment];
    i64 count = segment_first[mine.segment + 1] - first;
    i64 share = (count + parts - 1) / parts;
    const float* from = x + first * x_stride + x_first + channel;
#pragma unroll 2
    for (i64 r = mine.part * share; r < min(count, (mine.part + 1) * share); r++) {
        float sum = bias[channel];
        for (i64 j = 0; j < width; j++) {
            i64 at = r + j - (width - 1);
            sum += (at < 0 ? state[(at + width - 1) * channels] : from[at * x_stride]) * w[j];
        }
        y[(first + r) * y_stride + to] = sum * sigmoid(sum);
    }
}

// The state behind the rows.
extern "C" __global__ void __launch_bounds__(64) convolve_keep(
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
        i64 state_first,
        i64 rows) {
    Convolution mine(channels, 1);
    if (mine.channel >= channels) {
        return;
    }
    float* state = base + segment_state[mine.segment] + state_first + mine.channel;
    i64 first = segment_first[mine.segment];
    i64 count = segment_first[mine.segment + 1] - first;
    const float* from = x + first * x_stride + x_first + mine.channel;
    for (i64 j = 0; j < width - 1; j++) {  // oldest first: what is read lies behind what was written
        i64 at = count + j - (width - 1);
        state[j * channels] = at < 0 ? state[(j + count) * channels] : from[at * x_stride];
    }
}

constexpr int STEP_WIDTH = 8;  // the widest convolution whose inputs a thread keeps

// Both for segments of one row.
extern "C" __global__ void __launch_bounds__(64) convolve_step(
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
        i64 state_first,
        i64 rows) {
    Convolution mine(channels, 1);
    if (mine.channel >= channels) {
        return;
    }
    i64 channel = mine.channel;
    float* state = base + segment_state[mine.segment] + state_first + channel;
    i64 to = channel < inner
            ? channel
            : padded_inner + (channel - inner) / state_size * padded_state_size + (channel - inner) % state_size;
    i64 row = segment_first[mine.segment];
    float inputs[STEP_WIDTH];
    float weights[STEP_WIDTH];
#pragma unroll
    for (int j = 0; j < STEP_WIDTH; j++) {
        inputs[j] = j < width - 1 ? state[j * channels] : j == width - 1 ? x[row * x_stride + x_first + channel] : 0.0f;
        weights[j] = j < width ? weight[channel * width + j] : 0.0f;
    }
    float sum = bias[channel];
#pragma unroll
    for (int j = 0; j < STEP_WIDTH; j++) {
        sum += inputs[j] * weights[j];
    }
    y[row * y_stride + to] = sum * sigmoid(sum);
#pragma unroll
    for (int j = 1; j < STEP_WIDTH; j++) {
        if (j < width) {
            state[(j - 1) * channels] = inputs[j];
        }
    }
}

constexpr int SCAN_ROWS = 16;   // of a head's state in one block
constexpr int SCAN_LANES = 16;  // that share a row of it
constexpr int SCAN_MOST = 16;   // numbers of a row that a lane has: 256 in all
constexpr int SCAN_TILE = 16;   // rows of the segment that are brought in together

// The state space recurrence along a segment; the state is [heads, head size, padded state size]. A block takes a segment, a head
// and 16 rows of its state, and keeps them in registers: a row lies in 16 lanes. What the rows of the segment bring lies in shared
// memory, some rows at a time.
extern "C" __global__ void __launch_bounds__(256, 2) scan(
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
    __shared__ float bs[SCAN_TILE][SCAN_LANES * SCAN_MOST];
    __shared__ float cs[SCAN_TILE][SCAN_LANES * SCAN_MOST];
    __shared__ float inputs[SCAN_TILE][SCAN_ROWS];
    __shared__ float steps[SCAN_TILE];
    __shared__ float decays[SCAN_TILE];
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
        int wide = count * SCAN_LANES;
        for (i64 first = segment_first[segment]; first < segment_first[segment + 1]; first += SCAN_TILE) {
            int rows = (int) min((i64) SCAN_TILE, segment_first[segment + 1] - first);
            __syncthreads();
            for (int r = 0; r < rows; r++) {
                int n = threadIdx.x;
                if (n < wide) {
                    bs[r][n] = x[(first + r) * x_stride + b_at + part + n];
                    cs[r][n] = x[(first + r) * x_stride + c_at + part + n];
                }
            }
            int r_of = threadIdx.x / SCAN_ROWS;
            i64 p_of = blockIdx.x % blocks * SCAN_ROWS + threadIdx.x % SCAN_ROWS;
            if (r_of < rows && p_of < head_size) {
                inputs[r_of][threadIdx.x % SCAN_ROWS] = x[(first + r_of) * x_stride + head * head_size + p_of];
            }
            if (threadIdx.x < rows) {
                float step = dt[(first + threadIdx.x) * dt_stride + dt_first + head] + bias;
                step = step > 20.0f ? step : log1pf(expf(step));
                step = fminf(fmaxf(step, least), most);
                steps[threadIdx.x] = step;
                decays[threadIdx.x] = expf(step * a);
            }
            __syncthreads();
#pragma unroll 4
            for (int r = 0; r < rows; r++) {
                float input = inputs[r][threadIdx.x / SCAN_LANES];
                float decay = decays[r];
                float scaled = steps[r] * input;
                float sum = 0.0f;
#pragma unroll
                for (int n = 0; n < SCAN_MOST; n++) {
                    if (n < count) {
                        s[n] = s[n] * decay + scaled * bs[r][n * SCAN_LANES + lane];
                        sum += s[n] * cs[r][n * SCAN_LANES + lane];
                    }
                }
#pragma unroll
                for (int half = SCAN_LANES / 2; half > 0; half /= 2) {
                    sum += __shfl_xor_sync(ALL, sum, half);
                }
                if (lane == 0 && mine) {
                    float* to = y + (first + r) * y_stride + head * head_size + p;
                    *to = part == 0 ? sum + d * input : *to + sum;
                }
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

constexpr int GATED_KEEP = 8;  // numbers of a group that a thread keeps: 1024 in all

// y = rmsnorm within each group of (y silu(z)), times weight, in place. A block of 128 threads takes a row and a group.
extern "C" __global__ void __launch_bounds__(128) gated_norm(
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
    float kept[GATED_KEEP];
    float gates[GATED_KEEP];
    float times[GATED_KEEP];
    float sum = 0.0f;
#pragma unroll
    for (int j = 0; j < GATED_KEEP; j++) {
        int i = threadIdx.x + j * 128;
        kept[j] = i < group_size ? to[i] : 0.0f;
        gates[j] = i < group_size ? gate[i] : 0.0f;
        times[j] = i < group_size ? weight[group + i] : 0.0f;
    }
#pragma unroll
    for (int j = 0; j < GATED_KEEP; j++) {
        kept[j] *= gates[j] * sigmoid(gates[j]);
        sum += kept[j] * kept[j];
    }
    for (i64 i = threadIdx.x + GATED_KEEP * 128; i < group_size; i += 128) {
        float gated = to[i] * (gate[i] * sigmoid(gate[i]));
        to[i] = gated;
        sum += gated * gated;
    }
    float factor = 1.0f / sqrtf(block_sum(sum, room) / group_size + epsilon);
#pragma unroll
    for (int j = 0; j < GATED_KEEP; j++) {
        int i = threadIdx.x + j * 128;
        if (i < group_size) {
            to[i] = kept[j] * factor * times[j];
        }
    }
    for (i64 i = threadIdx.x + GATED_KEEP * 128; i < group_size; i += 128) {
        to[i] = to[i] * factor * weight[group + i];
    }
}
