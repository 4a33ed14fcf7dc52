"""Superlinear attention over pages of keys and values."""

from types import SimpleNamespace as Record

from tvm.script import tir as T

from vectors import LANES, PAGE, exponential, halves, lanes, paired, spread, zeros


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
    """Puts each row's keys and values into its page: [2, heads, PAGE, padded head size] from layer_first on."""
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
            + T.Cast("int64", RP[(first + r)]) % PAGE * padded_head_size
        )
        for g in range(heads):
            for d in range(head_size):
                S[at[0] + g * PAGE * padded_head_size + d] = K[(first + r) * stride + g * head_size + d]
                S[at[0] + (heads + g) * PAGE * padded_head_size + d] = V[(first + r) * stride + g * head_size + d]


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
                + ((first + task) % heads // group * PAGE + at[0] % PAGE) * padded_head_size
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


KEYS = 16  # keys that are scored together, a lane for each
WIDE = 4  # vectors of values that are summed up together
TILE_ROWS = 4  # rows, and
TILE_HEADS = 4  # heads with the same keys, that look at a block of keys one after the other, while it is in the cache


@T.macro
def values(call, place, at, sums, e, d, wide):
    """Adds so many vectors of a block's values, each as often as its key weighs."""
    for v in T.unroll(wide):
        sums[v, lanes(0)] = call.O[lanes(place[1] + (d + v) * LANES)]
    for c in T.serial(KEYS):
        for v in T.unroll(wide):
            sums[v, lanes(0)] = sums[v, lanes(0)] + T.Broadcast(e[1, c], LANES) * call.S[
                lanes(at[1] + (PAGE * call.key_heads + c) * call.size + (d + v) * LANES)
            ]
    for v in T.unroll(wide):
        call.O[lanes(place[1] + (d + v) * LANES)] = sums[v, lanes(0)]


@T.macro
def attend_block(call, place, at, top):
    """One query, at place[0], whose output is at place[1], takes up the block of keys from key at[0] on, which lies at at[1].

    It looks at keys from place[2] to place[3]. The maximum top[0] grows from block to block, and what was summed up shrinks when it
    does; top[1] is the sum of all weights.
    """
    sums = T.decl_buffer((4, LANES), "float32", scope="global")
    e = T.decl_buffer((4, LANES), "float32", scope="global")
    shrink = T.decl_buffer((1,), "float32", scope="global")
    for four in T.unroll(KEYS // 4):
        for c in T.unroll(4):
            sums[c, lanes(0)] = zeros()
        for d in T.serial(call.size // LANES):
            for c in T.unroll(4):
                sums[c, lanes(0)] = (
                    sums[c, lanes(0)]
                    + call.Q[lanes(place[0] + d * LANES)]
                    * call.S[lanes(at[1] + (four * 4 + c) * call.size + d * LANES)]
                )
        sums[0, lanes(0)] = paired(sums, 0, 1, 8)
        sums[1, lanes(0)] = paired(sums, 2, 3, 8)
        e[four, lanes(0)] = paired(sums, 0, 1, 4)
    e[0, lanes(0)] = paired(e, 0, 1, 2)
    e[1, lanes(0)] = paired(e, 2, 3, 2)
    e[0, lanes(0)] = paired(e, 0, 1, 1) * T.Broadcast(call.scale, LANES)
    if at[0] < place[2] or at[0] + KEYS - 1 > place[3]:
        for c in T.unroll(KEYS):
            if at[0] + c < place[2] or at[0] + c > place[3]:
                e[0, c] = T.float32(LOWEST)
    e[1, T.Ramp(0, 1, 8)] = T.max(e[0, T.Ramp(0, 1, 8)], e[0, T.Ramp(8, 1, 8)])
    e[1, T.Ramp(0, 1, 4)] = T.max(e[1, T.Ramp(0, 1, 4)], e[1, T.Ramp(4, 1, 4)])
    e[1, T.Ramp(0, 1, 2)] = T.max(e[1, T.Ramp(0, 1, 2)], e[1, T.Ramp(2, 1, 2)])
    e[1, 0] = T.max(e[1, 0], e[1, 1])
    if e[1, 0] > top[0]:
        shrink[0] = T.exp(top[0] - e[1, 0])
        top[0] = e[1, 0]
        top[1] = top[1] * shrink[0]
        for d in T.serial(call.size // LANES):
            call.O[lanes(place[1] + d * LANES)] = call.O[lanes(place[1] + d * LANES)] * T.Broadcast(shrink[0], LANES)
    # a score that is no number stays none here
    e[0, lanes(0)] = e[0, lanes(0)] - T.Broadcast(top[0], LANES)
    e[1, lanes(0)] = T.Select(e[0, lanes(0)] < spread(-87.0), zeros(), exponential(e[0, lanes(0)]))
    e[0, T.Ramp(0, 1, 8)] = halves(e, 1, 8)
    e[0, T.Ramp(0, 1, 4)] = halves(e, 0, 4)
    e[0, T.Ramp(0, 1, 2)] = halves(e, 0, 2)
    top[1] = top[1] + (e[0, 0] + e[0, 1])
    for d in T.serial(call.size // LANES // WIDE):
        values(call, place, at, sums, e, d * WIDE, WIDE)
    for d in T.serial(call.size // LANES % WIDE):
        values(call, place, at, sums, e, call.size // LANES // WIDE * WIDE + d, 1)


def cell(call, corner, row, head):
    """The number of the output of a row and a head of a tile."""
    return ((corner[0] + row) * call.heads + corner[1] + head) * call.pieces + corner[2]


@T.macro
def attend_tile(call, corner, rows, heads):
    """`rows` rows from corner[0] on, and `heads` heads from corner[1] on, attend to their piece corner[2]."""
    for r in T.serial(rows):
        if r == 0 or call.RS[corner[0] + r] != call.RS[corner[0] + r - 1]:
            # the rows of one segment
            seen = T.decl_buffer((3,), "int64", scope="global")  # rows, the first and the last key of any
            state = T.decl_buffer((2, TILE_ROWS * TILE_HEADS), "float32", scope="global")
            place = T.decl_buffer((5,), "int64", scope="global")
            seen[0] = 0
            seen[1] = T.int64(1) << 40
            seen[2] = -1
            for n in T.serial(rows - r):
                if call.RS[corner[0] + r + n] == call.RS[corner[0] + r]:
                    seen[0] = seen[0] + 1
            for n in T.serial(seen[0] * heads):
                place[4] = cell(call, corner, r + n // heads, n % heads)
                state[0, n] = T.float32(LOWEST)
                state[1, n] = T.float32(0)
                for d in T.serial(call.size // LANES):
                    call.O[lanes(place[4] * call.size + d * LANES)] = zeros()
                if call.EN[place[4]] >= call.ST[place[4]]:
                    seen[1] = T.min(seen[1], T.Cast("int64", call.ST[place[4]]))
                    seen[2] = T.max(seen[2], T.Cast("int64", call.EN[place[4]]))
            for block in T.serial(
                T.if_then_else(seen[2] >= T.int64(0), seen[2] // KEYS - seen[1] // KEYS + 1, T.int64(0))
            ):
                at = T.decl_buffer((2,), "int64", scope="global")
                at[0] = (seen[1] // KEYS + block) * KEYS  # the first key
                at[1] = (
                    call.TB[call.P[call.RS[corner[0] + r]] + at[0] // PAGE]
                    + call.layer_first
                    + (corner[1] // call.group * PAGE + at[0] % PAGE) * call.size
                )
                for n in T.serial(seen[0] * heads):
                    top = T.decl_buffer((2,), "float32", scope="global")
                    place[4] = cell(call, corner, r + n // heads, n % heads)
                    place[0] = (corner[0] + r + n // heads) * call.stride + (corner[1] + n % heads) * call.head_size
                    place[1] = place[4] * call.size
                    place[2] = T.Cast("int64", call.ST[place[4]])
                    place[3] = T.Cast("int64", call.EN[place[4]])
                    if place[3] >= T.max(place[2], at[0]) and place[2] < at[0] + KEYS:
                        top[0] = state[0, n]
                        top[1] = state[1, n]
                        attend_block(call, place, at, top)
                        state[0, n] = top[0]
                        state[1, n] = top[1]
            for n in T.serial(seen[0] * heads):
                place[4] = cell(call, corner, r + n // heads, n % heads)
                if call.EN[place[4]] >= call.ST[place[4]]:
                    for d in T.serial(call.size // LANES):
                        call.O[lanes(place[4] * call.size + d * LANES)] = call.O[
                            lanes(place[4] * call.size + d * LANES)
                        ] / T.Broadcast(state[1, n], LANES)
                    call.L[place[4]] = state[0, n] + T.log(state[1, n])
                else:
                    call.L[place[4]] = T.float32(float("-inf"))


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

    The output is [rows, heads, pieces, padded head size]. The first tasks are tiles of the first piece, the window, which neighbours
    share; each of the others is a piece of a row and head alone.
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
    call = T.meta_var(
        Record(
            Q=Q,
            S=S,
            TB=TB,
            P=P,
            RS=RS,
            ST=ST,
            EN=EN,
            O=O,
            L=L,
            heads=heads,
            pieces=pieces,
            group=group,
            key_heads=key_heads,
            head_size=head_size,
            size=padded_head_size,
            stride=stride,
            layer_first=layer_first,
            scale=scale,
        )
    )
    for task in range(last - first):
        corner = T.decl_buffer((5,), "int64", scope="global")  # row, head, piece; tiles of a group, and of all heads
        corner[3] = (group + TILE_HEADS - 1) // TILE_HEADS
        corner[4] = key_heads * corner[3]
        if first + task < (rows + TILE_ROWS - 1) // TILE_ROWS * corner[4]:
            corner[0] = (first + task) // corner[4] * TILE_ROWS
            corner[1] = (first + task) % corner[4] // corner[3] * group + (first + task) % corner[3] * TILE_HEADS
            corner[2] = 0
            attend_tile(
                call,
                corner,
                T.min(rows - corner[0], TILE_ROWS),
                T.min((corner[1] // group + 1) * group - corner[1], TILE_HEADS),
            )
        else:
            corner[3] = first + task - (rows + TILE_ROWS - 1) // TILE_ROWS * corner[4]
            corner[0] = corner[3] // (pieces - 1) // heads
            corner[1] = corner[3] // (pieces - 1) % heads
            corner[2] = corner[3] % (pieces - 1) + 1
            attend_tile(call, corner, T.int64(1), T.int64(1))


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
