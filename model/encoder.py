"""The encoder: it maps one still image to the appearance vector and the start state.

    (a, s_0) = E_γ(x)

E_γ mirrors the emission network. Its layers are in reverse order, and a strided convolution
replaces each transposed convolution of G_β. The output is the vector [a, s_0] as a 1×1 image.
Every layer except the last is a convolution, a normalisation (with shift, without scale) and a
rectifier. The last layer is only a convolution.

The normalisation is over all positions and channels of one image (Ba, Kiros and Hinton, *Layer
Normalization*, 2016), not over a batch as in G_β. The code of an image must not depend on the other
images of a batch, and a new image often comes alone.

The weights have size 1. The kernel of a layer is its weights divided by the root of the number of
inputs (equalized learning rate: Karras, Aila, Laine and Lehtinen, *Progressive Growing of GANs*,
2018). Without this division the encoder fails. The first steps of Adam all have the same size, and
they add up over thousands of inputs that are positive for every image. All images then get the
same code, far from the prior, and the encoder does not recover.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import tensorflow.compat.v1 as tf

from model.emission import NORMALIZATION_EPSILON
from model.latents import LatentSizes
from model.networks import LayerSpec
from model.weights import constant_variable, normal_variable


class EncoderLayer(NamedTuple):
    """Weights of one layer of E_γ.

    Fields:
        spec: the row of the emission network's table that this layer mirrors.
        kernel: [kernel, kernel, channels in, channels out]. `read_encoder` divides it by the root
            of the number of inputs.
        bias: [channels out], the shift of the normalisation; in the last layer the bias.
    """

    spec: LayerSpec
    kernel: tf.Variable | tf.Tensor
    bias: tf.Variable | tf.Tensor


class Encoded(NamedTuple):
    """The codes of n images: appearance [n, content_size] and start state [n, state_size]."""

    appearance: tf.Tensor
    initial_state: tf.Tensor


def make_encoder(network: Sequence[LayerSpec], sizes: LatentSizes, key) -> list[EncoderLayer]:
    """Create the weights γ: kernels from N(0, 1), biases 0.

    Args:
        network: the table of the emission network. The encoder uses its rows in reverse order.
        key: int32 [2], the key of the weights' random numbers.
    """
    layers = []
    widths = [sizes.content_size + sizes.state_size, *(spec.channels for spec in network[:-1])]
    for index, (spec, width) in enumerate(zip(reversed(network), reversed(widths), strict=True), 1):
        name = f"encoder/layer_{index}"
        shape = [spec.kernel, spec.kernel, spec.channels, width]
        kernel = normal_variable(f"{name}/kernel", shape, 1.0, key)
        layers.append(EncoderLayer(spec, kernel, constant_variable(f"{name}/bias", [width])))
    return layers


def read_encoder(layers: Sequence[EncoderLayer]) -> list[EncoderLayer]:
    """The weights as tensors, read once for all passes, with divided kernels."""
    return [
        layer._replace(
            kernel=tf.identity(layer.kernel)
            / math.sqrt(layer.spec.kernel**2 * layer.spec.channels),
            bias=tf.identity(layer.bias),
        )
        for layer in layers
    ]


def encode(layers: Sequence[EncoderLayer], images: tf.Tensor, content_size: int) -> Encoded:
    """Encode images [n, side, side, 3] in [-1, 1], in float32."""
    features = images
    for layer in layers[:-1]:
        features = tf.nn.relu(normalize(convolve(features, layer)) + layer.bias)
    code = tf.nn.bias_add(convolve(features, layers[-1]), layers[-1].bias)
    code = tf.reshape(code, [-1, code.shape[3]])
    return Encoded(code[:, :content_size], code[:, content_size:])


def convolve(features: tf.Tensor, layer: EncoderLayer) -> tf.Tensor:
    """The strided convolution of a layer, without its bias."""
    return tf.nn.conv2d(features, layer.kernel, layer.spec.stride, layer.spec.padding)


def normalize(features: tf.Tensor) -> tf.Tensor:
    """Normalise each image to mean 0 and variance 1 over its positions and channels."""
    mean, variance = tf.nn.moments(features, axes=[1, 2, 3], keepdims=True)
    return (features - mean) * tf.math.rsqrt(variance + NORMALIZATION_EPSILON)
