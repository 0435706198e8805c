"""The comparison of settings that is run by hand: that it runs, and prints what the log holds."""

import contextlib
import io
import shlex
from pathlib import Path
from typing import NamedTuple

import pytest
import tensorflow.compat.v1 as tf
from support.command_line import SMALL, make_clips, parse, script_module
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

SCRIPT = Path(__file__).resolve().parent / "quality.py"
TINY = (
    "--net_type 8 --num_frames 5 --truncated_backprop_length 2 --state_size 4 --z_size 3 "
    "--sample_steps 2 --num_batches_in_test 1"
)
SETTINGS = [f"--schedule fast {TINY}", f"--schedule published {TINY} --seed 1"]
EPOCHS, LOG_STEP = 5, 2
AT_LOG_STEPS = [2, 4, 5]


@pytest.fixture(scope="module")
def quality():
    return script_module(SCRIPT)


class Curve(NamedTuple):
    """One setting: its printed lines, and tag → epoch → value of its event log."""

    lines: list[str]
    log: dict[str, dict[int, float]]

    def rows(self):
        """The printed rows by epoch: column → what is printed."""
        columns = self.lines[1].split()
        rows = [line.split() for line in self.lines[2:] if not line.startswith("error below")]
        return {int(row[0]): dict(zip(columns, row, strict=True)) for row in rows}

    def seconds(self, epoch):
        """The seconds of the epochs up to this one."""
        return sum(
            seconds for at, seconds in self.log["8_time/seconds_per_epoch"].items() if at <= epoch
        )


def scalars(log):
    events = EventAccumulator(str(log), size_guidance={"scalars": 0})
    events.Reload()
    return {
        tag: {event.step: event.value for event in events.Scalars(tag)}
        for tag in events.Tags()["scalars"]
    }


@pytest.fixture(scope="module")
def curves(quality, tmp_path_factory):
    """The curves of two settings. Their runs, which are thrown away otherwise, are kept."""
    place = tmp_path_factory.mktemp("quality")
    make_clips(place)
    outputs, category = [place / "first", place / "second"], SMALL["category"]
    kept = iter(outputs)
    arguments = [
        *("--category", category),
        *("--data_path", str(place / "trainingVideo" / "dynamicTexture")),
        *("--epochs", str(EPOCHS), "--log_step", str(LOG_STEP)),
        *("--settings", *SETTINGS),
    ]
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.setattr(
            quality.tempfile, "TemporaryDirectory", lambda: contextlib.nullcontext(str(next(kept)))
        )
        patch.setattr(quality, "ERRORS", (1e9, 1e-9))  # one is reached at once, the other never
        quality.main(arguments)
    before, *blocks = printed.getvalue().split("\n--schedule")
    assert before == ""
    return [
        Curve(f"--schedule{block}".splitlines(), scalars(output / category / "log"))
        for block, output in zip(blocks, outputs, strict=True)
    ]


def test_each_setting_stands_above_its_curve(curves):
    assert [curve.lines[0] for curve in curves] == SETTINGS
    one, other = (curve.log["1_error/mean_squared"] for curve in curves)
    assert sorted(one) == sorted(other) == list(range(1, EPOCHS + 1))
    assert all(one[epoch] != other[epoch] for epoch in one)


def test_printed_figures_are_those_of_the_event_log(curves):
    for curve in curves:
        rows = curve.rows()
        assert list(rows) == AT_LOG_STEPS
        tags = sorted(tag for tag in curve.log if tag.startswith("2_measures/"))
        measures = [tag.removeprefix("2_measures/") for tag in tags]
        assert {"motion", "sharpness"} <= set(measures)
        assert curve.lines[1].split() == ["epoch", "seconds", "error", *measures]
        for epoch, row in rows.items():
            assert row["error"] == f"{curve.log['1_error/mean_squared'][epoch]:.5f}"
            assert float(row["seconds"]) == pytest.approx(curve.seconds(epoch), abs=0.5001)
            for tag, name in zip(tags, measures, strict=True):
                assert row[name] == f"{curve.log[tag][epoch]:.3f}"


def test_columns_stand_below_their_names(curves):
    for curve in curves:
        table = [line for line in curve.lines[1:] if not line.startswith("error below")]
        assert len({len(line) for line in table}) == 1


def test_seconds_until_an_error_is_reached_are_those_of_the_epochs_before(curves):
    for curve in curves:
        reached, never = curve.lines[-2:]
        assert reached == f"error below {1e9}: {curve.seconds(1):.1f} s, epoch 1"
        assert never == f"error below {1e-9}: not reached"


def test_seconds_are_those_of_all_epochs_so_far(quality, tmp_path, capsys):
    """Over both files of a log whose run was resumed after its second epoch."""
    times, errors, motions = (30.0, 2.75, 4.0, 8.0), (0.5, 0.4, 0.03, 0.02), {2: 0.25, 4: 1.5}
    for first, epochs in ((1, (1, 2)), (3, (3, 4))):
        with tf.summary.FileWriter(str(tmp_path), filename_suffix=f".{first}") as log:
            for epoch in epochs:
                figures = {
                    "8_time/seconds_per_epoch": times[epoch - 1],
                    "1_error/mean_squared": errors[epoch - 1],
                    **({"2_measures/motion": motions[epoch]} if epoch in motions else {}),
                }
                values = [tf.Summary.Value(tag=tag, simple_value=x) for tag, x in figures.items()]
                log.add_summary(tf.Summary(value=values), epoch)
    quality.print_curve(quality.figures_in(tmp_path))
    header, *rows, error, other = capsys.readouterr().out.splitlines()
    assert header.split() == ["epoch", "seconds", "error", "motion"]
    assert [row.split() for row in rows] == [
        ["2", "33", "0.40000", "0.250"],
        ["4", "45", "0.02000", "1.500"],
    ]
    assert error == "error below 0.0316: 36.8 s, epoch 3"
    assert other == "error below 0.001: not reached"


def test_first_epoch_below_an_error_counts(quality):
    """The error may rise above it again."""
    errors = (0.5, 0.02, 0.04, 0.0005)
    epochs = [
        {"epoch": epoch, "seconds": 1.5 * epoch, "1_error/mean_squared": error}
        for epoch, error in enumerate(errors, start=1)
    ]
    assert list(quality.seconds_to_errors(epochs)) == [
        (0.0316, "3.0 s, epoch 2"),
        (0.001, "6.0 s, epoch 4"),
    ]


def test_settings_that_it_has_by_itself_are_command_lines(quality):
    for settings in quality.SETTINGS:
        options = parse(["--category", "fire", *shlex.split(settings)]).options
        assert f"--schedule {options.schedule}" in settings
