"""Diversity of the nearest-neighbour field: copies, mixtures and new videos."""

import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from util.metrics.diversity import (
    SLACK,
    compressed_size,
    diversity,
    first_smallest,
    nearest_places,
    query_places,
)


def noise(length, seed, side=20):
    return np.random.default_rng(seed).integers(0, 256, (length, side, side, 3), dtype=np.uint8)


def test_copy_is_0(texture):
    clip = texture(40, 24, 0)
    assert diversity(clip.copy(), clip, 30) == 0.0


def test_copy_that_is_shifted_in_time_and_space_is_0():
    clip = noise(30, 0, side=24)
    assert diversity(clip[5:25], clip, 30) == 0.0
    assert diversity(clip[:, 3:, 4:], clip, 30) == 0.0


def test_copy_with_a_still_background_is_0(texture):
    """Every frame has the same background: the offsets in time are still all 0."""
    clip = texture(30, 24, 0)
    clip[:, :, :12] = 80
    assert diversity(clip.copy(), clip, 30) == 0.0


def test_copies_that_are_darker_noisy_or_blurred_are_near_0(texture):
    clip = texture(60, 32, 0)
    values, random = clip.astype(float), np.random.default_rng(0)
    for changed in (
        0.9 * values,
        values + random.normal(0, 8, values.shape),
        gaussian_filter(values, (0, 1, 1, 0)),
    ):
        assert diversity(np.uint8(np.rint(changed.clip(0, 255))), clip, 30) < 0.1


def test_large_frames_are_halved_first_and_a_copy_stays_0(texture):
    clip = texture(12, 70, 0)
    assert diversity(clip.copy(), clip, 30) == 0.0


def test_new_noise_is_near_1():
    assert diversity(noise(60, 1), noise(60, 0), 30) == pytest.approx(1.0, abs=0.1)


def test_another_video_of_the_texture_is_nearer_to_1_than_to_0(texture):
    assert diversity(texture(60, 32, 5), texture(60, 32, 0), 30) > 0.5


def test_mixture_of_shorter_pieces_is_more_diverse(texture):
    clip, random = texture(120, 24, 0), np.random.default_rng(0)

    def mixture(length):
        pieces = clip.reshape(-1, length, *clip.shape[1:])
        return random.permutation(pieces).reshape(clip.shape)

    values = [diversity(mixture(length), clip, 30) for length in (120, 20, 10, 5)]
    assert values[0] == 0.0
    assert values == sorted(set(values))
    assert values[-1] > 0.2


def test_nearest_patch_is_found_and_an_offset_is_kept_only_where_it_is_nearly_as_near():
    """In many dimensions, no other patch is nearly as near: the search is exact."""
    random = np.random.default_rng(0)
    patches = random.standard_normal((4, 5, 6, 40)).astype(np.float32)
    places = np.indices((2, 3, 3)).reshape(3, -1)
    sources = np.stack([random.integers(size, size=18) for size in (4, 5, 6)])
    queries = patches[tuple(sources)] + random.normal(0, 0.1, (18, 40)).astype(np.float32)
    np.testing.assert_array_equal(nearest_places(queries, patches, places), sources)


def test_offset_of_the_query_before_is_kept_up_to_the_slack():
    """Patches are numbers on a line. The second query is 1 from one, further from the next."""
    for share, kept in ((0.9, True), (1.1, False)):
        further = 1.0 + share * math.sqrt(SLACK)
        patches = np.array([10.0, further, 0.0], np.float32).reshape(3, 1, 1, 1)
        queries = np.array([[10.0], [1.0]], np.float32)
        places = np.array([[0, 1], [0, 0], [0, 0]])
        found = nearest_places(queries, patches, places)
        assert list(found[0]) == ([0, 1] if kept else [0, 2])


def test_queries_lie_on_a_grid_of_all_parts_of_the_video():
    times, rows, columns = query_places(np.zeros((400, 16, 20, 3)))
    assert (times.min(), times.max(), len(np.unique(times))) == (0, 397, 40)
    assert list(np.unique(rows)) == [0, 4, 8]
    assert list(np.unique(columns)) == [0, 4, 8, 12]
    assert len(times) == 40 * 3 * 4
    assert list(np.unique(query_places(np.zeros((12, 7, 7, 3)))[0])) == [0, 3, 6, 9]


def test_random_offsets_need_more_bytes_than_constant_ones():
    random = np.random.default_rng(0).integers(-20, 20, (3, 500))
    assert compressed_size(0 * random + 7) < 40 < 500 < compressed_size(random)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("shape", [(2, 8, 8, 3), (5, 6, 8, 3), (5, 8, 6, 3), (3, 7, 7, 3)])
def test_video_without_patches_or_with_a_single_one_has_no_measure(shape):
    video = noise(5, 0, side=8)[: shape[0], : shape[1], : shape[2]]
    assert math.isnan(diversity(video, video, 30))


@pytest.mark.filterwarnings("error")
def test_observed_video_whose_patches_are_all_equal_gives_no_measure():
    nothing = np.full((20, 16, 16, 3), 9, np.uint8)
    assert math.isnan(diversity(noise(20, 0, side=16), nothing, 30))
    assert diversity(nothing, noise(20, 0, side=16), 30) < 0.2


def test_first_of_equal_values_counts_although_rounding_differs():
    values = np.float32([[3.0, 1.00001, 1.0], [0.5, 2.0, 0.49]])
    np.testing.assert_array_equal(first_smallest(values, 1e-3), [1, 2])
