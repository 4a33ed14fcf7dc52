"""The mixture of experts."""

from types import SimpleNamespace as Record

from tvm.script import tir as T

from products import panel
from vectors import LANES, PANEL, lanes, sigmoid, words, zeros


def expert_product(kind, tall, wide, ahead):
    """The same for experts: w has the panels of one behind those of the other; expert e computes the slots starts[e] to starts[e + 1] - 1.

    With gathered 1 a slot reads the row of x that slot_row names, else the row with its own number.
    """

    @T.prim_func
    def kernel(
        x: T.handle("float32"),
        w: T.handle(kind),
        y: T.handle("float32"),
        starts: T.handle("int32"),
        slot_row: T.handle("int32"),
        experts: T.int64,
        outputs: T.int64,
        inputs: T.int64,
        x_stride: T.int64,
        y_stride: T.int64,
        activation: T.int64,
        gathered: T.int64,
        first: T.int64,
        last: T.int64,
    ):
        T.func_attr({"tir.noalias": True})
        T.attr("default", "device_id", 0)
        T.attr("default", "device_type", 1)
        X = T.Buffer((T.int64(1) << 40,), "float32", data=x)
        W = T.Buffer((T.int64(1) << 40,), kind, data=w)
        Y = T.Buffer((T.int64(1) << 40,), "float32", data=y)
        S = T.Buffer((experts + 1,), "int32", data=starts)
        R = T.Buffer((T.int64(1) << 40,), "int32", data=slot_row)
        call = T.meta_var(
            Record(
                X=X,
                W=W,
                Y=Y,
                R=R,
                outputs=outputs,
                inputs=inputs,
                x_stride=x_stride,
                y_stride=y_stride,
                activation=activation,
                accumulate=T.int64(0),
                gathered=gathered,
                routed=True,
                kind=kind,
                tall=tall,
                wide=wide,
                ahead=ahead,
            )
        )
        for task in range(last - first):
            at = T.decl_buffer((3,), "int64", scope="global")
            expert = T.decl_buffer((1,), "int64", scope="global")
            expert[0] = (first + task) // ((outputs + PANEL - 1) // PANEL)
            at[0] = T.Cast("int64", S[expert[0]])  # its first slot
            at[1] = (first + task) * (inputs // 2) * words(kind)
            at[2] = (first + task) % ((outputs + PANEL - 1) // PANEL) * PANEL
            panel(call, at, T.Cast("int64", S[expert[0] + 1]) - at[0])

    return kernel


@T.prim_func
def route(
    logits: T.handle("float32"),
    bias: T.handle("float32"),
    scratch: T.handle("float32"),
    choices: T.handle("int32"),
    weights: T.handle("float32"),
    rows: T.int64,
    experts: T.int64,
    chosen: T.int64,
    groups: T.int64,
    top_groups: T.int64,
    stride: T.int64,
    normalized: T.int64,
    scaling: T.float32,
    first: T.int64,
    last: T.int64,
):
    """Each row's experts in ascending order, and their weights.

    Of scratch a row has 2 experts + groups elements: the ranks, a mark for what is still to be had, and the ranks of groups.
    """
    T.func_attr({"tir.noalias": True})
    T.attr("default", "device_id", 0)
    T.attr("default", "device_type", 1)
    X = T.Buffer((rows * stride,), "float32", data=logits)
    B = T.Buffer((experts,), "float32", data=bias)
    S = T.Buffer((rows * (2 * experts + groups),), "float32", data=scratch)
    C = T.Buffer((rows * chosen,), "int32", data=choices)
    W = T.Buffer((rows * chosen,), "float32", data=weights)
    for r in range(last - first):
        best = T.decl_buffer((2,), "float32", scope="global")
        index = T.decl_buffer((2,), "int64", scope="global")
        at = T.decl_buffer((1,), "int64", scope="global")
        at[0] = (first + r) * (2 * experts + groups)
        for e in range(experts):
            X[(first + r) * stride + e] = sigmoid(X[(first + r) * stride + e])
            S[at[0] + e] = X[(first + r) * stride + e] + B[e]
            S[at[0] + experts + e] = T.if_then_else(groups == T.int64(1), T.float32(1), T.float32(0))
        if groups > T.int64(1):
            for g in range(groups):
                best[0] = T.float32(float("-inf"))
                best[1] = T.float32(float("-inf"))
                for e in range(experts // groups):
                    if S[at[0] + g * (experts // groups) + e] > best[0]:
                        best[1] = best[0]
                        best[0] = S[at[0] + g * (experts // groups) + e]
                    else:
                        best[1] = T.max(best[1], S[at[0] + g * (experts // groups) + e])
                S[at[0] + 2 * experts + g] = T.if_then_else(experts == groups, best[0], best[0] + best[1])
            for n in range(top_groups):
                index[0] = T.int64(-1)
                for g in range(groups):
                    if S[at[0] + experts + g * (experts // groups)] == T.float32(0):
                        if index[0] < T.int64(0):
                            index[0] = g
                        elif S[at[0] + 2 * experts + g] > S[at[0] + 2 * experts + index[0]]:
                            index[0] = g
                for e in range(experts // groups):
                    S[at[0] + experts + index[0] * (experts // groups) + e] = T.float32(1)
        for n in range(chosen):
            index[0] = T.int64(-1)
            for e in range(experts):
                if S[at[0] + experts + e] == T.float32(1):
                    if index[0] < T.int64(0):
                        index[0] = e
                    elif S[at[0] + e] > S[at[0] + index[0]]:
                        index[0] = e
            S[at[0] + experts + index[0]] = T.float32(2)
        index[1] = (first + r) * chosen
        best[0] = T.float32(0)
        for e in range(experts):
            if S[at[0] + experts + e] == T.float32(2):
                C[index[1]] = T.Cast("int32", e)
                W[index[1]] = X[(first + r) * stride + e]
                best[0] = best[0] + X[(first + r) * stride + e]
                index[1] = index[1] + T.int64(1)
        best[1] = T.if_then_else(normalized == T.int64(1), best[0] + T.float32(1e-20), T.float32(1))
        for n in range(chosen):
            W[(first + r) * chosen + n] = W[(first + r) * chosen + n] / best[1] * scaling


@T.prim_func
def gather(
    choices: T.handle("int32"),
    starts: T.handle("int32"),
    slot_row: T.handle("int32"),
    slots: T.handle("int32"),
    rows: T.int64,
    experts: T.int64,
    chosen: T.int64,
    first: T.int64,
    last: T.int64,
):
    """Sorts choices by expert: where each expert's slots begin, the row of each slot, and the slot of each choice."""
    T.func_attr({"tir.noalias": True})
    C = T.Buffer((rows * chosen,), "int32", data=choices)
    ST = T.Buffer((experts + 1,), "int32", data=starts)
    SR = T.Buffer((rows * chosen,), "int32", data=slot_row)
    SL = T.Buffer((rows * chosen,), "int32", data=slots)
    for e in range(experts + 1):
        ST[e] = 0
    for n in range(rows * chosen):
        ST[C[n]] = ST[C[n]] + 1
    for e in range(experts):
        ST[e + 1] = ST[e + 1] + ST[e]  # where each ends
    for n in range(rows * chosen):
        ST[C[rows * chosen - 1 - n]] = ST[C[rows * chosen - 1 - n]] - 1
        SL[rows * chosen - 1 - n] = ST[C[rows * chosen - 1 - n]]
        SR[ST[C[rows * chosen - 1 - n]]] = T.Cast("int32", (rows * chosen - 1 - n) // chosen)


@T.prim_func
def combine(
    outputs: T.handle("float32"),
    slots: T.handle("int32"),
    weights: T.handle("float32"),
    shared: T.handle("float32"),
    hidden: T.handle("float32"),
    rows: T.int64,
    chosen: T.int64,
    stride: T.int64,
    has_shared: T.int64,
    first: T.int64,
    last: T.int64,
):
    """Adds to each row the weighted sum of its experts in ascending order, the shared one last."""
    T.func_attr({"tir.noalias": True})
    T.attr("default", "device_id", 0)
    T.attr("default", "device_type", 1)
    X = T.Buffer((rows * chosen * stride,), "float32", data=outputs)
    SL = T.Buffer((rows * chosen,), "int32", data=slots)
    W = T.Buffer((rows * chosen,), "float32", data=weights)
    SH = T.Buffer((rows * stride,), "float32", data=shared)
    H = T.Buffer((rows * stride,), "float32", data=hidden)
    for r in range(last - first):
        for k in range(stride // LANES):
            sums = T.decl_buffer((1, LANES), "float32", scope="global")
            sums[0, lanes(0)] = zeros()
            for n in range(chosen):
                sums[0, lanes(0)] = sums[0, lanes(0)] + T.Broadcast(W[(first + r) * chosen + n], LANES) * X[
                    lanes(T.Cast("int64", SL[(first + r) * chosen + n]) * stride + k * LANES)
                ]
            if has_shared == T.int64(1):
                sums[0, lanes(0)] = sums[0, lanes(0)] + SH[lanes((first + r) * stride + k * LANES)]
            H[lanes((first + r) * stride + k * LANES)] = H[lanes((first + r) * stride + k * LANES)] + sums[0, lanes(0)]
