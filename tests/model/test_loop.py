"""Loops: the states repeat, by the recursion in NumPy, and what does not repeat is drawn again."""

import numpy as np
import pytest
from support.numpy_model import draw_latents, in_double, unroll

from model import loop
from model.loop import CLOSED, drawn_loop, in_whole_chunks, settled

LENGTH = 5  # frames of a loop, in chunks of 3: one and a part


def one_sequence(generator):
    return draw_latents(generator.settings.sizes, 1, LENGTH)


@pytest.fixture
def forgetful(generator):
    """The model, with weights so small that it forgets its start state."""
    state = generator.variables()
    small = {name: 0.3 * value for name, value in state.items() if name.startswith("transition/")}
    # The state of `nonlinear` decays only if the perceptron pulls it back.
    hidden = np.zeros_like(small["transition/kernel_1"])
    size = generator.settings.sizes.state_size
    hidden[-size:, :size] = np.eye(size)
    hidden[-size:, size : 2 * size] = -np.eye(size)
    through, back = (np.zeros_like(small[f"transition/kernel_{layer}"]) for layer in (2, 3))
    through[: 2 * size, : 2 * size] = np.eye(2 * size)
    back[:size], back[size : 2 * size] = -0.6 * np.eye(size), 0.6 * np.eye(size)
    kernels = {"transition/kernel_1": small["transition/kernel_1"] + hidden}
    kernels |= {"transition/kernel_2": through, "transition/kernel_3": back}
    generator.set_variables(state | small | kernels)
    return generator


def test_states_of_a_loop_end_where_they_began_in_numpy(forgetful):
    start = one_sequence(forgetful)
    found = settled(forgetful, start, 3)
    np.testing.assert_array_equal(found.latents.innovations, start.innovations)
    states, _ = unroll(in_double(forgetful.variables()), in_double(found.latents))
    path = np.concatenate([found.latents.initial_state, states[0]])
    step = np.linalg.norm(np.diff(path, axis=0), axis=1).mean()
    gap = np.linalg.norm(path[-1] - path[0]) / step
    assert step > 0.05 and gap <= CLOSED
    assert found.gap == pytest.approx(gap, abs=1e-4)
    first, _ = unroll(in_double(forgetful.variables()), in_double(start))
    assert np.linalg.norm(first[0, -1] - start.initial_state[0]) > 10 * CLOSED * step


def test_loop_does_not_depend_on_the_chunks_in_which_it_is_unrolled(forgetful):
    start = one_sequence(forgetful)
    one, other = (settled(forgetful, start, length).latents for length in (1, 4))
    np.testing.assert_allclose(one.initial_state, other.initial_state, atol=1e-5)


def test_innovations_that_do_not_close_are_drawn_again(generator, monkeypatch):
    gaps = iter([0.5, 0.2, CLOSED, 0.0])
    monkeypatch.setattr(loop, "settled", lambda _, latents, length: loop.Loop(latents, next(gaps)))
    drawn = []

    def innovations(draw):
        drawn.append(draw)
        return np.full((LENGTH, 2), draw, np.float32)

    found = drawn_loop(generator, one_sequence(generator), innovations, 3)
    assert drawn == [0, 1, 2]
    assert found.gap == CLOSED and (found.latents.innovations == 2).all()


def test_smallest_gap_is_kept_if_no_draw_closes(generator, monkeypatch):
    gaps = iter([0.5, 0.2, *[0.4] * (loop.MOST_DRAWS - 2)])
    monkeypatch.setattr(loop, "settled", lambda _, latents, length: loop.Loop(latents, next(gaps)))
    found = drawn_loop(
        generator, one_sequence(generator), lambda draw: np.full((LENGTH, 2), draw), 3
    )
    assert found.gap == 0.2 and (found.latents.innovations == 1).all()
    assert next(gaps, None) is None


def test_states_that_grow_into_two_rounds_do_not_count_as_closed(generator):
    """s_t = tanh(s - 3 s): the sign changes at each step, so an odd round never closes."""
    state = generator.variables()
    size = generator.settings.sizes.state_size
    zeros = {name: 0 * value for name, value in state.items() if name.startswith("transition/")}
    first, through, back = (zeros[f"transition/kernel_{layer}"].copy() for layer in (1, 2, 3))
    first[-size:, :size], first[-size:, size : 2 * size] = np.eye(size), -np.eye(size)
    through[: 2 * size, : 2 * size] = np.eye(2 * size)
    back[:size], back[size : 2 * size] = -3 * np.eye(size), 3 * np.eye(size)
    kernels = {f"transition/kernel_{i}": k for i, k in enumerate((first, through, back), 1)}
    generator.set_variables(state | zeros | kernels)
    assert settled(generator, one_sequence(generator), 3).gap > 0.5


def test_loop_is_continued_by_its_own_next_rounds():
    innovations = np.arange(3).reshape(1, 3, 1)
    assert in_whole_chunks(innovations, 7)[0, :, 0].tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert in_whole_chunks(innovations, 3)[0, :, 0].tolist() == [0, 1, 2]
