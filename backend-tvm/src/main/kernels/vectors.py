"""What the kernels for processors have in common.

Matrices are [outputs, inputs], their rows padded by zeros to a multiple of LANES; activations are float32 rows, padded alike. A sum
over the inputs of a row is taken in LANES partial sums, which are then added in pairs: it has the same bits whatever else is
computed beside it. Vectors are written out, because the compiler may not reorder a sum.

Addresses come as plain pointers; sizes and strides as 64-bit numbers, strides in elements. The outermost loop of each kernel goes
over tasks, no two of which write to the same place; a call does those from `first` to `last` - 1, so that the threads of the caller
can share them. (TVM has threads of its own, but never ends them.)

Words used for parameters: a row is one token of one sequence in this pass; a segment is the rows of one sequence; `row_segment` and
`row_position` tell of each row its segment and its position in the sequence. Pages and states of sequences are anywhere in memory:
`base` is an address, and tables hold how many elements behind or before it they begin.
"""

from tvm.script import tir as T

LANES = 16
VECTOR = "float32x%d" % LANES
PAGE = 128  # tokens of keys and values in a page
OUTPUTS = 24  # of a product in one task; every width of a tile divides it


def zeros():
    return T.Broadcast(T.float32(0), LANES)


def lanes(start):
    return T.Ramp(start, 1, LANES)


def widen(vector, kind):
    """A vector of weights as float32; bfloat16 is the upper half of a float's bits."""
    if kind == "float32":
        return vector
    bits = T.Cast("uint32x%d" % LANES, vector)
    return T.reinterpret(VECTOR, T.shift_left(bits, T.Broadcast(T.uint32(16), LANES)))


def halves(buffer, cell, half):
    """One step of adding the lanes of a cell in pairs."""
    return buffer[cell, T.Ramp(0, 1, half)] + buffer[cell, T.Ramp(half, 1, half)]


def sigmoid(x):
    return T.float32(1) / (T.float32(1) + T.exp(-x))
