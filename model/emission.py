"""The emission network: it maps appearance vector and latent state to a frame.

    x_t = G_β([a, s_t]) + ε_t,  ε_t ~ N(0, σ² I)                        (paper, equation 2)

The input of G_β is the vector [a, s_t] as a 1×1 image. Every layer except the last is a transposed
convolution, a batch normalisation (Ioffe and Szegedy, *Batch Normalization*, 2015; with shift,
without scale) and a rectifier. The last layer is a transposed convolution and tanh. The convolution
of a normalised layer has no bias, because the normalisation would remove it. This module builds all
networks in `model.networks`.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import tensorflow.compat.v1 as tf

from model.networks import LayerSpec
from model.transposed_convolution import transposed_convolution
from model.weights import constant_variable, normal_variable

INIT_STD = 0.005
NORMALIZATION_EPSILON = 1e-3
MOVING_AVERAGE_DECAY = 0.9


class EmissionLayer(NamedTuple):
    """Weights of one layer of G_β and the moving averages of its normalisation statistics.

    Fields:
        spec: the row of the layer in the table of the network.
        kernel: [kernel, kernel, channels out, channels in].
        bias: [channels out], the shift of the normalisation; in the last layer the bias.
        moving_mean, moving_variance: [channels out], averages over training steps; None in the
            last layer.
    """

    spec: LayerSpec
    kernel: tf.Variable
    bias: tf.Variable
    moving_mean: tf.Variable | None
    moving_variance: tf.Variable | None


class ReadLayer(NamedTuple):
    """A layer with its weights as tensors, which are read once for all passes.

    Fields:
        upsample: the transposed convolution (in the last layer with bias), [N, side, side,
            channels in] → [N, output side, output side, channels out].
        shift: [channels out], the shift of the normalisation; None in the last layer.
    """

    upsample: Callable[[tf.Tensor], tf.Tensor]
    shift: tf.Tensor | None


class Moments(NamedTuple):
    """Mean and variance of the features of a layer before normalisation.

    Both are [channels], or with one row for each frame.
    """

    mean: Any
    variance: Any


Statistics = Sequence[Moments]  # the moments of every normalised layer, from the first


class Emitted(NamedTuple):
    """Output of the emission network.

    Fields:
        frames: [n, T, side, side, 3], in (-1, 1).
        statistics: for each normalised layer the moments of these n·T frames. The variance is
            the sample variance if the layer normalises by it, else the mean square deviation.
    """

    frames: tf.Tensor
    statistics: list[Moments]


def make_emission(
    network: Sequence[LayerSpec], code_size: int, init_std: float, key
) -> list[EmissionLayer]:
    """Create the weights β: kernels from N(0, init_std²), biases 0.

    Args:
        network: the table of layers, see `NETWORKS`.
        code_size: content_size + the size of what is seen of a state, see `model.transition`:
            the number of channels of the 1×1 input.
        key: int32 [2], the key of the weights' random numbers.
    """
    layers = []
    channels = code_size
    for index, spec in enumerate(network, start=1):
        name = f"emission/layer_{index}"
        shape = [spec.kernel, spec.kernel, spec.channels, channels]
        normalized = index < len(network)
        layers.append(
            EmissionLayer(
                spec,
                kernel=normal_variable(f"{name}/kernel", shape, init_std, key),
                bias=constant_variable(f"{name}/bias", [spec.channels]),
                moving_mean=constant_variable(f"{name}/moving_mean", [spec.channels], 0.0, False)
                if normalized
                else None,
                moving_variance=constant_variable(
                    f"{name}/moving_variance", [spec.channels], 1.0, False
                )
                if normalized
                else None,
            )
        )
        channels = spec.channels
    return layers


def read_emission(
    layers: Sequence[EmissionLayer],
    precision: str = "float32",
    passes: int = 1,
    direct_is_fast: bool = True,
) -> list[ReadLayer]:
    """Read the weights as tensors.

    Args:
        precision: number format of activations and products, "float32" or "bfloat16". The
            statistics of the normalisation and the frames are always float32.
        passes, direct_is_fast: see `transposed_convolution`.
    """
    read = []
    side = 1
    for layer in layers:
        # Without `identity`, a `cast` to the same type would return the variable itself. It would
        # then be read again after the weight step.
        kernel, bias = tf.cast(tf.identity(layer.kernel), precision), tf.identity(layer.bias)
        geometry = (side, layer.spec.stride, layer.spec.padding)
        side = layer.spec.output_side(side)
        if layer.moving_mean is None:
            bias = tf.cast(bias, precision)
            upsample = transposed_convolution(kernel, *geometry, bias, passes, direct_is_fast)
            read.append(ReadLayer(upsample, None))
        else:
            upsample = transposed_convolution(kernel, *geometry, None, passes, direct_is_fast)
            read.append(ReadLayer(upsample, bias))
    return read


def emit(
    layers: Sequence[ReadLayer],
    appearance: tf.Tensor,
    states: tf.Tensor,
    given: Statistics | None = None,
    normalization: Callable | None = None,
) -> Emitted:
    """Compute all frames of all sequences in one pass, in the precision of the layers.

    Args:
        appearance: [n, content_size].
        states: [n, T, number seen], the part of the states that this network sees.
        given: the statistics by which the normalised layers normalise, [channels] or
            [n·T, channels]. A frame then depends only on its own [a, s_t]. If it is None, they
            use the statistics of these n·T frames, as in training.
        normalization: what normalises in the place of `normalize`.
    """
    normalized_by = normalization or normalize
    num_sequences, num_frames = tf.shape(states)[0], tf.shape(states)[1]
    codes = tf.concat([tf.repeat(appearance[:, None], num_frames, axis=1), states], axis=2)
    code_size = int(appearance.shape[-1]) + int(states.shape[-1])
    features = tf.reshape(codes, [-1, 1, 1, code_size])
    statistics = []
    for number, layer in enumerate(layers[:-1]):
        features, moments = normalized_by(
            layer.upsample(features), layer.shift, given[number] if given is not None else None
        )
        features = tf.nn.relu(features)
        statistics.append(moments)
    pixels = tf.tanh(tf.cast(layers[-1].upsample(features), tf.float32))
    frames = tf.reshape(pixels, [num_sequences, num_frames, *pixels.shape[1:]])
    return Emitted(frames, statistics)


def normalize(
    features: tf.Tensor, shift: tf.Tensor, given: Moments | None
) -> tuple[tf.Tensor, Moments]:
    """Batch normalisation with shift and without scale: the result, and the features' moments."""
    if given is None:
        normalized, mean, variance = tf.nn.fused_batch_norm(
            features, tf.ones_like(shift), shift, epsilon=NORMALIZATION_EPSILON
        )
        return normalized, Moments(mean, variance)
    scale = tf.math.rsqrt(given.variance + NORMALIZATION_EPSILON)
    offset = shift - given.mean * scale
    each_frame = [-1, 1, 1, features.shape[-1]]
    exact = tf.cast(features, tf.float32)
    normalized = exact * tf.reshape(scale, each_frame) + tf.reshape(offset, each_frame)
    moments = Moments(*tf.nn.moments(exact, [0, 1, 2]))
    return tf.cast(normalized, features.dtype), moments


def gather_statistics(layers: Sequence[EmissionLayer], statistics: Statistics) -> tf.Operation:
    """Update the moving averages: each goes a tenth of the way to the statistics of this batch."""
    moves = []
    for layer, (mean, variance) in zip(layers, statistics, strict=False):
        for average, value in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
            if average is not None:
                moves.append(average.assign_sub((1 - MOVING_AVERAGE_DECAY) * (average - value)))
    return tf.group(*moves)
