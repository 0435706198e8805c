"""The latent variables of the model, in one container from inference to checkpoint."""

from typing import Any, NamedTuple

import numpy as np


class Latents(NamedTuple):
    """All latent variables of n sequences of T frames. The prior of each part is N(0, I).

    Fields (NumPy arrays or tensors, float32):
        innovations: [n, T, z_size], the noise vectors ξ_t that drive the transition.
        initial_state: [n, state_size], the state s_0 before the first frame.
        appearance: [n, content_size], the vector a, constant over time.
        motion_type: [n, motion_type_size], the vector m, constant over time.
    """

    innovations: Any
    initial_state: Any
    appearance: Any
    motion_type: Any


def of_sequences(latents: Latents, rows) -> Latents:
    """The latents of the sequences `rows`, a slice or int [n]."""
    return Latents(*(values[rows] for values in latents))


def copied(latents: Latents) -> Latents:
    """A copy of the latents, which shares no array with them."""
    return Latents(*(values.copy() for values in latents))


def split_range(total: int, length: int) -> list[slice]:
    """Split range(total) into chunks or batches of `length`; the last one may be shorter."""
    return [slice(start, min(start + length, total)) for start in range(0, total, length)]


def evenly(total: int, most: int) -> np.ndarray:
    """At most `most` indices of range(total), sorted and evenly apart; all of a smaller range."""
    return np.linspace(0, total - 1, min(total, most)).round().astype(int)


class LatentSizes(NamedTuple):
    """Dimensions of s_t (d), ξ_t (k), a and m. The dimensions of a and m may be 0."""

    state_size: int
    z_size: int
    content_size: int
    motion_type_size: int


def sizes_of(latents: Latents) -> LatentSizes:
    """The dimensions of latents."""
    parts = latents.initial_state, latents.innovations, latents.appearance, latents.motion_type
    return LatentSizes(*(values.shape[-1] for values in parts))


def draw_from_prior(
    sizes: LatentSizes, num_sequences: int, num_frames: int, generator: np.random.Generator
) -> Latents:
    """Draw latents of `num_sequences` sequences of `num_frames` frames from N(0, I), float32."""

    def normal(*shape: int) -> np.ndarray:
        return generator.standard_normal(shape, dtype=np.float32)

    return Latents(
        innovations=normal(num_sequences, num_frames, sizes.z_size),
        initial_state=normal(num_sequences, sizes.state_size),
        appearance=normal(num_sequences, sizes.content_size),
        motion_type=normal(num_sequences, sizes.motion_type_size),
    )
