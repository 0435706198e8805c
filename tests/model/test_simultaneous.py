"""Simultaneous updates: learning and the only Langevin step, by one back-propagation."""

import numpy as np
import pytest
from support.numpy_model import draw_frames, draw_latents, draw_visible

from model.alternating import alternate
from model.dynamic_generator import DynamicGenerator
from model.inference import INNOVATIONS_GRADIENT, UPDATES
from model.latents import of_sequences

KEY = np.array([3, 4], np.int32)
LEARNING_RATE = 0.002
CASES = {
    "complete": {},
    "incomplete": {"training_mode": "incomplete"},
    "encoder": {"encodes": True},
}


@pytest.fixture
def pair(make_generator):
    """`pair(**settings)`: a model of each kind of updates, with the same weights far from 0."""

    def make(**settings) -> tuple[DynamicGenerator, DynamicGenerator]:
        alternating, simultaneous = (
            make_generator([3], drawn_weights=True, sample_steps=1, updates=updates, **settings)
            for updates in UPDATES
        )
        simultaneous.set_variables(alternating.variables())
        return alternating, simultaneous

    return make


@pytest.mark.parametrize("begins", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_both_steps_start_from_the_same_latents_and_weights(pair, case, begins):
    alternating, simultaneous = pair(**CASES[case])
    latents, frames = draw_latents(alternating.settings.sizes, 2, 3), draw_frames(2, 3, 8)
    visible = draw_visible(2, 3, 8) if case == "incomplete" else None
    images = frames[:, 0] if case == "encoder" else None
    if images is not None:
        code = alternating.encode(images)
        latents = latents._replace(appearance=code.appearance)
        if begins:
            latents = latents._replace(initial_state=code.initial_state)
    inferred = alternating.infer(frames, latents, begins, KEY, visible)
    given = (frames, latents, begins, LEARNING_RATE, visible, images)
    expected = alternating.learn(*given)
    learned = simultaneous.learn(*given, key=KEY)
    for name, part, other in zip(
        latents._fields, learned.sampled.latents, inferred.latents, strict=True
    ):
        np.testing.assert_allclose(part, other, rtol=1e-4, atol=1e-5, err_msg=name)
    assert np.abs(learned.sampled.latents.innovations - latents.innovations).max() > 0.01
    assert learned.sampled.diagnostics[INNOVATIONS_GRADIENT] == pytest.approx(
        inferred.diagnostics[INNOVATIONS_GRADIENT], rel=1e-3
    )
    np.testing.assert_allclose(learned.frames, expected.frames, atol=1e-5)
    moved, states = simultaneous.variables(), alternating.variables()
    for name, value in states.items():
        scale = np.abs(value).max()
        np.testing.assert_allclose(moved[name], value, rtol=0, atol=1e-3 * scale, err_msg=name)


def test_an_epoch_learns_from_the_latents_before_it_and_keeps_those_after(pair):
    _, generator = pair()
    sizes, state = generator.settings.sizes, generator.variables()
    frames, latents = draw_frames(2, 6, 8), draw_latents(sizes, 2, 6)
    before = draw_latents(sizes, 2, 6)
    keys, learned = [], []

    class Spy:
        settings = generator.settings

        def learn(self, *given):
            keys.append(given[-1])
            learned.append(generator.learn(*given))
            return learned[-1]

    alternate(
        Spy(),
        frames=frames,
        latents=latents,
        batch_size=2,
        chunk_length=3,
        learning_rate=LEARNING_RATE,
        seed=0,
        epoch=0,
    )
    assert len(learned) == 2
    generator.set_variables(state)
    start = before.initial_state
    for number, times in enumerate((slice(0, 3), slice(3, 6))):
        chunk = before._replace(innovations=before.innovations[:, times], initial_state=start)
        expected = generator.learn(
            frames[:, times], chunk, number == 0, LEARNING_RATE, key=keys[number]
        )
        stepped = expected.sampled.latents
        assert latents.innovations[:, times].tobytes() == stepped.innovations.tobytes()
        before = before._replace(appearance=stepped.appearance, motion_type=stepped.motion_type)
        if number == 0:
            assert latents.initial_state.tobytes() == stepped.initial_state.tobytes()
        start = expected.last_state
    assert latents.appearance.tobytes() == before.appearance.tobytes()


def test_noise_of_a_sequence_does_not_depend_on_where_the_learning_is(pair):
    """The same key gives the same noise to both kinds of updates, and another key another."""
    alternating, simultaneous = pair()
    latents, frames = draw_latents(alternating.settings.sizes, 2, 3), draw_frames(2, 3, 8)
    state = simultaneous.variables()
    moves = []
    for key in (KEY, KEY, KEY + 1):
        simultaneous.set_variables(state)
        learned = simultaneous.learn(frames, latents, True, LEARNING_RATE, key=key)
        moves.append(of_sequences(learned.sampled.latents, [0]).innovations)
    assert moves[0].tobytes() == moves[1].tobytes()
    assert np.abs(moves[0] - moves[2]).max() > 0.01
