"""Rows times a matrix, rows of a table, and the norm of rows."""

from types import SimpleNamespace as Record

from tvm.script import tir as T

from vectors import LANES, PANEL, fetch, halves, lanes, number, weights, words, zeros


@T.macro
def tile(call, at, start, tall, wide, ahead):
    """`tall` rows from row `start` on, by as many outputs as `wide` vectors have, and then by the others of the panel.

    With `ahead`, where a tile is a panel wide, the weights so many words behind are fetched meanwhile.
    """
    row = T.decl_buffer((tall,), "int64", scope="global")
    for r in T.unroll(tall):
        row[r] = at[0] + start + r
        if call.routed:
            row[r] = T.if_then_else(call.gathered == T.int64(1), T.Cast("int64", call.R[row[r]]), row[r])
        row[r] = row[r] * call.x_stride
    for part in T.serial(PANEL // (wide * LANES)):
        sums = T.decl_buffer((tall * wide, LANES), "float32", scope="global")
        for c in T.unroll(tall * wide):
            sums[c, lanes(0)] = zeros()
        for k in T.serial(call.inputs // 2):
            if ahead > 0:
                for v in T.unroll(words(call.kind) // LANES):
                    T.evaluate(fetch(call.W, at[1] + k * words(call.kind) + v * LANES + ahead))
            for c in T.unroll(tall * wide):
                sums[c, lanes(0)] = sums[c, lanes(0)] + T.Broadcast(call.X[row[c // wide] + 2 * k], LANES) * weights(
                    call.W, at[1] + k * words(call.kind) + (part * wide + c % wide) * LANES, call.kind, 0
                )
            for c in T.unroll(tall * wide):
                sums[c, lanes(0)] = sums[c, lanes(0)] + T.Broadcast(call.X[row[c // wide] + 2 * k + 1], LANES) * weights(
                    call.W, at[1] + k * words(call.kind) + (part * wide + c % wide) * LANES, call.kind, 1
                )
        if call.activation == T.int64(1):
            for c in T.unroll(tall * wide):
                sums[c, lanes(0)] = T.max(sums[c, lanes(0)], zeros()) * T.max(sums[c, lanes(0)], zeros())
        for c in T.unroll(tall * wide):
            if at[2] + (part * wide + c % wide) * LANES < call.outputs:
                y = T.meta_var((at[0] + start + c // wide) * call.y_stride + at[2] + (part * wide + c % wide) * LANES)
                if call.accumulate == T.int64(1):
                    call.Y[lanes(y)] = call.Y[lanes(y)] + sums[c, lanes(0)]
                else:
                    call.Y[lanes(y)] = sums[c, lanes(0)]


@T.macro
def panel(call, at, rows):
    """`rows` rows from at[0] on times a panel, whose words begin at at[1] and whose first output is at[2]."""
    for strip in T.serial(rows // call.tall):
        tile(call, at, strip * call.tall, call.tall, call.wide, 0)
    if rows % call.tall >= 4:
        tile(call, at, rows // call.tall * call.tall, 4, call.wide, 0)
    if rows % call.tall % 4 >= 2:
        tile(call, at, rows // call.tall * call.tall + rows % call.tall // 4 * 4, 2, 2, 0)
    if rows % call.tall % 2 == 1:
        tile(call, at, rows - 1, 1, 2, call.ahead)


def product(kind, tall, wide, ahead):
    """y[r, n] = activation(sum over k of x[r, k] w[n, k]), where w lies in panels.

    Activation 1 is relu(x) squared; accumulate 1 adds to what y holds. Rows are taken `tall` at a time, each by `wide` vectors of
    outputs; what remains of them 4, 2 and 1 at a time. A tile has at most 15 such vectors: they must stay below a kilobyte, else TVM
    takes them from the heap.
    """

    @T.prim_func
    def kernel(
        x: T.handle("float32"),
        w: T.handle(kind),
        y: T.handle("float32"),
        rows: T.int64,
        outputs: T.int64,
        inputs: T.int64,
        x_stride: T.int64,
        y_stride: T.int64,
        activation: T.int64,
        accumulate: T.int64,
        first: T.int64,
        last: T.int64,
    ):
        T.func_attr({"tir.noalias": True})
        T.attr("default", "device_id", 0)
        T.attr("default", "device_type", 1)
        X = T.Buffer((rows * x_stride,), "float32", data=x)
        W = T.Buffer((T.int64(1) << 40,), kind, data=w)
        Y = T.Buffer((rows * y_stride,), "float32", data=y)
        call = T.meta_var(
            Record(
                X=X,
                W=W,
                Y=Y,
                outputs=outputs,
                inputs=inputs,
                x_stride=x_stride,
                y_stride=y_stride,
                activation=activation,
                accumulate=accumulate,
                routed=False,
                kind=kind,
                tall=tall,
                wide=wide,
                ahead=ahead,
            )
        )
        for task in range(last - first):
            at = T.decl_buffer((3,), "int64", scope="global")
            at[0] = 0
            at[1] = (first + task) * (inputs // 2) * words(kind)
            at[2] = (first + task) * PANEL
            panel(call, at, rows)

    return kernel


def embed(kind):
    """The rows of a table that belong to token ids; the table lies in panels, as a matrix does."""

    @T.prim_func
    def kernel(
        ids: T.handle("int32"),
        table: T.handle(kind),
        y: T.handle("float32"),
        rows: T.int64,
        table_stride: T.int64,
        y_stride: T.int64,
        first: T.int64,
        last: T.int64,
    ):
        T.func_attr({"tir.noalias": True})
        I = T.Buffer((rows,), "int32", data=ids)
        W = T.Buffer((T.int64(1) << 40,), kind, data=table)
        Y = T.Buffer((rows * y_stride,), "float32", data=y)
        for r in range(last - first):
            at = T.decl_buffer((1,), "int64", scope="global")
            at[0] = T.Cast("int64", I[first + r])
            at[0] = at[0] // PANEL * (table_stride // 2) * words(kind) + at[0] % PANEL
            for k in range(table_stride // 2):
                Y[(first + r) * y_stride + 2 * k] = number(W, at[0] + k * words(kind), kind, 0)
                Y[(first + r) * y_stride + 2 * k + 1] = number(W, at[0] + k * words(kind), kind, 1)

    return kernel


@T.prim_func
def rms_norm(
    x: T.handle("float32"),
    x_row: T.handle("int32"),
    weight: T.handle("float32"),
    y: T.handle("float32"),
    rows: T.int64,
    size: T.int64,
    stride: T.int64,
    epsilon: T.float32,
    first: T.int64,
    last: T.int64,
):
    """y[r] = x[x_row[r]] / sqrt(mean of squares + epsilon) * weight."""
    T.func_attr({"tir.noalias": True})
    T.attr("default", "device_id", 0)
    T.attr("default", "device_type", 1)
    X = T.Buffer((T.int64(1) << 40,), "float32", data=x)
    R = T.Buffer((rows,), "int32", data=x_row)
    W = T.Buffer((stride,), "float32", data=weight)
    Y = T.Buffer((rows * stride,), "float32", data=y)
    for r in range(last - first):
        sums = T.decl_buffer((1, LANES), "float32", scope="global")
        sums[0, lanes(0)] = zeros()
        for k in range(stride // LANES):
            sums[0, lanes(0)] = sums[0, lanes(0)] + X[
                lanes(T.Cast("int64", R[(first + r)]) * stride + k * LANES)
            ] * X[lanes(T.Cast("int64", R[(first + r)]) * stride + k * LANES)]
        sums[0, T.Ramp(0, 1, 8)] = halves(sums, 0, 8)
        sums[0, T.Ramp(0, 1, 4)] = halves(sums, 0, 4)
        sums[0, T.Ramp(0, 1, 2)] = halves(sums, 0, 2)
        sums[0, 0] = T.float32(1) / T.sqrt((sums[0, 0] + sums[0, 1]) / T.Cast("float32", size) + epsilon)
        for k in range(stride // LANES):
            Y[lanes((first + r) * stride + k * LANES)] = (
                X[lanes(T.Cast("int64", R[(first + r)]) * stride + k * LANES)]
                * T.Broadcast(sums[0, 0], LANES)
                * W[lanes(k * LANES)]
            )
