"""Mamba-2: the convolution, the recurrence, and the gated norm."""

from tvm.script import tir as T

from vectors import LANES, halves, lanes, sigmoid, silu, zeros


TAPS = 4  # the widest convolution that is taken in vectors


@T.prim_func
def convolve(
    x: T.handle("float32"),
    weight: T.handle("float32"),
    bias: T.handle("float32"),
    base: T.handle("float32"),
    segment_first: T.handle("int32"),
    segment_state: T.handle("int64"),
    y: T.handle("float32"),
    segments: T.int64,
    channels: T.int64,
    width: T.int64,
    inner: T.int64,
    state_size: T.int64,
    padded_state_size: T.int64,
    padded_inner: T.int64,
    x_first: T.int64,
    x_stride: T.int64,
    y_stride: T.int64,
    state_first: T.int64,
    rows: T.int64,
    first: T.int64,
    last: T.int64,
):
    """The causal convolution along a segment with silu behind it; the state is the last inputs,
    [width - 1, channels], oldest first.

    Of y the first `inner` channels go to its beginning, and each further piece of state_size channels to a place of
    padded_state_size behind padded_inner. `rows` are those of all segments.
    """
    T.func_attr({"tir.noalias": True})
    T.attr("default", "device_id", 0)
    T.attr("default", "device_type", 1)
    X = T.Buffer((T.int64(1) << 40,), "float32", data=x)
    W = T.Buffer((channels * width,), "float32", data=weight)
    B = T.Buffer((channels,), "float32", data=bias)
    S = T.Buffer((T.int64(1) << 40,), "float32", data=base)
    F = T.Buffer((segments + 1,), "int32", data=segment_first)
    P = T.Buffer((segments,), "int64", data=segment_state)
    Y = T.Buffer((T.int64(1) << 40,), "float32", data=y)
    for block in range(last - first):
        of = T.decl_buffer((6,), "int64", scope="global")
        of[0] = (first + block) // ((channels + 63) // 64)  # the segment
        of[1] = T.Cast("int64", F[of[0]])  # its first row
        of[2] = T.Cast("int64", F[of[0] + 1]) - of[1]  # its rows
        of[3] = (first + block) % ((channels + 63) // 64) * 64  # the first channel
        of[4] = P[of[0]] + state_first  # the state
        # how many vectors of channels are taken whole: all or none
        of[5] = T.if_then_else(
            inner % LANES == T.int64(0) and state_size % LANES == T.int64(0) and width <= TAPS,
            T.min(T.int64(64), channels - of[3]) // LANES,
            T.int64(0),
        )
        for v in range(of[5]):
            sums = T.decl_buffer((TAPS + 1, LANES), "float32", scope="global")  # and behind the sum the weights
            channel = T.decl_buffer((1,), "int64", scope="global")
            channel[0] = of[3] + v * LANES
            for j in T.unroll(T.int64(TAPS)):
                if j < width:
                    sums[j + 1, lanes(0)] = W[T.Ramp(channel[0] * width + j, width, LANES)]
            for r in range(of[2]):
                sums[0, lanes(0)] = B[lanes(channel[0])]
                for j in T.unroll(T.int64(TAPS)):
                    if j < width and r + j >= width - 1:
                        sums[0, lanes(0)] = (
                            sums[0, lanes(0)]
                            + X[lanes((of[1] + r + j - (width - 1)) * x_stride + x_first + channel[0])] * sums[j + 1, lanes(0)]
                        )
                    if j < width and r + j < width - 1:
                        sums[0, lanes(0)] = (
                            sums[0, lanes(0)]
                            + S[lanes(of[4] + (r + j) * channels + channel[0])] * sums[j + 1, lanes(0)]
                        )
                Y[lanes((of[1] + r) * y_stride + channel[0])] = silu(sums[0, lanes(0)])
            for j in range(width - 1):  # the last inputs
                if of[2] + j >= width - 1:
                    S[lanes(of[4] + j * channels + channel[0])] = X[
                        lanes((of[1] + of[2] + j - (width - 1)) * x_stride + x_first + channel[0])
                    ]
                else:
                    S[lanes(of[4] + j * channels + channel[0])] = S[lanes(of[4] + (of[2] + j) * channels + channel[0])]
        for r in range(of[2]):
            for n in range(T.min(T.int64(64), channels - of[3]) - of[5] * LANES):
                at = T.decl_buffer((4,), "int64", scope="global")
                sum = T.decl_buffer((2,), "float32", scope="global")
                at[0] = of[3] + of[5] * LANES + n  # the channel
                at[1] = of[1] + r  # the row
                at[2] = of[4] + at[0]  # its state
                at[3] = T.if_then_else(
                    at[0] < inner,
                    at[0],
                    padded_inner + (at[0] - inner) // state_size * padded_state_size + (at[0] - inner) % state_size,
                )
                sum[1] = X[at[1] * x_stride + x_first + at[0]]
                sum[0] = B[at[0]]
                for j in range(width - 1):
                    sum[0] = sum[0] + S[at[2] + j * channels] * W[at[0] * width + j]
                sum[0] = sum[0] + sum[1] * W[at[0] * width + width - 1]
                for j in range(width - 2):
                    S[at[2] + j * channels] = S[at[2] + (j + 1) * channels]
                S[at[2] + (width - 2) * channels] = sum[1]
                Y[at[1] * y_stride + at[3]] = sum[0] * sigmoid(sum[0])


@T.prim_func
def scan(
    x: T.handle("float32"),
    dt: T.handle("float32"),
    rate: T.handle("float32"),
    dt_bias: T.handle("float32"),
    skip: T.handle("float32"),
    base: T.handle("float32"),
    segment_first: T.handle("int32"),
    segment_state: T.handle("int64"),
    y: T.handle("float32"),
    segments: T.int64,
    heads: T.int64,
    head_size: T.int64,
    groups: T.int64,
    padded_state_size: T.int64,
    padded_inner: T.int64,
    dt_first: T.int64,
    dt_stride: T.int64,
    x_stride: T.int64,
    y_stride: T.int64,
    state_first: T.int64,
    least: T.float32,
    most: T.float32,
    first: T.int64,
    last: T.int64,
):
    """The state space recurrence along a segment; the state is [heads, head size, padded state size]."""
    T.func_attr({"tir.noalias": True})
    T.attr("default", "device_id", 0)
    T.attr("default", "device_type", 1)
    X = T.Buffer((T.int64(1) << 40,), "float32", data=x)
    DT = T.Buffer((T.int64(1) << 40,), "float32", data=dt)
    A = T.Buffer((heads,), "float32", data=rate)
    DB = T.Buffer((heads,), "float32", data=dt_bias)
    D = T.Buffer((heads,), "float32", data=skip)
    S = T.Buffer((T.int64(1) << 40,), "float32", data=base)
    F = T.Buffer((segments + 1,), "int32", data=segment_first)
    P = T.Buffer((segments,), "int64", data=segment_state)
    Y = T.Buffer((T.int64(1) << 40,), "float32", data=y)
    for task in range(last - first):
        for r in range(F[(first + task) // heads + 1] - F[(first + task) // heads]):
            at = T.decl_buffer((4,), "int64", scope="global")
            step = T.decl_buffer((3,), "float32", scope="global")
            at[0] = T.Cast("int64", F[(first + task) // heads]) + r  # the row
            at[1] = at[0] * x_stride + padded_inner + (first + task) % heads // (heads // groups) * padded_state_size  # its B
            at[2] = at[1] + groups * padded_state_size  # its C
            step[0] = DT[at[0] * dt_stride + dt_first + (first + task) % heads] + DB[(first + task) % heads]
            step[0] = T.if_then_else(
                step[0] > T.float32(20), step[0], T.log1p(T.exp(T.min(step[0], T.float32(20))), dtype="float32")
            )
            step[0] = T.min(T.max(step[0], least), most)
            step[1] = T.exp(step[0] * A[(first + task) % heads])
            for p in range(head_size):
                sums = T.decl_buffer((1, LANES), "float32", scope="global")
                sums[0, lanes(0)] = zeros()
                at[3] = P[(first + task) // heads] + state_first + ((first + task) % heads * head_size + p) * padded_state_size
                step[2] = X[at[0] * x_stride + (first + task) % heads * head_size + p]
                for n in range(padded_state_size // LANES):
                    S[lanes(at[3] + n * LANES)] = S[lanes(at[3] + n * LANES)] * T.Broadcast(step[1], LANES) + T.Broadcast(
                        step[0] * step[2], LANES
                    ) * X[lanes(at[1] + n * LANES)]
                    sums[0, lanes(0)] = sums[0, lanes(0)] + S[lanes(at[3] + n * LANES)] * X[lanes(at[2] + n * LANES)]
                sums[0, T.Ramp(0, 1, 8)] = halves(sums, 0, 8)
                sums[0, T.Ramp(0, 1, 4)] = halves(sums, 0, 4)
                sums[0, T.Ramp(0, 1, 2)] = halves(sums, 0, 2)
                Y[at[0] * y_stride + (first + task) % heads * head_size + p] = (
                    sums[0, 0] + sums[0, 1] + D[(first + task) % heads] * step[2]
                )


@T.prim_func
def gated_norm(
    y: T.handle("float32"),
    z: T.handle("float32"),
    weight: T.handle("float32"),
    rows: T.int64,
    groups: T.int64,
    group_size: T.int64,
    y_stride: T.int64,
    z_stride: T.int64,
    epsilon: T.float32,
    first: T.int64,
    last: T.int64,
):
    """y = rmsnorm within each group of (y silu(z)), times weight, in place."""
    T.func_attr({"tir.noalias": True})
    T.attr("default", "device_id", 0)
    T.attr("default", "device_type", 1)
    Y = T.Buffer((rows * y_stride,), "float32", data=y)
    Z = T.Buffer((rows * z_stride,), "float32", data=z)
    W = T.Buffer((groups * group_size,), "float32", data=weight)
    for task in range(last - first):
        at = T.decl_buffer((3,), "int64", scope="global")
        sums = T.decl_buffer((1, LANES), "float32", scope="global")
        at[0] = (first + task) // groups * y_stride + (first + task) % groups * group_size  # in y
        at[1] = (first + task) // groups * z_stride + (first + task) % groups * group_size  # in z
        at[2] = (first + task) % groups * group_size  # in the weight
        sums[0, lanes(0)] = zeros()
        for i in range(group_size // LANES):
            Y[lanes(at[0] + i * LANES)] = Y[lanes(at[0] + i * LANES)] * silu(Z[lanes(at[1] + i * LANES)])
            sums[0, lanes(0)] = sums[0, lanes(0)] + Y[lanes(at[0] + i * LANES)] * Y[lanes(at[0] + i * LANES)]
        for i in range(group_size % LANES):
            Y[at[0] + group_size // LANES * LANES + i] = (
                Y[at[0] + group_size // LANES * LANES + i]
                * Z[at[1] + group_size // LANES * LANES + i]
                * sigmoid(Z[at[1] + group_size // LANES * LANES + i])
            )
            sums[0, i] = (
                sums[0, i] + Y[at[0] + group_size // LANES * LANES + i] * Y[at[0] + group_size // LANES * LANES + i]
            )
        sums[0, T.Ramp(0, 1, 8)] = halves(sums, 0, 8)
        sums[0, T.Ramp(0, 1, 4)] = halves(sums, 0, 4)
        sums[0, T.Ramp(0, 1, 2)] = halves(sums, 0, 2)
        sums[0, 0] = T.float32(1) / T.sqrt((sums[0, 0] + sums[0, 1]) / T.Cast("float32", group_size) + epsilon)
        for i in range(group_size):
            Y[at[0] + i] = Y[at[0] + i] * sums[0, 0] * W[at[2] + i]
