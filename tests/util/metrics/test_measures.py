"""The table of measures: ideal values, what does not exist, and damage that grows."""

import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from util.metrics.measures import MEASURES, MOST_FRAMES, compare

CHUNK_LENGTH = 20


@pytest.fixture(scope="module")
def clip(texture):
    return texture(80, 32, 0)


def distance_from_ideal(name, video, clip):
    row = MEASURES[name]
    return abs(row.value(video, clip, CHUNK_LENGTH) - (row.ideal or 0.0))


def to_bytes(values):
    return np.uint8(np.rint(np.clip(values, 0, 255)))


# --- What is done to a clip; strength 0 changes nothing ---


def blurred(clip, pixels):
    return to_bytes(gaussian_filter(clip.astype(float), (0, pixels, pixels, 0)))


def noisy(clip, deviation):
    return to_bytes(clip + np.random.default_rng(0).normal(0, deviation, clip.shape))


def lighter(clip, shift):
    return to_bytes(clip.astype(float) + shift)


def damped(clip, share):
    mean = clip.mean(axis=0)
    return to_bytes(mean + (1 - share) * (clip - mean))


def slowed(clip, share):
    """Played at a lower speed, by linear interpolation; it ends earlier in the clip."""
    place = (1 - share) * np.arange(len(clip))
    before = place.astype(int)
    part = (place - before).reshape(-1, 1, 1, 1)
    after = np.minimum(before + 1, len(clip) - 1)
    return to_bytes((1 - part) * clip[before] + part * clip[after])


def jumping(clip, height):
    """Every second chunk is lighter."""
    chunk = np.arange(len(clip)) // CHUNK_LENGTH
    return to_bytes(clip + height * (chunk % 2).reshape(-1, 1, 1, 1))


def repeating(clip, left_out):
    """The clip without its last frames, from the beginning again."""
    return clip[np.arange(len(clip)) % (len(clip) - left_out)]


def shuffled(clip, share):
    """A share of the frames change places at random."""
    random = np.random.default_rng(0)
    which = random.permutation(len(clip))[: round(share * len(clip))]
    order = np.arange(len(clip))
    order[which] = random.permutation(which)
    return clip[order]


def pieces(clip, parts):
    """The clip in pieces of equal length, in random order."""
    cut = clip.reshape(parts + 1, -1, *clip.shape[1:])
    return np.random.default_rng(0).permutation(cut).reshape(clip.shape)


DAMAGE = [
    (blurred, (0, 0.5, 1, 2), "std delta_std sharpness nearest_frame coverage wasserstein"),
    (blurred, (0, 0.5, 1, 2), "motion slow_motion fast_motion pixel_spectrum log_spectrum"),
    (noisy, (0, 5, 10, 20), "std delta_std sharpness motion pixel_spectrum log_spectrum"),
    (noisy, (0, 5, 10, 20), "slow_motion fast_motion"),
    (noisy, (0, 5, 10, 20), "nearest_frame coverage wasserstein"),
    (lighter, (0, 5, 10, 20), "mean nearest_frame coverage wasserstein"),
    (damped, (0, 0.2, 0.4, 0.8, 1), "std delta_std motion log_spectrum pixel_spectrum"),
    (damped, (0, 0.2, 0.4, 0.8, 1), "slow_motion fast_motion coverage wasserstein"),
    (slowed, (0, 0.25, 0.5, 0.75), "delta_std motion log_spectrum pixel_spectrum wasserstein"),
    (slowed, (0, 0.25, 0.5, 0.75), "slow_motion fast_motion"),
    (jumping, (0, 10, 20, 40), "cut_step"),
    (repeating, (0, 20, 40, 60, 70), "coverage"),
    (shuffled, (0, 0.3, 0.6, 1), "delta_std motion log_spectrum pixel_spectrum wasserstein"),
    (shuffled, (0, 0.3, 0.6, 1), "slow_motion fast_motion"),
    (pieces, (0, 3, 7, 15), "diversity"),
]


@pytest.mark.parametrize(
    ("damage", "strengths", "name"),
    [(damage, strengths, name) for damage, strengths, names in DAMAGE for name in names.split()],
)
def test_measure_leaves_its_ideal_value_the_more_the_stronger_the_damage(
    clip, damage, strengths, name
):
    values = [distance_from_ideal(name, damage(clip, strength), clip) for strength in strengths]
    # In the clip itself, chance decides how large the steps at the cuts are.
    assert values[0] < 0.15 if name == "cut_step" else values[0] == 0.0
    assert values == sorted(set(values)), values


def test_every_measure_is_tested_with_some_damage():
    assert set(MEASURES) == {name for _, _, names in DAMAGE for name in names.split()}


# --- Rows ---


def test_clip_against_itself_has_the_ideal_values(clip):
    for name, value in compare(clip.copy(), clip, CHUNK_LENGTH).items():
        if name != "cut_step":  # a property of the clip
            assert value == (MEASURES[name].ideal or 0.0), name


@pytest.mark.parametrize("name", MEASURES)
def test_row_is_explained_in_a_sentence(name):
    explanation = MEASURES[name].explanation
    assert explanation[0].isupper()
    assert explanation.endswith(".")
    assert "  " not in explanation


def test_row_is_a_measure(monkeypatch, clip):
    """It is given the synthesized video, the observed one and the chunk's length."""
    row = MEASURES["mean"]._replace(
        value=lambda synthesized, observed, length: float(synthesized[0, 0, 0, 0]) * length
    )
    monkeypatch.setitem(MEASURES, "mine", row)
    found = compare(np.full_like(clip, 2), clip, 30, curves_only=True)
    assert found["mine"] == 60.0
    assert list(found)[-1] == "mine"


def test_curves_are_the_cheap_measures(clip):
    all_of_them = compare(clip[:30], clip, CHUNK_LENGTH)
    cheap = compare(clip[:30], clip, CHUNK_LENGTH, curves_only=True)
    assert list(all_of_them) == list(MEASURES)
    assert list(cheap) == [name for name, row in MEASURES.items() if row.curve]
    assert all(cheap[name] == all_of_them[name] for name in cheap)
    assert set(MEASURES) - set(cheap) == {"wasserstein", "diversity"}


def test_of_a_longer_video_only_the_first_frames_are_measured():
    draw = np.random.default_rng(0).integers(0, 256, (MOST_FRAMES + 20, 8, 8, 3))
    video, observed = draw.astype(np.uint8), draw[:40].astype(np.uint8)
    changed = video.copy()
    changed[MOST_FRAMES:] = 0
    found = compare(video, observed, CHUNK_LENGTH)
    assert found == compare(changed, observed, CHUNK_LENGTH)
    changed[MOST_FRAMES - 30 :] = 0
    for name, value in compare(changed, observed, CHUNK_LENGTH).items():
        if name != "coverage":  # the first frames cover the observed ones
            assert value != found[name], name


# --- What does not exist ---

OF_SPECTRA = "slow_motion fast_motion log_spectrum pixel_spectrum"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("length", "side", "missing"),
    [
        (1, 8, f"std delta_std motion cut_step {OF_SPECTRA} wasserstein diversity"),
        (2, 8, f"delta_std motion cut_step {OF_SPECTRA} wasserstein diversity"),
        (11, 8, OF_SPECTRA),
        (12, 8, "log_spectrum"),
        (23, 8, "log_spectrum"),
        (24, 8, ""),
        (30, 6, "wasserstein diversity"),
    ],
)
def test_measure_that_does_not_exist_is_nan_without_a_warning(texture, length, side, missing):
    video = texture(length, side, 0)
    found = compare(video, texture(length, side, 1), chunk_length=4)
    assert {name for name, value in found.items() if math.isnan(value)} == set(missing.split())


@pytest.mark.filterwarnings("error")
def test_against_a_still_clip_the_ratios_of_motion_do_not_exist(texture):
    video = texture(30, 16, 0)
    still = np.repeat(video[:1], 30, axis=0)
    found = compare(video, still, chunk_length=10)
    assert {name for name, value in found.items() if math.isnan(value)} == {
        "motion",
        "slow_motion",
        "fast_motion",
        "log_spectrum",
    }
    found = compare(still, still, chunk_length=10)
    assert {name for name, value in found.items() if math.isnan(value)} == {
        "motion",
        "slow_motion",
        "fast_motion",
        "log_spectrum",
        "cut_step",
    }


@pytest.mark.filterwarnings("error")
def test_against_a_black_clip_sharpness_and_diversity_do_not_exist_either(texture):
    black = np.zeros((30, 16, 16, 3), np.uint8)
    found = compare(texture(30, 16, 0), black, chunk_length=10)
    assert {name for name, value in found.items() if math.isnan(value)} == {
        "sharpness",
        "motion",
        "slow_motion",
        "fast_motion",
        "log_spectrum",
        "diversity",
    }
    assert all(math.isfinite(value) or math.isnan(value) for value in found.values())
