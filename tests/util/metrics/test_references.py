"""Reference rows: what each one is, and their order by the measures."""

import numpy as np
import pytest

from util.metrics.evaluation import evaluate
from util.metrics.measures import MEASURES
from util.metrics.references import BLUR, REFERENCES, linear


def made(name, observed, seed=0, states=20):
    return REFERENCES[name].make(observed, np.random.default_rng(seed), states, len(observed))


def noise(length, side=9):
    return np.random.default_rng(0).integers(0, 256, (length, side, side, 3), dtype=np.uint8)


@pytest.mark.parametrize(("length", "half"), [(10, 5), (9, 4), (2, 1), (1, 1)])
def test_floor_is_the_second_half_against_the_first(length, half):
    clip = noise(length)
    video, observed = made("floor", clip)
    np.testing.assert_array_equal(observed, clip[:half])
    np.testing.assert_array_equal(video, clip[length - half :])


def test_frozen_is_the_first_frame():
    clip = noise(6)
    video, observed = made("frozen", clip)
    assert video.shape == clip.shape
    assert np.all(video == clip[0])
    assert observed is clip


def test_shuffled_has_all_frames_in_another_order_by_the_generator():
    clip = np.uint8(np.zeros((50, 2, 2, 3)) + np.arange(50).reshape(-1, 1, 1, 1))
    order, again, other = (made("shuffled", clip, seed).video[:, 0, 0, 0] for seed in (0, 0, 1))
    assert sorted(order) == list(range(50))
    assert list(order) == list(again)
    assert list(order) not in (list(range(50)), list(other))


def test_blurred_is_each_frame_convolved_with_a_gaussian():
    clip = noise(3, side=31)
    video, _ = made("blurred", clip)
    reach = np.arange(31)
    weights = np.exp(-0.5 * ((reach[:, None] - reach) / BLUR) ** 2)
    weights[np.abs(reach[:, None] - reach) > 4 * BLUR + 0.5] = 0.0
    weights /= weights[15].sum()
    expected = np.einsum("yh,xw,thwc->tyxc", weights, weights, clip.astype(float))
    inner = (slice(None), slice(7, -7), slice(7, -7))
    np.testing.assert_allclose(video[inner], expected[inner], atol=0.51)


def test_linear_system_is_a_sample_of_the_fitted_system(texture):
    """With one state, the sign of the component does not matter to its variance."""
    clip = texture(30, 12, 0)
    video, observed = made("linear system", clip, seed=7, states=1)
    values = (clip / 127.5 - 1.0).reshape(30, -1)
    direction = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)[2][0]
    states = (values - values.mean(axis=0)) @ direction
    factor = states[1:] @ states[:-1] / (states[:-1] @ states[:-1])
    deviation = np.sqrt(np.mean(np.square(states[1:] - factor * states[:-1])))
    noise = deviation * np.random.default_rng(7).standard_normal(30)
    possible = []
    for sign in (1, -1):
        sampled = [states[0]]
        for innovation in noise[:-1]:
            sampled.append(factor * sampled[-1] + sign * innovation)
        frames = values.mean(axis=0) + np.outer(sampled, direction)
        possible.append(np.clip((frames + 1.0) * 127.5, 0, 255).reshape(clip.shape))
    assert min(np.abs(video - frames).max() for frames in possible) <= 0.51
    assert observed is clip


def test_linear_system_has_the_states_that_are_asked_for_and_its_own_noise(texture):
    clip = 64 + texture(30, 12, 0) // 2  # far from black and white, where values are clipped
    one, again, other = (made("linear system", clip, seed, 5).video for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert np.any(one != other)
    assert 0 < one.min() < one.max() < 255
    singular = np.linalg.svd(np.diff(one.reshape(30, -1).astype(float), axis=0))[1]
    assert singular[4] > 10 * singular[5]  # the rest is rounding


def test_linear_system_is_as_long_as_asked_for(texture):
    clip = texture(30, 12, 0)
    lengths = (20, 30, 70)
    short, equal, long = (
        linear(clip, np.random.default_rng(1), 5, length).video for length in lengths
    )
    assert long.shape == (70, 12, 12, 3)
    np.testing.assert_array_equal(short, long[:20])
    np.testing.assert_array_equal(equal, long[:30])


# --- Their order ---


@pytest.fixture(scope="module")
def rows(texture):
    """How far each row is from the ideal value, by measure."""
    rows = evaluate({}, texture(80, 32, 0), 20).references
    return {
        name: {
            measure: abs(value - (MEASURES[measure].ideal or 0.0)) for measure, value in row.items()
        }
        for name, row in rows.items()
    }


@pytest.mark.parametrize(
    ("wrong", "measures"),
    [
        ("frozen", "mean std delta_std motion log_spectrum pixel_spectrum coverage wasserstein"),
        ("frozen", "slow_motion fast_motion"),
        ("shuffled", "delta_std motion log_spectrum pixel_spectrum wasserstein"),
        ("shuffled", "slow_motion fast_motion"),
        ("blurred", "std delta_std sharpness motion pixel_spectrum wasserstein"),
    ],
)
@pytest.mark.parametrize("right", ["floor", "linear system"])
def test_real_clip_and_linear_system_are_better_than_plain_mistakes(rows, right, wrong, measures):
    for measure in measures.split():
        assert rows[right][measure] < rows[wrong][measure], measure


@pytest.mark.parametrize("measure", ["motion", "pixel_spectrum", "wasserstein"])
def test_linear_system_lies_between_the_real_clip_and_the_plain_mistakes(rows, measure):
    """It smooths the edges and loses fast motion, which 20 states do not hold.

    Not by delta_std: the halves of the floor are short, so their statistics differ by chance.
    """
    assert rows["floor"][measure] < rows["linear system"][measure]
    assert rows["linear system"][measure] < min(
        rows[wrong][measure] for wrong in ("frozen", "shuffled")
    )


def test_copies_are_told_by_nearest_frame_and_diversity(rows):
    assert rows["frozen"]["nearest_frame"] == rows["shuffled"]["nearest_frame"] == 0.0
    assert rows["blurred"]["diversity"] < 0.1 < rows["frozen"]["diversity"]
    assert rows["frozen"]["diversity"] < 0.5 < rows["linear system"]["diversity"]
    assert rows["floor"]["diversity"] > 0.5
