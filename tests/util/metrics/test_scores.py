"""How recovered pixels are scored: by hand, and SSIM against its definition in NumPy."""

import math

import numpy as np
import pytest
from support.command_line import moving_pattern
from support.scoring import score

from util.metrics.scores import Scores, structural_similarity

TRUTH = moving_pattern(1, length=4, side=16)


def noisy(frames, deviation=20.0):
    noise = np.random.default_rng(0).normal(0.0, deviation, frames.shape)
    return np.clip(frames + noise, 0, 255).astype(np.uint8)


def hidden_squares(shape=TRUTH.shape[:-1]):
    """A mask, bool [..., H, W, 1]: a square of all frames but the last is missing."""
    missing = np.zeros((*shape, 1), bool)
    missing[..., :-1, 3:9, 2:8, :] = True
    return missing


def ssim(one, other, size):
    """Mean SSIM of two pictures [H, W, 3]: window after window, colour after colour."""
    distance = np.arange(size) - (size - 1) / 2
    bell = np.exp(-(distance**2) / (2 * 1.5**2))
    weights = np.outer(bell, bell) / np.sum(np.outer(bell, bell))
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    found = []
    for colour in range(3):
        for top in range(one.shape[0] - size + 1):
            for left in range(one.shape[1] - size + 1):
                x, y = (
                    picture[top : top + size, left : left + size, colour].astype(np.float64)
                    for picture in (one, other)
                )
                mean_x, mean_y = np.sum(weights * x), np.sum(weights * y)
                variances = np.sum(weights * ((x - mean_x) ** 2 + (y - mean_y) ** 2))
                covariance = np.sum(weights * (x - mean_x) * (y - mean_y))
                of_means = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
                found.append(of_means * (2 * covariance + c2) / (variances + c2))
    return np.mean(found)


# --- The missing pixels ---


def test_error_and_psnr_of_two_pixels_by_hand():
    truth = np.full((1, 8, 8, 3), 100, np.uint8)
    recovered, missing = truth.copy(), np.zeros((1, 8, 8, 1), bool)
    missing[0, 1, 2] = missing[0, 5, 6] = True
    recovered[0, 1, 2] = (103, 100, 94)
    recovered[0, 5, 6] = (100, 109, 100)
    error, psnr, _ = score(recovered, truth, missing)
    assert error == pytest.approx((3 + 6 + 9) / 6)
    assert psnr == pytest.approx(10 * math.log10(255**2 / ((9 + 36 + 81) / 6)))


@pytest.mark.parametrize("value", [0, 255])
def test_difference_of_bytes_does_not_wrap_around(value):
    truth = np.full((1, 8, 8, 3), value, np.uint8)
    error, psnr, _ = score(255 - truth, truth, np.ones((1, 8, 8, 1), bool))
    assert error == 255.0
    assert psnr == pytest.approx(0.0)


def test_perfect_recovery_has_no_error():
    assert score(TRUTH, TRUTH.copy(), hidden_squares()) == (0.0, math.inf, pytest.approx(1.0))


def test_visible_pixels_do_not_change_error_and_psnr():
    missing = hidden_squares()
    recovered = noisy(TRUTH)
    with_truth = score(np.where(missing, recovered, TRUTH), TRUTH, missing)
    with_noise = score(recovered, TRUTH, missing)
    assert with_truth[:2] == with_noise[:2]
    assert with_truth.ssim > with_noise.ssim


def test_sequences_together_count_every_missing_pixel_alike():
    truth = np.stack([TRUTH, TRUTH])
    missing = hidden_squares(truth.shape[:-1])
    missing[1, :, 5:] = False
    recovered = np.where(missing, 255 - truth, truth)
    alone = [score(*parts).absolute_error for parts in zip(recovered, truth, missing, strict=True)]
    together = score(recovered, truth, missing).absolute_error
    assert together == pytest.approx(np.average(alone, weights=missing.sum(axis=(1, 2, 3, 4))))
    assert together != pytest.approx(np.mean(alone), rel=1e-3)


def test_where_nothing_is_missing_there_is_no_score():
    found = score(TRUTH, TRUTH, np.zeros((*TRUTH.shape[:-1], 1), bool))
    assert all(map(math.isnan, found))


def test_scores_are_told_in_few_digits():
    assert str(Scores(1.234, 30.06, 0.98765)) == "error 1.23, PSNR 30.1 dB, SSIM 0.988"


# --- Structural similarity ---


@pytest.mark.parametrize("side, window", [(16, 11), (12, 11), (11, 11), (8, 8)])
def test_ssim_equals_its_definition_in_numpy(side, window):
    one = moving_pattern(2, length=2, side=side)
    other = noisy(one)
    expected = np.mean([ssim(*pair, window) for pair in zip(one, other, strict=True)])
    assert 0.1 < expected < 0.99
    assert np.mean(structural_similarity(one, other)) == pytest.approx(expected, abs=1e-4)


def test_ssim_of_equal_frames_is_1_and_of_others_less():
    alike = structural_similarity(TRUTH, TRUTH.copy())
    assert alike == pytest.approx(np.ones(len(TRUTH)), abs=1e-6)
    little, much = (structural_similarity(TRUTH, noisy(TRUTH, deviation)) for deviation in (3, 30))
    assert (little < 1.0).all() and (little > much).all() and (much > 0.0).all()
    assert (structural_similarity(TRUTH, 255 - TRUTH) < 0.0).all()


def test_ssim_is_of_whole_frames_that_have_missing_pixels():
    missing, recovered = hidden_squares(), noisy(TRUTH)
    recovered[-1] = 0  # the last frame has none
    expected = np.mean(structural_similarity(recovered[:-1], TRUTH[:-1]))
    assert score(recovered, TRUTH, missing).ssim == pytest.approx(expected)
