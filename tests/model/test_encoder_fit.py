"""The encoder, fitted to the first latents of the sequences."""

import numpy as np
import pytest
from support.numpy_model import draw_frames, draw_latents, encode, in_double

from model.encoder_fit import fit_encoder
from model.latents import LatentSizes
from model.networks import NETWORKS

NUM_SEQUENCES, NUM_FRAMES = 3, 4


def fitted(make_generator, content_size=3, seed=0):
    """γ by the names of its variables, and the frames, latents and states to which it is fitted."""
    sizes = LatentSizes(2, 4, content_size, 0)
    weights = make_generator([1], sizes=sizes, encodes=True).variables()
    frames = draw_frames(NUM_SEQUENCES, NUM_FRAMES, 8)
    latents = draw_latents(sizes, NUM_SEQUENCES, NUM_FRAMES)
    shape = (NUM_SEQUENCES, NUM_FRAMES + 1, sizes.state_size)
    states = np.random.default_rng(1).uniform(-0.9, 0.9, shape).astype(np.float32)
    return fit_encoder("8", weights, latents, states, frames, seed), frames, latents, states


def codes(gamma, frames, content_size):
    """The codes of all frames, [N, T, size], computed in float64."""
    images = frames.reshape(-1, *frames.shape[2:]).astype(np.float64)
    found = encode(in_double(gamma), NETWORKS["8"], images, content_size)
    return tuple(one.reshape(*frames.shape[:2], -1) for one in found)


@pytest.mark.parametrize("content_size", [3, 0])
def test_a_frame_has_the_appearance_of_its_sequence_and_the_state_before_it(
    make_generator, content_size
):
    gamma, frames, latents, states = fitted(make_generator, content_size)
    assert all(name.startswith("encoder/") for name in gamma)
    appearance, state = codes(gamma, frames, content_size)
    wanted = np.broadcast_to(latents.appearance[:, np.newaxis], appearance.shape)
    assert appearance == pytest.approx(wanted, abs=0.05)
    assert state == pytest.approx(states[:, :-1], abs=0.05)


def test_same_seed_gives_the_same_encoder_and_another_seed_another(make_generator):
    one, again, other = (fitted(make_generator, seed=seed)[0] for seed in (0, 0, 1))
    for name, values in one.items():
        assert np.array_equal(values, again[name])
        assert not np.array_equal(values, other[name])
