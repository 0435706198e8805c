"""How frames of any proportions become square."""

import numpy as np
import pytest
from PIL import Image
from support.command_line import encode, flags, moving_pattern, parse, refusal

from util.data.clip_facts import facts_of
from util.data.clips import read_clip, resize_square
from util.data.fit import FITS, fitted, fitted_mask
from util.data.observed import observed_clips
from util.experiments.registry import EXPERIMENTS
from util.options.schema import limit_of

LOSSLESS = ("-c:v", "ffv1", "-pix_fmt", "bgr0")


def test_every_fit_is_a_value_of_the_option():
    assert [name for name in FITS if limit_of("fit").holds(name)] == list(FITS)
    assert not limit_of("fit").holds("stretch")


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((16, 9), (3, 0, 12, 9)),
        ((9, 16), (0, 3, 9, 12)),
        ((8, 8), (0, 0, 8, 8)),
        ((1, 5), (0, 2, 1, 3)),
    ],
)
def test_crop_takes_the_largest_square_in_the_centre(size, box):
    assert FITS["crop"](*size) == box
    assert FITS["squash"](*size) == (0, 0, *size)


def test_image_and_mask_lose_the_same_pixels():
    pixels = np.random.default_rng(0).integers(0, 256, (5, 11, 3), np.uint8)
    image = fitted(Image.fromarray(pixels), "crop")
    np.testing.assert_array_equal(np.asarray(image), pixels[:, 3:8])
    mask = pixels[np.newaxis, ..., 0] > 99
    np.testing.assert_array_equal(fitted_mask(mask, "crop"), mask[:, :, 3:8])
    np.testing.assert_array_equal(fitted_mask(mask, "squash"), mask)


def test_cropped_clip_is_the_centre_of_its_frames(tmp_path):
    frames = moving_pattern(1, 3, 24)[:, :8]
    facts = facts_of(encode(tmp_path / "wide.avi", frames, *LOSSLESS))
    found = read_clip(facts, 0, 3, 8, fit="crop")
    np.testing.assert_array_equal(found, frames[:, :, 8:16])
    squashed = np.stack([resize_square(Image.fromarray(frame), 8) for frame in frames])
    np.testing.assert_array_equal(read_clip(facts, 0, 3, 8), squashed)


def recovery(tmp_path, mask, **options):
    """The clips of a recovery of a wide clip, 24 by 8 pixels, with an array as its mask."""
    for folder in ("data/waves", "mask/waves"):
        (tmp_path / folder).mkdir(parents=True)
    frames = moving_pattern(1, 3, 24)[:, :8]
    encode(tmp_path / "data/waves/wide.avi", frames, *LOSSLESS)
    np.save(tmp_path / "mask/waves/m.npy", mask)
    places = {"data_path": tmp_path / "data", "mask_path": tmp_path / "mask", "mask_file": "m.npy"}
    sizes = {"image_size": 8, "num_frames": 3}
    line = flags(experiment="recovery", category="waves", **places, **sizes, **options)
    return observed_clips(parse(line).options, EXPERIMENTS["recovery"])


def test_mask_of_the_whole_frame_is_cropped_with_it(tmp_path):
    mask = np.zeros((8, 24, 3), bool)
    mask[2:5, 7:11] = True
    clips = recovery(tmp_path, mask, fit="crop")
    expected = np.moveaxis(mask, 2, 0)[:, :, 8:16]
    np.testing.assert_array_equal(clips.missing[0, ..., 0], expected)


def test_square_mask_belongs_to_the_cropped_frame(tmp_path):
    mask = np.zeros((8, 8, 3), bool)
    mask[2:5, 1:3] = True
    clips = recovery(tmp_path, mask, fit="crop", mask_layout="HWT")
    np.testing.assert_array_equal(clips.missing[0, ..., 0], np.moveaxis(mask, 2, 0))


def test_mask_of_other_proportions_is_refused_though_it_would_be_cropped(tmp_path):
    mask = np.zeros((24, 8, 3), bool)
    mask[12, 4] = True
    message = refusal(recovery, tmp_path, mask, fit="crop", mask_layout="HWT")
    assert "8×24" in message and "24×8" in message
