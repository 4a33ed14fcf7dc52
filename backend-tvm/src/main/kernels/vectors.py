"""What the kernels for processors have in common.

Activations are float32 rows, padded by zeros to a multiple of LANES. Matrices lie in panels of PANEL outputs: of each pair of inputs
one word an output, that is two numbers in bfloat16, the lower half of a word first, or in float32 PANEL numbers of the first input and
then PANEL of the second. Inputs are padded as rows are, outputs to whole panels. So weights are read in the order in which they lie, and
each output is summed over its inputs one by one: a sum has the same bits whatever else is computed beside it.

Addresses come as plain pointers; sizes and strides as 64-bit numbers, strides in elements. The outermost loop of each kernel goes
over tasks, no two of which write to the same place; a call does those from `first` to `last` - 1, so that the threads of the caller
can share them. (TVM has threads of its own, but never ends them.)

Words used for parameters: a row is one token of one sequence in this pass; a segment is the rows of one sequence; `row_segment` and
`row_position` tell of each row its segment and its position in the sequence. Pages and states of sequences are anywhere in memory:
`base` is an address, and tables hold how many elements behind or before it they begin.
"""

from tvm import tir
from tvm.script import tir as T

LANES = 16
VECTOR = "float32x%d" % LANES
PAGE = 128  # tokens of keys and values in a page
PANEL = 32  # outputs whose weights lie together, and that one task computes


def zeros():
    return T.Broadcast(T.float32(0), LANES)


def lanes(start):
    return T.Ramp(start, 1, LANES)


def words(kind):
    """How many elements of a panel belong to a pair of inputs."""
    return PANEL if kind == "uint32" else 2 * PANEL


def number(buffer, index, kind, second):
    """Of the output whose word is at `index` the weight of the first or second input of a pair, as float32.

    A bfloat16 is the upper half of a float's bits.
    """
    if kind == "float32":
        return buffer[index + second * PANEL]
    word = buffer[index]
    return T.reinterpret("float32", T.bitwise_and(word, T.uint32(0xFFFF0000)) if second else T.shift_left(word, T.uint32(16)))


def weights(buffer, index, kind, second):
    """The same of LANES outputs."""
    if kind == "float32":
        return buffer[lanes(index + second * PANEL)]
    word = buffer[lanes(index)]
    upper = T.Broadcast(T.uint32(0xFFFF0000), LANES)
    sixteen = T.Broadcast(T.uint32(16), LANES)
    return T.reinterpret(VECTOR, T.bitwise_and(word, upper) if second else T.shift_left(word, sixteen))


def fetch(buffer, index):
    """Brings a line of memory to the cache, if there is such memory."""
    return T.call_intrin("int32", "tir.prefetch", T.address_of(buffer[index]), 0, 3, 1)


def halves(buffer, cell, half):
    """One step of adding the lanes of a cell in pairs."""
    return buffer[cell, T.Ramp(0, 1, half)] + buffer[cell, T.Ramp(half, 1, half)]


def paired(buffer, first, second, half):
    """One step of adding the lanes of two cells in pairs, in the order of `halves`: first those of one, then those of the other.

    After the steps 8, 4, 2 and 1 a vector holds the sums of up to 16 cells.
    """
    low = [block * 2 * half + lane for block in range(8 // half) for lane in range(half)]
    both = [buffer[first, lanes(0)], buffer[second, lanes(0)]]
    lows = low + [lane + LANES for lane in low]
    return tir.Shuffle(both, lows) + tir.Shuffle(both, [lane + half for lane in lows])


def sigmoid(x):
    return T.float32(1) / (T.float32(1) + T.exp(-x))


def spread(number):
    return T.Broadcast(T.float32(number), LANES)


def exponential(x):
    """e to the power of each lane, to about an ulp: 2^n e^r with |r| <= ln(2) / 2, and e^r by its series. NaN stays NaN.

    (The compiler's own takes the lanes one by one.)
    """
    bounded = T.Select(x != x, x, T.max(T.min(x, spread(88.0)), spread(-87.0)))
    n = T.floor(bounded * spread(1.4426950408889634) + spread(0.5))
    r = bounded - n * spread(0.693359375) - n * spread(-2.12194440e-4)
    series = spread(1.0 / 5040)
    for factorial in (720, 120, 24, 6, 2, 1, 1):
        series = series * r + spread(1.0 / factorial)
    bits = T.shift_left(T.Cast("int32x%d" % LANES, n) + T.Broadcast(T.int32(127), LANES), T.Broadcast(T.int32(23), LANES))
    return series * T.reinterpret(VECTOR, bits)


def silu(x):
    """x sigmoid(x) of each lane."""
    return x / (spread(1) + exponential(zeros() - x))
