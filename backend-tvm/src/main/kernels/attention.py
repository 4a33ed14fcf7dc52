"""Superlinear attention over pages of keys and values."""

from tvm.script import tir as T

from vectors import LANES, PAGE, halves, lanes, zeros


LOWEST = -3.4028234663852886e38


@T.prim_func
def store_keys(
    keys: T.handle("float32"),
    values: T.handle("float32"),
    base: T.handle("float32"),
    tables: T.handle("int64"),
    segment_pages: T.handle("int64"),
    row_segment: T.handle("int32"),
    row_position: T.handle("int32"),
    rows: T.int64,
    heads: T.int64,
    head_size: T.int64,
    padded_head_size: T.int64,
    stride: T.int64,
    layer_first: T.int64,
    first: T.int64,
    last: T.int64,
):
    """Puts each row's keys and values into its page: [2, PAGE, heads, padded head size] from layer_first on."""
    T.func_attr({"tir.noalias": True})
    T.attr("default", "device_id", 0)
    T.attr("default", "device_type", 1)
    K = T.Buffer((rows * stride,), "float32", data=keys)
    V = T.Buffer((rows * stride,), "float32", data=values)
    S = T.Buffer((T.int64(1) << 40,), "float32", data=base)
    TB = T.Buffer((T.int64(1) << 40,), "int64", data=tables)
    P = T.Buffer((rows,), "int64", data=segment_pages)
    RS = T.Buffer((rows,), "int32", data=row_segment)
    RP = T.Buffer((rows,), "int32", data=row_position)
    for r in range(last - first):
        at = T.decl_buffer((1,), "int64", scope="global")
        at[0] = (
            TB[P[RS[(first + r)]] + T.Cast("int64", RP[(first + r)]) // PAGE]
            + layer_first
            + T.Cast("int64", RP[(first + r)]) % PAGE * heads * padded_head_size
        )
        for g in range(heads):
            for d in range(head_size):
                S[at[0] + g * padded_head_size + d] = K[(first + r) * stride + g * head_size + d]
                S[at[0] + (PAGE * heads + g) * padded_head_size + d] = V[(first + r) * stride + g * head_size + d]


@T.prim_func
def search(
    queries: T.handle("float32"),
    base: T.handle("float32"),
    tables: T.handle("int64"),
    segment_pages: T.handle("int64"),
    row_segment: T.handle("int32"),
    row_position: T.handle("int32"),
    row_stripes: T.handle("int32"),
    stripes: T.handle("int32"),
    anchors: T.handle("int32"),
    scores: T.handle("float32"),
    rows: T.int64,
    heads: T.int64,
    group: T.int64,
    key_heads: T.int64,
    head_size: T.int64,
    padded_head_size: T.int64,
    stride: T.int64,
    layer_first: T.int64,
    first_stripe: T.int64,
    spans: T.int64,
    scale: T.float32,
    first: T.int64,
    last: T.int64,
):
    """The best anchors of each row and head, best first; among equal scores the older one. -1 where there are no more."""
    T.func_attr({"tir.noalias": True})
    T.attr("default", "device_id", 0)
    T.attr("default", "device_type", 1)
    Q = T.Buffer((rows * stride,), "float32", data=queries)
    S = T.Buffer((T.int64(1) << 40,), "float32", data=base)
    TB = T.Buffer((T.int64(1) << 40,), "int64", data=tables)
    P = T.Buffer((rows,), "int64", data=segment_pages)
    RS = T.Buffer((rows,), "int32", data=row_segment)
    RP = T.Buffer((rows,), "int32", data=row_position)
    RM = T.Buffer((rows,), "int32", data=row_stripes)
    F = T.Buffer((T.int64(1) << 31,), "int32", data=stripes)
    A = T.Buffer((rows * heads * spans,), "int32", data=anchors)
    SC = T.Buffer((rows * heads * spans,), "float32", data=scores)
    for task in range(last - first):
        for j in range(spans):
            A[(first + task) * spans + j] = -1
            SC[(first + task) * spans + j] = T.float32(float("-inf"))
        for i in range(T.max(T.int64(0), T.Cast("int64", RM[(first + task) // heads]) - first_stripe + 1)):
            at = T.decl_buffer((2,), "int64", scope="global")
            sums = T.decl_buffer((1, LANES), "float32", scope="global")
            at[0] = T.Cast("int64", RP[(first + task) // heads]) + 1 - T.Cast("int64", F[first_stripe + i])
            at[1] = (
                TB[P[RS[(first + task) // heads]] + at[0] // PAGE]
                + layer_first
                + (at[0] % PAGE * key_heads + (first + task) % heads // group) * padded_head_size
            )
            sums[0, lanes(0)] = zeros()
            for d in range(padded_head_size // LANES):
                sums[0, lanes(0)] = sums[0, lanes(0)] + Q[
                    lanes((first + task) // heads * stride + (first + task) % heads * head_size + d * LANES)
                ] * S[lanes(at[1] + d * LANES)]
            sums[0, T.Ramp(0, 1, 8)] = halves(sums, 0, 8)
            sums[0, T.Ramp(0, 1, 4)] = halves(sums, 0, 4)
            sums[0, T.Ramp(0, 1, 2)] = halves(sums, 0, 2)
            sums[0, 0] = (sums[0, 0] + sums[0, 1]) * scale
            for j in range(spans):
                if sums[0, 0] >= SC[(first + task) * spans + spans - 1 - j]:
                    if j > 0:
                        SC[(first + task) * spans + spans - j] = SC[(first + task) * spans + spans - 1 - j]
                        A[(first + task) * spans + spans - j] = A[(first + task) * spans + spans - 1 - j]
                    SC[(first + task) * spans + spans - 1 - j] = sums[0, 0]
                    A[(first + task) * spans + spans - 1 - j] = T.Cast("int32", at[0])


@T.prim_func
def ranges(
    anchors: T.handle("int32"),
    row_position: T.handle("int32"),
    row_window: T.handle("int32"),
    row_backward: T.handle("int32"),
    row_forward: T.handle("int32"),
    starts: T.handle("int32"),
    ends: T.handle("int32"),
    rows: T.int64,
    heads: T.int64,
    spans: T.int64,
    first: T.int64,
    last: T.int64,
):
    """What each row and head attends to: first the window, then a span for each anchor; inclusive, and empty if it ends early."""
    T.func_attr({"tir.noalias": True})
    A = T.Buffer((rows * heads * spans,), "int32", data=anchors)
    RP = T.Buffer((rows,), "int32", data=row_position)
    RW = T.Buffer((rows,), "int32", data=row_window)
    RB = T.Buffer((rows,), "int32", data=row_backward)
    RF = T.Buffer((rows,), "int32", data=row_forward)
    ST = T.Buffer((rows * heads * (spans + 1),), "int32", data=starts)
    EN = T.Buffer((rows * heads * (spans + 1),), "int32", data=ends)
    for task in range(last - first):
        ST[(first + task) * (spans + 1)] = RW[(first + task) // heads]
        EN[(first + task) * (spans + 1)] = RP[(first + task) // heads]
        for j in range(spans):
            if A[(first + task) * spans + j] < 0:
                ST[(first + task) * (spans + 1) + 1 + j] = 0
                EN[(first + task) * (spans + 1) + 1 + j] = -1
            else:
                # in 64 bits: a span may be as long as an int can say
                ST[(first + task) * (spans + 1) + 1 + j] = T.Cast(
                    "int32",
                    T.max(
                        T.int64(0),
                        T.Cast("int64", A[(first + task) * spans + j]) - T.Cast("int64", RB[(first + task) // heads]),
                    ),
                )
                EN[(first + task) * (spans + 1) + 1 + j] = T.Cast(
                    "int32",
                    T.min(
                        T.Cast("int64", A[(first + task) * spans + j]) + T.Cast("int64", RF[(first + task) // heads]),
                        T.Cast("int64", T.min(RP[(first + task) // heads], RW[(first + task) // heads] - 1)),
                    ),
                )


KEYS = 8  # keys that are scored together


@T.prim_func
def attend(
    queries: T.handle("float32"),
    base: T.handle("float32"),
    tables: T.handle("int64"),
    segment_pages: T.handle("int64"),
    row_segment: T.handle("int32"),
    starts: T.handle("int32"),
    ends: T.handle("int32"),
    output: T.handle("float32"),
    log_sums: T.handle("float32"),
    rows: T.int64,
    heads: T.int64,
    pieces: T.int64,
    group: T.int64,
    key_heads: T.int64,
    head_size: T.int64,
    padded_head_size: T.int64,
    stride: T.int64,
    layer_first: T.int64,
    scale: T.float32,
    first: T.int64,
    last: T.int64,
):
    """Softmax attention of each row and head to each of its pieces, and the log of its sum.

    The output is [rows, heads, pieces, padded head size].

    The maximum grows from block to block of keys, and what was summed up shrinks with it.
    """
    T.func_attr({"tir.noalias": True})
    T.attr("default", "device_id", 0)
    T.attr("default", "device_type", 1)
    Q = T.Buffer((rows * stride,), "float32", data=queries)
    S = T.Buffer((T.int64(1) << 40,), "float32", data=base)
    TB = T.Buffer((T.int64(1) << 40,), "int64", data=tables)
    P = T.Buffer((rows,), "int64", data=segment_pages)
    RS = T.Buffer((rows,), "int32", data=row_segment)
    ST = T.Buffer((rows * heads * pieces,), "int32", data=starts)
    EN = T.Buffer((rows * heads * pieces,), "int32", data=ends)
    O = T.Buffer((rows * heads * pieces * padded_head_size,), "float32", data=output)
    L = T.Buffer((rows * heads * pieces,), "float32", data=log_sums)
    for task in range(last - first):
        top = T.decl_buffer((4,), "float32", scope="global")  # maximum, sum, new maximum, factor
        for d in range(padded_head_size // LANES):
            O[lanes((first + task) * padded_head_size + d * LANES)] = zeros()
        top[0] = T.float32(LOWEST)
        top[1] = T.float32(0)
        if EN[(first + task)] >= ST[(first + task)]:
            for block in range(EN[(first + task)] // KEYS - ST[(first + task)] // KEYS + 1):
                at = T.decl_buffer((2,), "int64", scope="global")
                sums = T.decl_buffer((KEYS, LANES), "float32", scope="global")
                e = T.decl_buffer((3, KEYS), "float32", scope="global")
                at[0] = (T.Cast("int64", ST[(first + task)] // KEYS) + block) * KEYS  # the first key
                at[1] = (
                    TB[P[RS[(first + task) // pieces // heads]] + at[0] // PAGE]
                    + layer_first
                    + (at[0] % PAGE * key_heads + (first + task) // pieces % heads // group) * padded_head_size
                )
                for c in T.unroll(KEYS):
                    sums[c, lanes(0)] = zeros()
                for d in range(padded_head_size // LANES):
                    for c in T.unroll(KEYS):
                        sums[c, lanes(0)] = sums[c, lanes(0)] + Q[
                            lanes(
                                (first + task) // pieces // heads * stride
                                + (first + task) // pieces % heads * head_size
                                + d * LANES
                            )
                        ] * S[lanes(at[1] + c * key_heads * padded_head_size + d * LANES)]
                top[2] = top[0]
                for c in T.unroll(KEYS):
                    sums[c, T.Ramp(0, 1, 8)] = halves(sums, c, 8)
                    sums[c, T.Ramp(0, 1, 4)] = halves(sums, c, 4)
                    sums[c, T.Ramp(0, 1, 2)] = halves(sums, c, 2)
                    e[0, c] = T.if_then_else(
                        at[0] + c >= T.Cast("int64", ST[(first + task)]) and at[0] + c <= T.Cast("int64", EN[(first + task)]),
                        (sums[c, 0] + sums[c, 1]) * scale,
                        T.float32(LOWEST),
                    )
                    # a score that is no number must come out as one that is none
                    top[2] = T.if_then_else(e[0, c] <= top[2], top[2], e[0, c])
                top[3] = T.exp(top[0] - top[2])
                # exp(x) = 2^n exp(r), n the nearest whole number to x / ln 2, and a polynomial for exp(r)
                e[0, T.Ramp(0, 1, KEYS)] = e[0, T.Ramp(0, 1, KEYS)] - T.Broadcast(top[2], KEYS)
                e[1, T.Ramp(0, 1, KEYS)] = T.floor(
                    T.max(e[0, T.Ramp(0, 1, KEYS)], T.Broadcast(T.float32(-87), KEYS))
                    * T.Broadcast(T.float32(1.44269504), KEYS)
                    + T.Broadcast(T.float32(0.5), KEYS)
                )
                e[2, T.Ramp(0, 1, KEYS)] = (
                    T.max(e[0, T.Ramp(0, 1, KEYS)], T.Broadcast(T.float32(-87), KEYS))
                    - e[1, T.Ramp(0, 1, KEYS)] * T.Broadcast(T.float32(0.693359375), KEYS)
                ) + e[1, T.Ramp(0, 1, KEYS)] * T.Broadcast(T.float32(2.12194440e-4), KEYS)
                e[1, T.Ramp(0, 1, KEYS)] = T.reinterpret(
                    "float32x%d" % KEYS,
                    T.shift_left(
                        T.Cast("int32x%d" % KEYS, e[1, T.Ramp(0, 1, KEYS)]) + T.Broadcast(127, KEYS),
                        T.Broadcast(23, KEYS),
                    ),
                )
                sums[0, T.Ramp(0, 1, KEYS)] = (
                    (
                        (
                            (
                                (
                                    T.Broadcast(T.float32(1.9875691500e-4), KEYS) * e[2, T.Ramp(0, 1, KEYS)]
                                    + T.Broadcast(T.float32(1.3981999507e-3), KEYS)
                                )
                                * e[2, T.Ramp(0, 1, KEYS)]
                                + T.Broadcast(T.float32(8.3334519073e-3), KEYS)
                            )
                            * e[2, T.Ramp(0, 1, KEYS)]
                            + T.Broadcast(T.float32(4.1665795894e-2), KEYS)
                        )
                        * e[2, T.Ramp(0, 1, KEYS)]
                        + T.Broadcast(T.float32(1.6666665459e-1), KEYS)
                    )
                    * e[2, T.Ramp(0, 1, KEYS)]
                    + T.Broadcast(T.float32(5.0000001201e-1), KEYS)
                )
                e[1, T.Ramp(0, 1, KEYS)] = e[1, T.Ramp(0, 1, KEYS)] * (
                    sums[0, T.Ramp(0, 1, KEYS)] * e[2, T.Ramp(0, 1, KEYS)] * e[2, T.Ramp(0, 1, KEYS)]
                    + e[2, T.Ramp(0, 1, KEYS)]
                    + T.Broadcast(T.float32(1), KEYS)
                )
                top[1] = top[1] * top[3]
                top[0] = top[2]
                for c in T.unroll(KEYS):
                    e[1, c] = T.if_then_else(e[0, c] < T.float32(-87), T.float32(0), e[1, c])
                    top[1] = top[1] + e[1, c]
                for d in range(padded_head_size // LANES):
                    sums[0, lanes(0)] = O[lanes((first + task) * padded_head_size + d * LANES)] * T.Broadcast(top[3], LANES)
                    for c in T.unroll(KEYS):
                        sums[0, lanes(0)] = sums[0, lanes(0)] + T.Broadcast(e[1, c], LANES) * S[
                            lanes(at[1] + (PAGE + c) * key_heads * padded_head_size + d * LANES)
                        ]
                    O[lanes((first + task) * padded_head_size + d * LANES)] = sums[0, lanes(0)]
            for d in range(padded_head_size // LANES):
                O[lanes((first + task) * padded_head_size + d * LANES)] = O[
                    lanes((first + task) * padded_head_size + d * LANES)
                ] / T.Broadcast(top[1], LANES)
            L[(first + task)] = top[0] + T.log(top[1])
        else:
            L[(first + task)] = T.float32(float("-inf"))


@T.prim_func
def merge(
    pieces: T.handle("float32"),
    log_sums: T.handle("float32"),
    scores: T.handle("float32"),
    output: T.handle("float32"),
    rows: T.int64,
    heads: T.int64,
    spans: T.int64,
    head_size: T.int64,
    padded_head_size: T.int64,
    stride: T.int64,
    first: T.int64,
    last: T.int64,
):
    """The sum over spans of softmax(scores) times attention to the window and that span; without spans, the window alone."""
    T.func_attr({"tir.noalias": True})
    T.attr("default", "device_id", 0)
    T.attr("default", "device_type", 1)
    I = T.Buffer((rows * heads * (spans + 1) * padded_head_size,), "float32", data=pieces)
    L = T.Buffer((rows * heads * (spans + 1),), "float32", data=log_sums)
    SC = T.Buffer((rows * heads * spans,), "float32", data=scores)
    O = T.Buffer((rows * stride,), "float32", data=output)
    for task in range(last - first):
        top = T.decl_buffer((6,), "float32", scope="global")
        top[0] = T.float32(float("-inf"))
        top[1] = T.float32(0)
        for j in range(spans):
            top[0] = T.max(top[0], SC[(first + task) * spans + j])
        for j in range(spans):
            if SC[(first + task) * spans + j] > T.float32(float("-inf")):
                top[1] = top[1] + T.exp(SC[(first + task) * spans + j] - top[0])
        for d in range(head_size):
            O[(first + task) // heads * stride + (first + task) % heads * head_size + d] = T.if_then_else(
                top[1] > T.float32(0), T.float32(0), I[(first + task) * (spans + 1) * padded_head_size + d]
            )
        for j in range(spans):
            if SC[(first + task) * spans + j] > T.float32(float("-inf")):
                top[2] = T.max(L[(first + task) * (spans + 1)], L[(first + task) * (spans + 1) + 1 + j])
                if top[2] > T.float32(float("-inf")):
                    top[3] = T.exp(L[(first + task) * (spans + 1)] - top[2])
                    top[4] = T.exp(L[(first + task) * (spans + 1) + 1 + j] - top[2])
                    top[5] = T.exp(SC[(first + task) * spans + j] - top[0]) / top[1] / (top[3] + top[4])
                    for d in range(head_size):
                        O[(first + task) // heads * stride + (first + task) % heads * head_size + d] = O[
                            (first + task) // heads * stride + (first + task) % heads * head_size + d
                        ] + top[5] * (
                            top[3] * I[(first + task) * (spans + 1) * padded_head_size + d]
                            + top[4] * I[((first + task) * (spans + 1) + 1 + j) * padded_head_size + d]
                        )
