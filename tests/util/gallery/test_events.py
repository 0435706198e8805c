"""Curves from event files, also from those of killed and of resumed runs."""

import math
import os
import subprocess
import sys

import pytest
from support.command_line import ROOT
from support.made_runs import BEGAN, write_events
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from util.gallery.curves import PLOTS, TAGS
from util.gallery.events import LARGEST, read_figures
from util.runs.epoch_log import figures

ERROR = "1_error/mean_squared"


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log"


def read(log):
    return read_figures(log, frozenset([ERROR, "reconstruction_error"]))


def test_values_by_epochs_and_the_time_of_the_last(log):
    write_events(log / "events.out.tfevents.1700000000.host", [0.5, math.nan, 0.125, math.inf])
    found = read(log)
    assert found.points == {ERROR: {1: 0.5, 3: 0.125}}
    assert found.last_time == BEGAN + 4
    assert found.problems == []


def test_later_file_replaces_the_epochs_from_its_start(log):
    """The number in the name says which is later; as texts, their order is the other one."""
    write_events(log / "events.out.tfevents.999999999.host", [1.0, 0.5, 0.25, 0.125])
    write_events(log / "events.out.tfevents.1000000000.host", [0.75], first_epoch=2)
    assert read(log).points == {ERROR: {1: 1.0, 2: 0.5, 3: 0.75}}


def test_large_records_are_skipped_and_their_neighbours_read(log):
    path = log / "events.out.tfevents.1700000000.host"
    write_events(path, [0.5])
    video = Summary.Value(tag=ERROR, simple_value=7)
    video.image.encoded_image_string = bytes(LARGEST + 1)
    with open(path, "ab") as file:
        writer = RecordWriter(file)
        for step, value in ((2, video), (3, Summary.Value(tag=ERROR, simple_value=0.25))):
            writer.write(Event(step=step, summary=Summary(value=[value])).SerializeToString())
    assert read(log).points == {ERROR: {1: 0.5, 3: 0.25}}


def test_file_of_a_killed_run_ends_anywhere(log):
    path = log / "events.out.tfevents.1700000000.host"
    write_events(path, [0.5, 0.25, 0.125])
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        found = read(log)
        assert found.problems == []
        assert found.points.get(ERROR, {}).items() <= {1: 0.5, 2: 0.25, 3: 0.125}.items()
    assert len(found.points[ERROR]) >= 2


def test_damaged_file_is_said_and_what_came_before_stays(log):
    path = log / "events.out.tfevents.1700000000.host"
    write_events(path, [0.5, 0.25])
    whole = path.read_bytes()
    for garbage in (bytes(100), b"\xff" * 100):
        path.write_bytes(whole + garbage)
        found = read(log)
        assert found.points == {ERROR: {1: 0.5, 2: 0.25}}
        assert found.problems == [f"log/{path.name} cannot be read to its end: it is damaged"]
    path.write_bytes(b"\x05" + bytes(7) + bytes(4) + b"\xff" * 5 + bytes(4))
    assert read(log).problems == [f"log/{path.name} cannot be read to its end: it is damaged"]


def test_no_log_and_no_file_give_no_curve(log):
    assert read(log).points == {} and math.isnan(read(log).last_time)
    log.mkdir()
    os.mkfifo(log / "events.out.tfevents.1700000000.host")
    found = read(log)
    assert found.points == {} and len(found.problems) == 1


def test_tags_are_those_that_a_run_writes():
    import inspect

    source = inspect.getsource(figures)
    for _, _, curves in PLOTS:
        for curve in curves:
            assert f'"{curve.tags[0]}"' in source
            assert set(curve.tags) <= TAGS
    assert '"8_time/seconds_per_epoch"' in source


def test_page_and_its_curves_do_without_tensorflow():
    code = "import sys, util.gallery.page\nassert 'tensorflow' not in sys.modules"
    outcome = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stderr
