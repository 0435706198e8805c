"""The encoder: from one still image to the appearance vector and the state that it begins with.

    (a, s_0) = E_γ(x)

E_γ mirrors the emission network: its layers in reverse order, each a strided convolution where
G_β has a transposed one, down to the vector [a, s_0] as a 1×1 image. Every layer but the last is
a convolution, normalisation (shift, no scale) and a rectifier; the last is a convolution alone.

The normalisation is over all positions and channels of one image (Ba, Kiros and Hinton, *Layer
Normalization*, 2016), not over a batch as in G_β: what an image is encoded as must not depend on
which others are encoded with it, and a new image mostly comes alone.

A kernel is a weight of size 1 over the root of the number of its inputs (equalized learning rate:
Karras, Aila, Laine and Lehtinen, *Progressive Growing of GANs*, 2018). Else the first steps of
Adam, which all have one size, add up over thousands of inputs that are positive for every image,
and all images get one code, far from the prior, from which the encoder does not come back.
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
        spec: the row of the emission network's table that it mirrors.
        kernel: [kernel, kernel, channels in, channels out], before it is divided by the root of
            the number of inputs.
        bias: [channels out], the shift of the normalisation, or the bias of the last layer.
    """

    spec: LayerSpec
    kernel: tf.Variable | tf.Tensor
    bias: tf.Variable | tf.Tensor


class Encoded(NamedTuple):
    """What n images are encoded as: appearance [n, content_size], initial state [n, state_size]."""

    appearance: tf.Tensor
    initial_state: tf.Tensor


def make_encoder(network: Sequence[LayerSpec], sizes: LatentSizes, key) -> list[EncoderLayer]:
    """Create the weights γ: kernels from N(0, 1), biases 0.

    Args:
        network: the table of the emission network, which is gone through from its end.
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
    """The weights as tensors, to scale, read once for as many passes as follow."""
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
    """Mean 0 and variance 1 over the positions and channels of each image."""
    mean, variance = tf.nn.moments(features, axes=[1, 2, 3], keepdims=True)
    return (features - mean) * tf.math.rsqrt(variance + NORMALIZATION_EPSILON)
