"""The tables of the emission networks, without TensorFlow, so that the command line can read them.

A network is a table of layers. `model.emission` builds it, and `model.encoder` mirrors it.
"""

from collections.abc import Sequence
from typing import NamedTuple


class LayerSpec(NamedTuple):
    """One transposed convolution: output channels, side of its square kernel, stride, padding."""

    channels: int
    kernel: int
    stride: int
    padding: str = "SAME"

    def output_side(self, side: int) -> int:
        """The side of the output, in pixels, for a square input of `side` pixels."""
        grown = side * self.stride
        return grown if self.padding == "SAME" else grown + max(self.kernel - self.stride, 0)


def doubling_network(image_size: int) -> tuple[LayerSpec, ...]:
    """The table for an image size that is a power of two. Each layer doubles the side.

    The layer before the image has 64 channels. Each earlier layer has twice as many, at most 512.
    """
    depth = image_size.bit_length() - 1
    widths = [min(512, 64 * 2**level) for level in reversed(range(depth - 1))]
    return tuple(LayerSpec(channels, 4, 2) for channels in [*widths, 3])


NETWORKS: dict[str, tuple[LayerSpec, ...]] = {
    **{str(size): doubling_network(size) for size in (8, 16, 32, 64, 128)},
    "150": (
        LayerSpec(512, 4, 2),
        LayerSpec(512, 4, 2),
        LayerSpec(256, 4, 2),
        LayerSpec(128, 4, 2),
        LayerSpec(64, 4, 3),
        LayerSpec(64, 4, 3),
        LayerSpec(3, 7, 1, "VALID"),
    ),
    "256": doubling_network(256),
}

# Other names of networks: the published documentation calls the 64×64 network `scene`.
ALIASES = {"scene": "64"}


def image_side(network: Sequence[LayerSpec]) -> int:
    """The side of the frames of `network`, in pixels."""
    side = 1
    for spec in network:
        side = spec.output_side(side)
    return side
