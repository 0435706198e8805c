"""The emission network: from appearance vector and latent state to a frame.

    x_t = G_β([a, s_t]) + ε_t,  ε_t ~ N(0, σ² I)                        (paper, equation 2)

G_β sees the vector [a, s_t] as a 1×1 image. Every layer but the last is a transposed convolution,
batch normalisation (shift, no scale) and a rectifier; the last is a transposed convolution and
tanh. The bias of a normalised layer is its shift; a second one under it would have no effect.
All tables of `model.networks` go through the one builder here.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

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
        spec: the layer's row in the table.
        kernel: [kernel, kernel, channels out, channels in].
        bias: [channels], the shift of the normalisation, or the bias of the last layer.
        moving_mean, moving_variance: [channels], gathered in training; None in the last layer.
    """

    spec: LayerSpec
    kernel: tf.Variable
    bias: tf.Variable
    moving_mean: tf.Variable | None
    moving_variance: tf.Variable | None


class ReadLayer(NamedTuple):
    """A layer whose weights were read, once for all passes that follow.

    Fields:
        upsample: the transposed convolution (in the last layer with its bias), [N, side, side,
            channels in] → [N, output side, output side, channels out].
        shift, moving_mean, moving_variance: of the normalisation, [channels out]; None in the
            last layer.
    """

    upsample: Callable[[tf.Tensor], tf.Tensor]
    shift: tf.Tensor | None
    moving_mean: tf.Tensor | None
    moving_variance: tf.Tensor | None


class Emitted(NamedTuple):
    """What the emission network makes of its input.

    Fields:
        frames: [n, T, side, side, 3], in (-1, 1).
        statistics: per normalised layer, [channels] each: mean and sample variance of what it
            normalises; under "moving" the averages.
    """

    frames: tf.Tensor
    statistics: list[tuple[tf.Tensor, tf.Tensor]]


def make_emission(
    network: Sequence[LayerSpec], code_size: int, init_std: float, key
) -> list[EmissionLayer]:
    """Create the weights β: kernels from N(0, init_std²), biases 0.

    Args:
        network: the table of layers, see `NETWORKS`.
        code_size: content_size + state_size, the channels of the 1×1 input.
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
    layers: Sequence[EmissionLayer], precision: str = "float32", many_passes: bool = False
) -> list[ReadLayer]:
    """Read the weights.

    Args:
        precision: of the activations and products, "float32" or "bfloat16"; the statistics of the
            normalisation and the frames are float32 in both.
        many_passes: whether reading may cost something, as many passes follow.
    """
    read = []
    side = 1
    for layer in layers:
        # `cast` to its own type would hand on the variable, to be read again after it has moved.
        kernel, bias = tf.cast(tf.identity(layer.kernel), precision), tf.identity(layer.bias)
        geometry = (side, layer.spec.stride, layer.spec.padding)
        side = layer.spec.output_side(side)
        if layer.moving_mean is None:
            bias = tf.cast(bias, precision)
            upsample = transposed_convolution(kernel, *geometry, bias, many_passes)
            read.append(ReadLayer(upsample, None, None, None))
        else:
            upsample = transposed_convolution(kernel, *geometry, None, many_passes)
            averages = tf.identity(layer.moving_mean), tf.identity(layer.moving_variance)
            read.append(ReadLayer(upsample, bias, *averages))
    return read


def emit(
    layers: Sequence[ReadLayer],
    appearance: tf.Tensor,
    states: tf.Tensor,
    normalization: str = "batch",
) -> Emitted:
    """Emit all frames of all sequences at once, in the precision of the layers.

    Args:
        appearance: [n, content_size].
        states: [n, T, state_size].
        normalization: "batch" for the statistics of these n·T frames, "moving" for the averages
            gathered in training, under which a frame depends on nothing but its own code.
    """
    num_sequences, num_frames = tf.shape(states)[0], tf.shape(states)[1]
    codes = tf.concat([tf.repeat(appearance[:, None], num_frames, axis=1), states], axis=2)
    code_size = int(appearance.shape[-1]) + int(states.shape[-1])
    features = tf.reshape(codes, [-1, 1, 1, code_size])
    statistics = []
    for layer in layers[:-1]:
        features, mean, variance = normalize(layer.upsample(features), layer, normalization)
        features = tf.nn.relu(features)
        statistics.append((mean, variance))
    pixels = tf.tanh(tf.cast(layers[-1].upsample(features), tf.float32))
    frames = tf.reshape(pixels, [num_sequences, num_frames, *pixels.shape[1:]])
    return Emitted(frames, statistics)


def normalize(features: tf.Tensor, layer: ReadLayer, normalization: str):
    """Batch normalisation with shift and without scale; returns it with its (mean, variance)."""
    moving = normalization == "moving"
    return tf.nn.fused_batch_norm(
        features,
        scale=tf.ones_like(layer.shift),
        offset=layer.shift,
        mean=layer.moving_mean if moving else None,
        variance=layer.moving_variance if moving else None,
        epsilon=NORMALIZATION_EPSILON,
        is_training=not moving,
    )


def gather_statistics(
    layers: Sequence[EmissionLayer], statistics: Sequence[tuple[tf.Tensor, tf.Tensor]]
) -> tf.Operation:
    """Move each layer's averages a tenth of the way to the statistics of this batch."""
    moves = []
    for layer, (mean, variance) in zip(layers, statistics, strict=False):
        for average, value in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
            if average is not None:
                moves.append(average.assign_sub((1 - MOVING_AVERAGE_DECAY) * (average - value)))
    return tf.group(*moves)
