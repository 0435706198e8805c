"""What the user of a figure is told about its runs."""

import json

import pytest
from support.command_line import make_clips, parse

from util.figures import notes
from util.figures.notes import origin_of, other_rates, other_revisions
from util.figures.numbers import Origin
from util.figures.records import FIGURES
from util.figures.results import Result
from util.figures.steps import runs_of
from util.figures.steps_done import StepsDone


class Playing:
    """What of a result tells how fast it plays."""

    def __init__(self, name, *rates):
        self.name, self.rates, self.rate = name, rates, rates[0]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run of a figure that counts as trained."""
    make_clips(tmp_path)
    monkeypatch.chdir(tmp_path)
    words = ["--experiment", "figure", "--figure", "textures", "--categories", "waves"]
    (run,) = runs_of("textures", FIGURES["textures"], parse(words))
    run.directory.prepare(run.asked.options, ["ripples"])
    monkeypatch.setattr(StepsDone, "is_done", lambda record, number: True)
    monkeypatch.setattr(notes, "git_revision", lambda: "fedcba9876543210-dirty")
    return run


def trained_by(run, revision):
    about = json.loads(run.directory.options_file.read_text())
    run.directory.options_file.write_text(json.dumps({**about, "git_revision": revision}))


def test_runs_of_another_revision_are_named(run):
    for same in ("fedcba9876543210", "fedcba9876543210-dirty"):
        trained_by(run, same)
        assert other_revisions([run]) == ""
    trained_by(run, "0123456789abcdef")
    assert other_revisions([run]) == (
        "trained by other revisions of this program: waves (0123456789); --overwrite True trains "
        "again"
    )


@pytest.mark.parametrize("revision", [None, 3, ""])
def test_unknown_revision_is_no_other(run, revision):
    trained_by(run, revision)
    assert other_revisions([run]) == ""


def test_program_outside_a_checkout_knows_no_other(run, monkeypatch):
    trained_by(run, "0123456789abcdef")
    monkeypatch.setattr(notes, "git_revision", lambda: None)
    assert other_revisions([run]) == ""


def test_run_that_is_not_done_is_trained_by_this_revision(run, monkeypatch):
    trained_by(run, "0123456789abcdef")
    monkeypatch.setattr(StepsDone, "is_done", lambda record, number: False)
    assert other_revisions([run]) == ""


def test_clips_that_play_at_other_rates_are_named():
    same = [Playing("fire", 25.0), Playing("mine", 25.0)]
    assert other_rates(same) == ""
    assert other_rates([*same, Playing("slow", 12.5)]) == (
        "all videos play at 25 frames per second; their own rates: fire 25, mine 25, slow 12.5"
    )
    # The sequences of one category may have different rates, too.
    assert other_rates([Playing("fire", 25.0, 50.0, 25.0)]) == (
        "all videos play at 25 frames per second; their own rates: fire 25 and 50"
    )


@pytest.mark.parametrize("revision", ["0123456789abcdef", "0123456789abcdef-dirty"])
def test_origin_is_the_machine_with_its_precision_and_the_revision(run, revision):
    run.directory.prepare(run.asked.options, ["ripples"], "CPU, 3 cores")
    trained_by(run, revision)
    precision = run.asked.options.precision
    origin = origin_of(Result("waves", run.directory))
    assert origin == Origin(f"CPU, 3 cores, {precision}", "0123456789")


@pytest.mark.parametrize("device", ["", None, 3])
def test_machine_that_an_earlier_version_did_not_record_is_not_known(run, device):
    about = json.loads(run.directory.options_file.read_text())
    about |= {"device": device, "git_revision": None}
    run.directory.options_file.write_text(json.dumps(about))
    assert origin_of(Result("waves", run.directory)) == Origin("", "")
