"""What a training says before its first epoch."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from support.command_line import flags, recorded

from model.latents import LatentSizes
from util.data.clip_facts import ClipFacts
from util.data.clips import Clips
from util.runs.announcement import announce, clips_in_words, facts_in_words, model_in_words
from util.runs.run_directory import RunDirectory

PHONE = ClipFacts(Path("a.mp4"), 150, 640, 360, None, 29.97)
PICTURES = ClipFacts(Path("a"), 12, 48, 48, tuple(range(12)))


def options(**given):
    return recorded(flags(category="fire", **given))


def clips(*facts):
    names = [f"clip {number}" for number in range(len(facts))]
    return Clips(names, np.zeros((len(facts), 1, 1, 1, 3), np.float32), facts=facts)


def generator(encodes=False):
    settings = SimpleNamespace(sizes=LatentSizes(100, 20, 0, 3), encodes=encodes)
    return SimpleNamespace(settings=settings, num_weights=lambda: 7777103)


def test_frames_size_and_rate_are_named():
    assert facts_in_words(PHONE, options()) == ("frames 0–59 of 150 at 29.97 fps, 360×640 → 64×64")
    given = options(first_frame=10, num_frames=2, image_size=32, fit="crop")
    assert facts_in_words(PHONE, given) == (
        "frames 10–11 of 150 at 29.97 fps, 360×640, the centre → 32×32"
    )
    assert facts_in_words(PICTURES, options()) == (
        "frames 0–59 of 12 (shown at 25 fps), 48×48 → 64×64"
    )


def test_clips_that_are_alike_share_a_line():
    lines = clips_in_words(clips(*[PHONE] * 5, PICTURES), options())
    assert [line.partition(": frames")[0] for line in lines] == [
        "clips: clip 0, clip 1, clip 2 … (5 sequences)",
        "clips: clip 5",
    ]


def test_many_clips_that_differ_are_counted():
    many = [PHONE._replace(length=length) for length in range(60, 80)]
    lines = clips_in_words(clips(*many), options())
    assert lines[-1] == "clips: and 17 more"
    assert len(lines) == 4


def test_model_has_its_networks_sizes_and_weights():
    assert model_in_words(options(), generator()) == (
        "transition nonlinear, emission network 64; sizes: state 100, innovation 20, "
        "motion type 3; 7,777,103 weights"
    )
    assert model_in_words(options(), generator(encodes=True)).startswith("encoder, transition ")


def test_long_names_are_cut():
    long = clips(PHONE)._replace(names=["x" * 200])
    (line,) = clips_in_words(long, options())
    assert len(line) < 120


@pytest.mark.parametrize(
    ("done", "said"),
    [
        (0, None),
        (7, "continues after epoch 7 of 9"),
        (9, "all 9 epochs are done: a larger --num_epochs trains longer"),
    ],
)
def test_resumed_run_says_where_it_is(capsys, done, said):
    announce(options(num_epochs=9), clips(PHONE), generator(), RunDirectory(Path("o/fire")), done)
    lines = capsys.readouterr().err.splitlines()
    assert (lines[-1] == said) if said else lines[-1].startswith("curves and pictures")


def test_announcement_is_on_stderr(capsys):
    announce(options(output_dir="o p"), clips(PHONE), generator(), RunDirectory(Path("o p/fire")))
    out, err = capsys.readouterr()
    assert out == ""
    beginnings = [line.partition(":")[0] for line in err.splitlines()]
    expected = ["clips", "model", "training", "device", "run directory", "curves and pictures"]
    assert [word for word in beginnings if word in expected] == expected
    assert "tensorboard --logdir 'o p'" in err


def test_slow_motion_uses_fewer_frames_of_the_clip():
    assert facts_in_words(PHONE, options(num_frames=57), factor=4).startswith("frames 0–14 of 150 ")
