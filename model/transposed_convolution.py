"""The transposed convolution with a square kernel, in the fastest formulation for each layer.

    y[s·i + u − c] += x[i] · W[u]

This sum is over every position i of the input and every tap u of the kernel, in rows and columns.
The stride is s. At the top and at the left, c rows and columns are cut off.

All formulations give the same sums and the same gradients. TensorFlow's own operation is fast for
many positions and many channels, on a GPU and on a processor with vectors of 512 bits. It is slow
if the input is one or two pixels wide, because most of the kernel then reaches beyond the border.
It is also slow if the output has three channels, because the vectors of a processor hold more
values. On a processor with shorter vectors it is slow everywhere. There, an ordinary convolution
that gives blocks of pixels takes half the time or less.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import tensorflow.compat.v1 as tf

SMALL_SIDE = 2  # largest side of the input for `by_position` and `by_one_product`
SMALL_SIDE_FOR_KERNEL = 4  # largest side where one matrix product gives the kernel's gradient
FEW_CHANNELS = 4  # largest number of output channels for `in_blocks` where `direct` is fast
MANY_PASSES = 4  # from this number on, a copy of the kernel for each position saves time


class Geometry(NamedTuple):
    """Sides of input, output and kernel, stride, and the pixels cut off at the top and left."""

    side: int
    output_side: int
    kernel: int
    stride: int
    cut: int
    padding: str


class Formulation(NamedTuple):
    """A way to compute the sums.

    Fields:
        operand: the kernel in the form that `forward` needs, computed once for all passes.
        forward: (features, operand, bias) → output.
        to_features: (∂/∂output, kernel, operand) → ∂/∂features.
    """

    operand: tf.Tensor
    forward: Callable[[tf.Tensor, tf.Tensor, tf.Tensor | None], tf.Tensor]
    to_features: Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]


def transposed_convolution(
    kernel: tf.Tensor,
    side: int,
    stride: int,
    padding: str,
    bias: tf.Tensor | None = None,
    passes: int = 1,
    direct_is_fast: bool = True,
) -> Callable[[tf.Tensor], tf.Tensor]:
    """Prepare a kernel [k, k, channels out, channels in] for inputs of `side`×`side` pixels.

    Args:
        padding: "SAME" (output side·stride) or "VALID" (output side·stride + k − stride, with
            k ≥ stride).
        bias: [channels out], added to the output.
        passes: how many passes follow. If there are many, a slower preparation saves time.
        direct_is_fast: whether TensorFlow's own operation is fast on this device: on a GPU, and
            on a processor with vectors of 512 bits.

    Returns:
        A differentiable function [N, side, side, channels in] → [N, output side, output side,
        channels out]. It casts its input to the type of the kernel.
    """
    size, channels = int(kernel.shape[0]), int(kernel.shape[2])
    surplus = max(size - stride, 0)
    same = padding == "SAME"
    geometry = Geometry(
        side,
        side * stride + (0 if same else surplus),
        size,
        stride,
        surplus // 2 if same else 0,
        padding,
    )
    centred = surplus % 2 == 0
    copies_help = side == 1 or (direct_is_fast and passes >= MANY_PASSES)
    blocks_help = channels <= FEW_CHANNELS or not direct_is_fast
    if side <= SMALL_SIDE and same and centred and copies_help:
        formulation = by_position(kernel, geometry)
    elif side <= SMALL_SIDE:
        formulation = by_one_product(kernel, geometry)
    elif blocks_help and stride <= 2 and size % stride == 0 and (centred or not same):
        formulation = in_blocks(kernel, geometry)
    else:
        formulation = direct(kernel, geometry)

    # The operand is an argument, although it is computed from the kernel. For a tensor that is
    # used but is no argument, `custom_gradient` would ask for the variables behind it. The
    # gradient of the operand is None, because the gradient of the kernel is already complete.
    weights = [kernel, formulation.operand, *([] if bias is None else [bias])]

    @tf.custom_gradient
    def apply(features, kernel, operand, *bias):
        def gradients(upstream):
            return (
                formulation.to_features(upstream, kernel, operand),
                gradient_of_kernel(features, upstream, geometry),
                None,
                *(tf.reduce_sum(upstream, axis=[0, 1, 2]) for _ in bias),
            )

        return formulation.forward(features, operand, *bias), gradients

    return lambda features: apply(tf.cast(features, kernel.dtype), *weights)


def direct(kernel: tf.Tensor, geometry: Geometry) -> Formulation:
    """TensorFlow's own operation."""
    out, channels = geometry.output_side, kernel.shape[2]

    def forward(features, kernel, bias=None):
        shape = [tf.shape(features)[0], out, out, channels]
        output = tf.nn.conv2d_transpose(features, kernel, shape, geometry.stride, geometry.padding)
        return biased(output, bias)

    return Formulation(kernel, forward, strided_convolution(geometry))


def by_one_product(kernel: tf.Tensor, geometry: Geometry) -> Formulation:
    """Multiply all positions by all taps in one product, and add up where results overlap."""
    side, out, size = geometry.side, geometry.output_side, geometry.kernel
    stride, cut = geometry.stride, geometry.cut
    taps_and_channels = size * size * int(kernel.shape[2])
    operand = tf.reshape(tf.transpose(kernel, [3, 0, 1, 2]), [-1, taps_and_channels])

    def forward(features, operand, bias=None):
        reached = tf.reshape(features, [-1, features.shape[3]]) @ operand
        reached = tf.reshape(reached, [-1, side, side, size, size, kernel.shape[2]])
        pieces = [reached[:, i, j] for i in range(side) for j in range(side)]
        corners = [(stride * i, stride * j) for i in range(side) for j in range(side)]
        whole = laid_over(pieces, corners, max(stride * (side - 1) + size, cut + out))
        return biased(whole[:, cut : cut + out, cut : cut + out], bias)

    def to_features(upstream, kernel, _):
        reached = patches(upstream, geometry)
        product = reached @ tf.reshape(kernel, [taps_and_channels, -1])
        return tf.reshape(product, [-1, side, side, kernel.shape[3]])

    return Formulation(operand, forward, to_features)


def by_position(kernel: tf.Tensor, geometry: Geometry) -> Formulation:
    """Multiply each position only by the taps that do not reach beyond the border."""
    side, out, size = geometry.side, geometry.output_side, geometry.kernel
    stride, cut = geometry.stride, geometry.cut
    channels_out, channels_in = map(int, kernel.shape[2:])
    first_taps = [max(cut - stride * i, 0) for i in range(side)]
    starts = [stride * i - cut + tap for i, tap in enumerate(first_taps)]
    width = min(size - first_taps[0], out)
    corners = [(top, left) for top in starts for left in starts]
    window = width * width * channels_out
    windows = [
        tf.reshape(kernel[u : u + width, v : v + width], [window, channels_in])
        for u in first_taps
        for v in first_taps
    ]
    operand = tf.stack([tf.transpose(taps) for taps in windows])  # [positions, in, window]

    def forward(features, operand, bias=None):
        positions = tf.reshape(features, [-1, side * side, channels_in])
        reached = tf.transpose(positions, [1, 0, 2]) @ operand
        pieces = tf.unstack(tf.reshape(reached, [side * side, -1, width, width, channels_out]))
        return biased(laid_over(pieces, corners, out), bias)

    def to_features(upstream, _, operand):
        reached = [upstream[:, top : top + width, left : left + width] for top, left in corners]
        reached = tf.stack([tf.reshape(piece, [-1, window]) for piece in reached])
        positions = tf.transpose(tf.matmul(reached, operand, transpose_b=True), [1, 0, 2])
        return tf.reshape(positions, [-1, side, side, channels_in])

    return Formulation(operand, forward, to_features)


def in_blocks(kernel: tf.Tensor, geometry: Geometry) -> Formulation:
    """Compute blocks of 2×2 output pixels, as 4 times the channels of an ordinary convolution."""
    out, size = geometry.output_side, geometry.kernel
    stride, cut = geometry.stride, geometry.cut
    inputs = (size + 2 - stride) // stride  # input rows, or columns, that reach a block
    border = inputs - 2 // stride
    # The output of input row u begins (inputs - u)·stride - 2 rows before the block. The tap below
    # maps input row u to row p of the block. If no such tap exists, index `size` selects zeros.
    taps = [[p + (inputs - u) * stride - 2 for p in (0, 1)] for u in range(inputs)]
    taps = [[tap if 0 <= tap < size else size for tap in row] for row in taps]
    with_zeros = tf.pad(kernel, [[0, 1], [0, 1], [0, 0], [0, 0]])
    blocks = tf.gather(tf.gather(with_zeros, taps, axis=0), taps, axis=2)  # [u, p, v, q, out, in]
    operand = tf.reshape(
        tf.transpose(blocks, [0, 2, 5, 1, 3, 4]),
        [inputs, inputs, kernel.shape[3], 4 * int(kernel.shape[2])],
    )

    def forward(features, operand, bias=None):
        around = [border, border + out % 2]
        features = tf.pad(features, [[0, 0], around, around, [0, 0]])
        blocks = tf.nn.conv2d(features, operand, 2 // stride, "VALID")
        blocks = biased(blocks, None if bias is None else tf.tile(bias, [4]))
        return taken_apart(blocks)[:, cut : cut + out, cut : cut + out]

    return Formulation(operand, forward, strided_convolution(geometry))


def taken_apart(blocks: tf.Tensor) -> tf.Tensor:
    """[N, s, s, 4·channels] → [N, 2·s, 2·s, channels].

    It equals `tf.depth_to_space` and takes half the time.
    """
    side, depth = int(blocks.shape[1]), int(blocks.shape[3])
    rows = tf.transpose(tf.reshape(blocks, [-1, side, 2, depth // 2]), [0, 2, 1, 3])
    return tf.reshape(rows, [-1, 2 * side, 2 * side, depth // 4])


def strided_convolution(geometry: Geometry) -> Callable:
    """∂/∂features by TensorFlow's own operation."""
    return lambda upstream, kernel, _: tf.nn.conv2d(
        upstream, kernel, geometry.stride, geometry.padding
    )


def gradient_of_kernel(features: tf.Tensor, upstream: tf.Tensor, geometry: Geometry) -> tf.Tensor:
    """∂/∂kernel from the input `features` and from `upstream`, ∂/∂output."""
    channels = features.shape[3]
    shape = [geometry.kernel, geometry.kernel, int(upstream.shape[3]), int(channels)]
    if geometry.side <= SMALL_SIDE_FOR_KERNEL:
        positions = tf.reshape(features, [-1, channels])
        product = tf.matmul(patches(upstream, geometry), positions, transpose_a=True)
        return tf.reshape(product, shape)
    strides = [1, geometry.stride, geometry.stride, 1]
    return tf.nn.conv2d_backprop_filter(upstream, shape, features, strides, geometry.padding)


def biased(output: tf.Tensor, bias: tf.Tensor | None) -> tf.Tensor:
    """The output with the bias of each channel added."""
    return output if bias is None else tf.nn.bias_add(output, bias)


def laid_over(
    pieces: Sequence[tf.Tensor], corners: Sequence[tuple[int, int]], side: int
) -> tf.Tensor:
    """Add square pieces [N, w, w, channels] on an empty canvas; `corners` are their (top, left)."""
    width = int(pieces[0].shape[1])
    room = side - width
    return tf.add_n(
        [
            tf.pad(piece, [[0, 0], [top, room - top], [left, room - left], [0, 0]])
            for piece, (top, left) in zip(pieces, corners, strict=True)
        ]
    )


def patches(output: tf.Tensor, geometry: Geometry) -> tf.Tensor:
    """For each input position, the output pixels of its taps: [N·side², k·k·channels out]."""
    window = [1, geometry.kernel, geometry.kernel, 1]
    strides = [1, geometry.stride, geometry.stride, 1]
    found = tf.image.extract_patches(output, window, strides, [1, 1, 1, 1], geometry.padding)
    return tf.reshape(found, [-1, found.shape[3]])
