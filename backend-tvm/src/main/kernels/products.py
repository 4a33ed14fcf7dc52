"""Rows times a matrix, rows of a table, and the norm of rows."""

from tvm.script import tir as T

from vectors import LANES, OUTPUTS, fetch, halves, lanes, paired, widen, zeros


def product(kind, tall, wide, ahead):
    """y[r, n] = activation(sum over k of x[r, k] w[n, k]), in tiles of `tall` rows and `wide` outputs.

    Activation 1 is relu(x) squared; accumulate 1 adds to what y holds. A tile has at most 15 cells: their sums must stay below a
    kilobyte, else TVM takes them from the heap. With `ahead` the weights of the next tile are fetched meanwhile: rows are too short
    for a processor to see that one follows the other.
    """
    cells = tall * wide

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
        W = T.Buffer((outputs * inputs,), kind, data=w)
        Y = T.Buffer((rows * y_stride,), "float32", data=y)
        for strip in range((rows + tall - 1) // tall):  # its rows stay in the cache
            for block in range(
                T.min(last * (OUTPUTS // wide), (outputs + wide - 1) // wide) - first * (OUTPUTS // wide)
            ):
                sums = T.decl_buffer((cells, LANES), "float32", scope="global")
                at = T.decl_buffer((2,), "int64", scope="global")
                at[0] = strip * tall  # the first row
                at[1] = (first * (OUTPUTS // wide) + block) * wide  # the first output
                for c in T.unroll(cells):
                    sums[c, lanes(0)] = zeros()
                for k in range(inputs // LANES):
                    if ahead:
                        for c in T.unroll(wide):
                            T.evaluate(fetch(W, (at[1] + wide + c) * inputs + k * LANES))
                    for c in T.unroll(cells):
                        # what lies outside is computed, and not stored
                        sums[c, lanes(0)] = sums[c, lanes(0)] + X[
                            lanes(T.min(at[0] + c // wide, rows - 1) * x_stride + k * LANES)
                        ] * widen(W[lanes(T.min(at[1] + c % wide, outputs - 1) * inputs + k * LANES)], kind)
                for c in T.unroll((cells + 1) // 2):
                    sums[c, lanes(0)] = paired(sums, 2 * c, T.min(2 * c + 1, cells - 1), 8)
                for c in T.unroll((cells + 3) // 4):
                    sums[c, lanes(0)] = paired(sums, 2 * c, T.min(2 * c + 1, (cells + 1) // 2 - 1), 4)
                for c in T.unroll((cells + 7) // 8):
                    sums[c, lanes(0)] = paired(sums, 2 * c, T.min(2 * c + 1, (cells + 3) // 4 - 1), 2)
                sums[0, lanes(0)] = paired(sums, 0, (cells + 7) // 8 - 1, 1)
                if activation == T.int64(1):
                    sums[0, lanes(0)] = T.max(sums[0, lanes(0)], zeros()) * T.max(sums[0, lanes(0)], zeros())
                for c in T.unroll(cells):
                    if at[0] + c // wide < rows and at[1] + c % wide < outputs:
                        if accumulate == T.int64(1):
                            Y[(at[0] + c // wide) * y_stride + at[1] + c % wide] = (
                                Y[(at[0] + c // wide) * y_stride + at[1] + c % wide] + sums[0, c]
                            )
                        else:
                            Y[(at[0] + c // wide) * y_stride + at[1] + c % wide] = sums[0, c]

    return kernel


def embed(kind):
    """The rows of a table that belong to token ids."""

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
            for k in range(table_stride // LANES):
                Y[lanes((first + r) * y_stride + k * LANES)] = widen(
                    W[lanes(T.Cast("int64", I[(first + r)]) * table_stride + k * LANES)], kind
                )

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
