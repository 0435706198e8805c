"""The clips of a slow motion: which frames are seen, and that the others never are."""

import numpy as np
import pytest
from support.command_line import flags, make_clips, parse

from util.data.clip_facts import facts_of
from util.data.clips import read_clip
from util.data.frames import to_model_range
from util.data.observed import observed_clips
from util.experiments.registry import EXPERIMENTS

SIDE = 8


def observed(place, **given):
    small = {"experiment": "slowmotion", "category": "waves", "image_size": SIDE, **given}
    options = parse(flags(data_path=place / "trainingVideo" / "dynamicTexture", **small)).options
    return observed_clips(options, EXPERIMENTS["slowmotion"])


def whole(place, first, count):
    clip = place / "trainingVideo" / "dynamicTexture" / "waves" / "ripples.avi"
    return read_clip(facts_of(clip), first, count, SIDE)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    path = tmp_path_factory.mktemp("clips")
    make_clips(path)
    return path


def test_frames_of_the_clip_lie_at_every_factor_th_instant(place):
    clips = observed(place, num_frames=9, factor=4, first_frame=2)
    np.testing.assert_array_equal(clips.frames[0, ::4], to_model_range(whole(place, 2, 3)))
    between = [1, 2, 3, 5, 6, 7]
    assert (clips.frames[:, between] == -1).all()
    assert clips.missing[:, between].all() and not clips.missing[:, ::4].any()
    assert clips.missing.shape == (2, 9, SIDE, SIDE, 1)
    assert clips.truth is None
    assert clips.formats[0].rate == 4 * facts_of(clips.facts[0].path).rate


def test_left_out_frames_are_the_truth_and_are_black_for_the_model(place):
    clips = observed(place, num_frames=5, factor=2, score_left_out=True)
    truth = whole(place, 0, 5)
    np.testing.assert_array_equal(clips.truth[0], truth)
    np.testing.assert_array_equal(clips.frames[0, ::2], to_model_range(truth[::2]))
    assert (clips.frames[:, 1::2] == -1).all() and clips.missing[:, 1::2].all()
    assert not clips.missing[:, ::2].any()
    assert clips.formats[0].rate == facts_of(clips.facts[0].path).rate
