"""The state of a run: it comes back from a checkpoint, and what is not one is refused."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from support.command_line import refusal

from model.calibration import Calibrated
from model.emission import Moments
from model.latents import Latents
from util.data.clip_facts import ClipFacts, ClipFormat
from util.experiments.registry import EXPERIMENTS
from util.options.schema import Options
from util.runs.checkpoints import save
from util.runs.run_state import RunState, read_state
from util.system.errors import RunError


def state():
    random = np.random.default_rng(0)
    shapes = (2, 5, 3), (2, 4), (2, 0), (2, 6)
    latents = Latents(*(random.random(shape, np.float32) for shape in shapes))
    options = Options(
        category="waves",
        image_size=8,
        frame_generator_mode="8",
        num_frames=5,
        z_size=3,
        state_size=4,
        motion_type_size=6,
    )
    weights = {"alpha/bias": random.random(5, np.float32)}
    return RunState(9, options, ["a b", "Öl"], "0" * 64, latents, weights)


MOMENTS = [
    Moments(np.float32([0.5, -1.0, 2.0]), np.float32([1.0, 0.1, 3.0])),
    Moments(np.float32([7.0]), np.float32([0.25])),
]
OTHER_MOMENTS = [Moments(mean + 1, variance + 1) for mean, variance in MOMENTS]


@pytest.mark.parametrize("calibrated", [None, Calibrated(MOMENTS, OTHER_MOMENTS)])
def test_state_survives_a_checkpoint(tmp_path, calibrated):
    """With calibrated statistics and without them, as an earlier version wrote it."""
    written = state()._replace(calibrated=calibrated)
    read = read_state(save(tmp_path, 9, written.arrays(), 5))
    assert read.epoch == 9
    assert read.options == written.options
    assert read.sequence_names == written.sequence_names
    assert read.clips_digest == written.clips_digest
    for one, other in zip(read.latents, written.latents, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(read.variables["alpha/bias"], written.variables["alpha/bias"])
    assert read.variables.keys() == written.variables.keys()
    if calibrated is None:
        assert read.calibrated is None
    else:
        for found, part in zip(read.calibrated, calibrated, strict=True):
            for one, other in zip(found, part, strict=True):
                np.testing.assert_array_equal(one.mean, other.mean)
                np.testing.assert_array_equal(one.variance, other.variance)


def test_statistics_of_an_earlier_version_are_left_out(tmp_path):
    """It had those of a long sample only. They are no weights either."""
    written = state()._replace(calibrated=Calibrated([], MOMENTS))
    read = read_state(save(tmp_path, 9, written.arrays(), 5))
    assert read.calibrated is None
    assert read.variables.keys() == written.variables.keys()


FORMATS = [ClipFormat(29.97, 16 / 9), ClipFormat(None, 0.5)]


@pytest.mark.parametrize("formats", [None, FORMATS], ids=["without", "with"])
def test_formats_of_the_clips_survive_a_checkpoint(tmp_path, formats):
    written = state()._replace(formats=formats)
    read = read_state(save(tmp_path, 9, written.arrays(), 5))
    assert read.formats == formats
    assert read.format_of(0) == (formats[0] if formats else ClipFormat(None, 1.0))


@pytest.mark.parametrize("size", [(4096, 1), (1, 4096)])
def test_extreme_proportions_survive_a_checkpoint(tmp_path, size):
    clip = ClipFacts(tmp_path, 9, *size)
    for formats in ([clip.format] * 2, [ClipFormat(None, size[1] / size[0])] * 2):  # as it was once
        written = state()._replace(formats=formats)
        read = read_state(save(tmp_path, 9, written.arrays(), 5))
        assert read.formats == [clip.format] * 2


@pytest.mark.parametrize("missing", ["epoch", "options", "clips_digest", "latents/innovations"])
def test_checkpoint_that_lacks_something_is_of_another_model(tmp_path, missing):
    arrays = state().arrays()
    del arrays[missing]
    path = save(tmp_path, 9, arrays, 5)
    with pytest.raises(RunError, match="another model") as caught:
        read_state(path)
    assert missing.split("/")[-1] in str(caught.value)
    assert str(path) in str(caught.value)


def changed(tmp_path, **arrays):
    """A checkpoint of `state` with other arrays; "latents/x" is written latents__x."""
    names = {name: name.replace("__", "/") for name in arrays}
    return save(tmp_path, 9, state().arrays() | {names[key]: arrays[key] for key in arrays}, 5)


WRONG = {
    "shape": ("latents__innovations", np.zeros((2, 5, 7), np.float32), "innovations"),
    "sequences": ("latents__appearance", np.zeros((3, 0), np.float32), "appearance"),
    "type": ("latents__initial_state", np.zeros((2, 4), np.float64), "initial_state"),
    "number": ("latents__motion_type", np.full((2, 6), np.nan, np.float32), "motion_type"),
    "weight": ("alpha__bias", np.zeros(5, np.int32), "alpha/bias"),
    "statistic": ("calibrated__layer_1__mean", np.zeros((2, 2), np.float32), "layer_1"),
    "samples": ("recovery_samples", np.zeros((2, 2), np.float32), "recovery_samples"),
    "epoch": ("epoch", np.float32(3), "epoch"),
    "epoch before the first": ("epoch", np.int64(-1), "epoch"),
    "epochs": ("epoch", np.int64([1, 2]), "epoch"),
    "options as a number": ("options", np.float32(3), "options"),
    "names as numbers": ("sequence_names", np.float32([1, 2]), "sequence_names"),
    "one name": ("sequence_names", np.asarray(b"one", object), "sequence_names"),
    "no names": ("sequence_names", np.zeros(0, np.float32), "sequence_names"),
    "digest": ("clips_digest", np.int64(3), "clips_digest"),
    "formats of other clips": ("clip_formats", np.ones((3, 2)), "clip_formats"),
    "rate": ("clip_formats", np.float64([[25, 1], [1e9, 1]]), "clip_formats"),
    "rate below 0": ("clip_formats", np.float64([[-1, 1], [25, 1]]), "clip_formats"),
    "proportions": ("clip_formats", np.float64([[25, 1], [25, 0]]), "clip_formats"),
}


@pytest.mark.parametrize("what", WRONG)
def test_array_of_another_type_or_shape_is_refused(tmp_path, what):
    name, values, named = WRONG[what]
    path = changed(tmp_path, **{name: values})
    line = refusal(read_state, path)
    assert str(path) in line
    assert named in line


def options_text(**values):
    return np.asarray(json.dumps({**asdict(state().options), **values}).encode(), object)


@pytest.mark.parametrize(
    "option, value",
    [
        ("dynamic_mode", "quadratic"),
        ("refsig", -1.0),
        ("refsig", float("nan")),
        ("batch_size", True),
        ("batch_size", "4"),
        ("category", 3),
        ("image", [3]),
        ("experiment", "alchemy"),
        ("image_size", 16),
        ("frame_generator_mode", "scene"),
        ("category", "../../other"),
        ("training_mode", "incomplete"),
    ],
)
def test_option_that_no_command_line_gives_is_refused(tmp_path, option, value):
    path = changed(tmp_path, options=options_text(**{option: value}))
    line = refusal(read_state, path, EXPERIMENTS)
    assert str(path) in line
    assert f"--{option}" in line or f"network {value}" in line


def test_option_that_is_there_twice_is_refused(tmp_path):
    text = state().options.to_json().replace('"seed": 0', '"seed": 0, "seed": 1')
    path = changed(tmp_path, options=np.asarray(text.encode(), object))
    assert "seed is there twice" in refusal(read_state, path)


def test_names_of_sequences_cannot_leave_a_folder(tmp_path):
    evil = ["../../../evil", "/etc/evil", "..", "a\0b", "good", "good"]
    written = state()
    latents = Latents(*(np.repeat(values[:1], len(evil), axis=0) for values in written.latents))
    written = written._replace(sequence_names=evil, latents=latents)
    read = read_state(save(tmp_path, 9, written.arrays(), 5))
    assert len({name.casefold() for name in read.sequence_names}) == len(evil)
    for name in read.sequence_names:
        assert (tmp_path / name).resolve().parent == tmp_path.resolve()
    assert read.sequence_names[-2:] == ["good", "good_2"]
