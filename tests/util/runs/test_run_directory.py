"""The folders of a run, and what is deleted in them."""

import json
import os
import shutil
import subprocess
from functools import partial
from pathlib import Path

import pytest
from support.command_line import refusal, tree

from util.options.schema import Options
from util.runs import run_directory
from util.runs.run_directory import RunDirectory, git_revision

WRITTEN = [
    "observed_sequence/ripples.mp4",
    "observed_sequence/ripples.gif",
    "observed_sequence/ripples.png",
    "synthesis_sequence/epoch_00010_reconstruction.png",
    "final_result/evaluation.csv",
    "final_result/overview.gif",
    "final_result/ripples/synthesized_1.mp4",
    "final_result/ripples/synthesized_1_enlarged.mp4",
    "final_result/ripples/observed/00007.png",
    "final_result/ripples/side_by_side.png",
    "final_result/ripples/comparison.json",
    "final_result/.partial-0123456789abcdef/observed.mp4",
    "final_result/.partial-ripples/observed.mp4",
    "model/model.ckpt-1.index",
    "model/model.ckpt-1.data-00000-of-00001",
    "model/.partial-model.ckpt-2.data-00000-of-00001",
    "model/checkpoint",
    "log/events.out.tfevents.1795679702.host",
]
MINE = [
    "notes.txt",
    "observed_sequence/mine.png",
    "synthesis_sequence/epoch_best.png",
    "final_result/mine.csv",
    "final_result/best/synthesized_1.mp4",
    "final_result/ripples/notes.txt",
    "final_result/ripples/best_enlarged.mp4",
    "final_result/ripples/observed/mine.png",
    "model/model.ckpt-best.index",
    "model/deep/model.ckpt-1.index",
    "log/notes.txt",
    "final_result_testing/ripples_1.mp4",
]


def make(folder, names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("content")


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def run(tmp_path):
    """A run that has written everything that a run writes."""
    run = RunDirectory(tmp_path / "waves")
    run.prepare(Options(category="waves"), ["ripples"])
    make(run.path, WRITTEN)
    return run


def test_what_is_recorded_comes_back(tmp_path):
    run = RunDirectory(tmp_path / "waves")
    assert not run.holds_run()
    assert run.recorded_options() is None
    run.prepare(Options(category="waves", num_frames=7))
    assert run.holds_run()
    assert run.recorded_options() == Options(category="waves", num_frames=7)


def test_empty_folders_hold_no_run(tmp_path):
    """As a user makes them to put checkpoints on another disk."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "model").symlink_to("disk")
    assert not RunDirectory(tmp_path).holds_run()


# --- Replacing a run ---


def test_all_that_training_wrote_is_cleared(run, capsys):
    run.clear()
    assert list(run.path.iterdir()) == []
    assert capsys.readouterr().err == ""


def test_only_what_training_wrote_is_cleared(run, capsys):
    make(run.path, MINE)
    run.clear()
    assert files(run.path) == sorted(MINE)
    (line,) = capsys.readouterr().err.splitlines()
    assert str(run.path) in line
    assert "observed_sequence/mine.png" in line
    assert "7 more" in line


def test_run_of_an_earlier_version_is_cleared(run):
    """It has no mark; its sequences are those in observed_sequence/."""
    run.mark.unlink()
    make(run.path, MINE)
    run.clear()
    assert files(run.path) == sorted(MINE)


OTHERS = {
    "no file": None,
    "another program's": '{"options": {"lr": 0.1}, "command_lines": []}',
    "options alone": '{"options": {}}',
    "a list": "[]",
    "no JSON": "options",
    "empty": "",
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("what", OTHERS)
def test_folders_that_may_not_be_a_runs_are_not_cleared(tmp_path, what):
    make(tmp_path, ["model/mine.txt", "model/model.ckpt-1.index"])
    if OTHERS[what] is not None:
        (tmp_path / "options.json").write_text(OTHERS[what])
    before = tree(tmp_path)
    run = RunDirectory(tmp_path)
    assert str(tmp_path) in refusal(run.clear)
    assert "options.json" in refusal(run.refuse_foreign)
    assert tree(tmp_path) == before


def test_marked_run_is_cleared_though_its_options_are_damaged(run):
    run.options_file.write_text('{"options": {"num_fr')
    run.clear()
    assert list(run.path.iterdir()) == []


def test_options_of_another_program_are_kept_though_the_folder_is_marked(run):
    run.options_file.write_text('{"learning_rate": 0.1}')
    before = tree(run.path)
    assert "did not write" in refusal(run.clear)
    assert tree(run.path) == before


@pytest.mark.parametrize("name", ["options.json", ".run"])
@pytest.mark.parametrize("what", ["link", "link to nothing", "pipe", "folder"])
def test_what_is_no_file_is_refused_and_kept(run, name, what):
    path, kept = run.path / name, run.path / "kept"
    os.rename(path, kept)
    if what == "pipe":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    else:
        path.symlink_to(kept if what == "link" else "nothing")
    before = tree(run.path)
    assert str(path) in refusal(run.refuse_unusable)
    assert tree(run.path) == before


def test_mark_of_another_program_is_none(tmp_path):
    make(tmp_path, ["model/model.ckpt-1.index"])
    (tmp_path / ".run").write_text('{"program": "another", "sequences": []}')
    before = tree(tmp_path)
    refusal(RunDirectory(tmp_path).clear)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("folder", ["model", "final_result", "log"])
def test_link_to_a_folder_stays_and_its_content_is_replaced(run, tmp_path, folder):
    (run.path / folder).rename(tmp_path / "disk")
    (tmp_path / "disk" / "mine.txt").write_text("mine")
    (run.path / folder).symlink_to(tmp_path / "disk")
    run.clear()
    assert (run.path / folder).is_symlink()
    assert files(tmp_path / "disk") == ["mine.txt"]
    run.prepare(Options(), ["ripples"])
    assert (run.path / folder).is_symlink()


@pytest.mark.parametrize("what", ["link to nothing", "file", "pipe"])
def test_what_is_no_folder_is_refused_before_anything_is_deleted(run, what):
    os.rename(run.log, run.path / "kept")
    if what == "link to nothing":
        run.log.symlink_to("nothing")
    elif what == "file":
        run.log.write_text("mine")
    else:
        os.mkfifo(run.log)
    before = files(run.path)
    assert str(run.log) in refusal(run.clear)
    assert files(run.path) == before


def test_sequence_whose_name_is_a_pattern_stands_for_itself(tmp_path):
    run = RunDirectory(tmp_path)
    run.prepare(Options(), [".*", "a|b"])
    make(tmp_path, ["final_result/.*/mask.mp4", "final_result/mine/mask.mp4"])
    run.clear()
    assert files(tmp_path) == ["final_result/mine/mask.mp4"]


# --- The revision of the program ---


def test_revision_is_that_of_a_checkout_of_this_program(tmp_path, monkeypatch):
    """And not that of another repository, among whose files a copy of this program lies."""
    if not shutil.which("git"):
        pytest.skip("git is not installed")
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    tmp_path = Path(os.fsdecode(bytes(tmp_path) + b"/caf\xe9"))  # not UTF-8
    module = tmp_path / "program" / "util" / "runs" / "run_directory.py"
    make(module.parent, [module.name])
    monkeypatch.setattr(run_directory, "__file__", str(module))
    assert git_revision() is None
    repository(tmp_path)
    assert git_revision() is None
    commit = repository(tmp_path / "program")
    assert git_revision() == commit
    module.write_text("changed")
    assert git_revision() == f"{commit}-dirty"


def repository(folder):
    """Commit all files of a folder; the revision."""
    # A hook of git sets variables that lead to its own repository.
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    git = partial(subprocess.run, check=True, capture_output=True, text=True, env=own)
    author = ("-c", "user.name=a", "-c", "user.email=a@b")
    for words in (["init", "-q"], ["add", "-A"], [*author, "commit", "-qm", "all"]):
        git(["git", "-C", folder, *words])
    return git(["git", "-C", folder, "rev-parse", "HEAD"]).stdout.strip()


# --- Going on with a run ---


def test_what_a_killed_run_left_unfinished_is_removed_when_it_goes_on(run):
    mine = ["final_result/.partial-mine", "model/.partial-mine.txt", ".partial-mine.json"]
    make(run.path, [".partial-0123456789abcdef.json", "model/.partial-0123456789abcdef/a", *mine])
    run.prepare(Options(), ["ripples"])
    left = files(run.path)
    assert [name for name in left if ".partial" in name] == sorted(mine)
    whole = [name for name in WRITTEN if ".partial" not in name]
    assert set(left) == {*whole, *mine, "options.json", ".run"}


def test_leftover_that_is_a_link_goes_without_its_target(run, tmp_path):
    make(tmp_path, ["mine/a"])
    (run.models / ".partial-0123456789abcdef").symlink_to(tmp_path / "mine")
    run.prepare(Options(), ["ripples"])
    assert not (run.models / ".partial-0123456789abcdef").is_symlink()
    assert files(tmp_path / "mine") == ["a"]


def test_command_lines_are_kept_if_they_can_be_read(run):
    run.prepare(Options(), ["ripples"])
    assert len(json.loads(run.options_file.read_text())["command_lines"]) == 2
    run.options_file.write_text("{")
    run.prepare(Options(), ["ripples"])
    assert len(json.loads(run.options_file.read_text())["command_lines"]) == 1


CHANGES = {
    "another type": ('"num_frames": 60', '"num_frames": "60"', "--num_frames"),
    "out of range": ('"num_frames": 60', '"num_frames": 0', "--num_frames 0"),
    "twice": ('"num_frames": 60', '"num_frames": 60, "num_frames": 50', "num_frames"),
    "unknown": ('"num_frames": 60', '"num_flames": 60', "num_flames"),
    "cut": ('"num_frames": 60', "", ""),
}


@pytest.mark.parametrize("change", CHANGES)
def test_options_that_no_run_has_are_refused(run, change):
    before, after, named = CHANGES[change]
    run.options_file.write_text(run.options_file.read_text().replace(before, after))
    line = refusal(run.recorded_options)
    assert str(run.options_file) in line
    assert named in line
    assert "--overwrite True" in line


def test_pipe_in_the_place_of_the_options_is_not_opened(run):
    run.options_file.unlink()
    os.mkfifo(run.options_file)
    assert "named pipe" in refusal(run.recorded_options)


def test_difference_to_a_checkpoint_is_named(run):
    ours = Options(category="waves", resume=True)
    assert run.difference_to(ours) == ""
    run.options_file.write_text(run.options_file.read_text().replace("0.002", "0.003"))
    assert "--lr_gen 0.003 instead of 0.002" in run.difference_to(ours)
    run.options_file.write_text("{")
    assert "cannot be read" in run.difference_to(ours)
    run.options_file.unlink()
    assert "is gone" in run.difference_to(ours)


# --- The cache ---


def test_cache_alone_is_no_run(tmp_path):
    run = RunDirectory(tmp_path / "waves")
    make(run.path, [f"cache/{'0' * 64}.json"])
    assert not run.holds_run()
    run.refuse_unusable()
    run.refuse_foreign()


def test_folder_of_the_cache_is_the_runs_own_or_that_of_the_option(tmp_path):
    run = RunDirectory(tmp_path / "waves")
    assert run.cache_for(Options()) == tmp_path / "waves" / "cache"
    assert str(run.cache_for(Options(cache_dir="elsewhere"))) == "elsewhere"


def test_clearing_deletes_the_cache_but_not_what_the_new_run_uses(run, capsys):
    old, new = ([f"{digit * 64}.{kind}" for kind in ("json", "frames.npy")] for digit in "01")
    mine = ["notes.txt", "frames.npy"]
    make(run.cache, [*old, *new, *mine, ".partial-0123456789abcdef.npy"])
    run.clear([run.cache / name for name in new])
    assert files(run.cache) == sorted([*new, *mine])
    told = capsys.readouterr().err
    assert "cache/notes.txt" in told and "0" * 64 not in told and "1" * 64 not in told


def test_clearing_deletes_the_own_cache_if_the_new_run_uses_another(run, tmp_path, capsys):
    names = [f"{'0' * 64}.{kind}" for kind in ("json", "frames.npy")]
    make(run.cache, names)
    make(tmp_path / "shared", names)
    run.clear([tmp_path / "shared" / name for name in names])
    assert files(tmp_path / "shared") == sorted(names)
    assert not run.cache.is_dir() or files(run.cache) == []
    assert capsys.readouterr().err == ""


def test_cache_that_is_no_folder_is_refused(tmp_path):
    run = RunDirectory(tmp_path / "waves")
    make(run.path, ["cache"])
    assert "is not a folder" in refusal(run.refuse_unusable)


def test_unfinished_files_of_a_cache_are_deleted_and_others_stay(run):
    """A test holds no lock and may decode a clip now: so what was written to just now stays."""
    new, old = (f".partial-{digit * 16}.npy" for digit in "01")
    kept = [new, ".partial-mine", f"{'0' * 64}.json"]
    make(run.cache, [*kept, old])
    os.utime(run.cache / old, (0, 0))
    run.prepare(Options(), ["ripples"])
    assert files(run.cache) == sorted(kept)
