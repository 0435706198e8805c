"""From the command line to a job, without TensorFlow."""

import pytest
from support.command_line import ROOT, flags, parse

from util.runs.jobs import prepare

EMBEDDED = [
    *(("synthesis", category) for category in ("fire", "flag", "light", "water")),
    *(("recovery", category) for category in ("flag", "water")),
    ("inpainting", "pond"),
    *((kind, category) for kind in ("action", "animation") for category in ("walkers", "blossoms")),
]


@pytest.mark.parametrize("experiment, category", EMBEDDED)
def test_embedded_clips_are_what_the_defaults_ask_for(experiment, category, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    job = prepare(parse(flags(experiment=experiment, category=category, output_dir=tmp_path)))
    length, side = job.options.num_frames, job.options.image_size
    assert job.clips.frames.shape[1:] == (length, side, side, 3)
    assert len(job.clips.names) == (16 if job.options.content_size else 1)
    assert (job.clips.truth is not None) == (experiment in ("recovery", "inpainting"))
