"""Results of a test: whole under their name, and nobody else's files are replaced."""

import os
from pathlib import Path

import pytest
from support.command_line import refusal

from util.runs import result_folder
from util.runs.result_folder import LIST, ResultFolder
from util.system.folder_lock import locked

SEQUENCES = ["ripples", "swell"]
EARLIER = [
    "ripples_1.mp4",
    "ripples_1.gif",
    "ripples_1_enlarged.mp4",
    "ripples_to_swell.mp4",
    "3_cat_1.gif",
    "overview.png",
    "evaluation.csv",
]


def make(folder, *names, text="content"):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def write(folder, *names, overwrite=False, text="new"):
    results = ResultFolder(folder, SEQUENCES, overwrite)
    with results.unfinished() as unfinished:
        make(unfinished, *names, text=text)
    return results.final


def files(folder):
    """The files below a folder, without the lists of files."""
    found = (path for path in folder.rglob("*") if not path.is_dir())
    names = (str(path.relative_to(folder)) for path in found)
    return sorted(name for name in names if not name.endswith(".json"))


def test_results_have_their_name_when_they_are_whole(tmp_path):
    results = ResultFolder(tmp_path / "test" / "synthesis", SEQUENCES, False)
    with results.unfinished() as unfinished:
        make(unfinished, "a.mp4")
        assert not (tmp_path / "test" / "synthesis").exists()
    assert results.final == tmp_path / "test" / "synthesis"
    assert files(tmp_path) == ["test/synthesis/a.mp4"]


def test_next_results_have_the_next_name(tmp_path):
    finals = [write(tmp_path / "result", "a.mp4") for _ in range(3)]
    assert [final.name for final in finals] == ["result", "result_2", "result_3"]


def test_two_tests_at_once_have_two_results(tmp_path):
    one, other = (ResultFolder(tmp_path / "result", SEQUENCES, False) for _ in range(2))
    with one.unfinished() as first:
        make(first, "a.mp4", text="one")
        with other.unfinished() as second:
            make(second, "a.mp4", text="other")
    assert (other.final.name, one.final.name) == ("result", "result_2")
    assert (one.final / "a.mp4").read_text() == "one"
    assert (other.final / "a.mp4").read_text() == "other"


def test_failed_test_leaves_nothing_and_keeps_the_earlier_results(tmp_path):
    write(tmp_path / "result", "a.mp4", text="earlier")
    results = ResultFolder(tmp_path / "result", SEQUENCES, True)
    with pytest.raises(ValueError), results.unfinished() as unfinished:
        make(unfinished, "a.mp4")
        raise ValueError
    assert files(tmp_path) == ["result/a.mp4"]
    assert (tmp_path / "result" / "a.mp4").read_text() == "earlier"


# --- Killed tests ---


def test_leftover_of_a_killed_test_is_cleared(tmp_path):
    leftover = tmp_path / ".partial-0123456789abcdef-result"
    make(leftover, "a.mp4", ".lock")
    write(tmp_path / "result", "b.mp4")
    assert files(tmp_path) == ["result/b.mp4"]


def test_folder_of_a_running_test_is_not_cleared(tmp_path):
    running = tmp_path / ".partial-0123456789abcdef-result"
    make(running, "a.mp4")
    with locked(running):
        write(tmp_path / "result", "b.mp4")
        assert (running / "a.mp4").exists()


def test_folder_of_a_user_is_not_cleared(tmp_path):
    make(tmp_path, ".partial-mine/.lock", ".partial-0123456789abcdef-mine/a.mp4")
    write(tmp_path / "result", "b.mp4")
    assert len(files(tmp_path)) == 3


# --- Replacing results ---


def test_earlier_results_are_replaced(tmp_path, capsys):
    write(tmp_path / "result", "a.mp4", "b.mp4", text="earlier")
    assert write(tmp_path / "result", "a.mp4", overwrite=True) == tmp_path / "result"
    assert files(tmp_path) == ["result/a.mp4"]
    assert (tmp_path / "result" / "a.mp4").read_text() == "new"
    assert capsys.readouterr().err == ""


def test_results_of_a_test_that_was_killed_after_the_renaming_are_replaced(tmp_path, monkeypatch):
    """Then the list is still in the folder, and so is the lock."""

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(os, "replace", replace_until(killed))
        write(tmp_path / "result", "seams.csv", "of/any.name")
    assert (tmp_path / "result" / "seams.csv").read_text() == "new"
    write(tmp_path / "result", "other.csv", overwrite=True, text="newer")
    assert files(tmp_path) == ["result/other.csv"]
    assert not list((tmp_path / "result").glob(".*"))


def replace_until(happens, whole=os.replace):
    """`os.replace`, until the list of a test's files is moved out of its folder."""

    def replace(source, target):
        if Path(source).name == LIST:
            happens()
        whole(source, target)

    return replace


@pytest.mark.parametrize("where", ["delete_matching", "move_into"])
def test_results_of_a_test_that_was_killed_while_it_replaced_others(tmp_path, monkeypatch, where):
    """Whatever of both tests is there, the next test replaces it, and nothing else."""
    write(tmp_path / "result", "a.mp4", "b.mp4", text="earlier")
    make(tmp_path / "result", "notes.txt")

    def killed(folder, *_):
        if where == "move_into":
            (folder / "c.mp4").rename(tmp_path / "result" / "c.mp4")
        else:
            (folder / "a.mp4").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(result_folder, where, killed)
        write(tmp_path / "result", "c.mp4", overwrite=True)
    write(tmp_path / "result", "d.mp4", overwrite=True)
    assert files(tmp_path / "result") == ["d.mp4", "notes.txt"]


def test_file_of_a_user_with_the_name_of_a_new_one_stays(tmp_path, capsys):
    write(tmp_path / "result", "a.mp4", text="earlier")
    (tmp_path / "result" / "b.mp4").write_text("mine")
    for number in (2, 3):
        made = write(tmp_path / "result", "b.mp4", overwrite=True)
        assert made == tmp_path / f"result_{number}"
        (line,) = capsys.readouterr().err.splitlines()
        assert f"no test wrote {tmp_path / 'result' / 'b.mp4'}" in line
    assert files(tmp_path / "result") == ["a.mp4", "b.mp4"]
    assert (tmp_path / "result" / "b.mp4").read_text() == "mine"


def test_file_of_a_user_with_the_name_of_a_new_folder_stays(tmp_path):
    write(tmp_path / "result", "a.mp4", text="earlier")
    (tmp_path / "result" / "of").write_text("mine")
    made = write(tmp_path / "result", "of/b.mp4", overwrite=True)
    assert made == tmp_path / "result_2"
    assert files(tmp_path) == ["result/a.mp4", "result/of", "result_2/of/b.mp4"]


def test_results_beside_those_behind_a_link_are_where_it_leads(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "run").mkdir()
    write(tmp_path / "run" / "result", "a.mp4", text="earlier")
    os.rename(tmp_path / "run" / "result", tmp_path / "disk" / "there")
    (tmp_path / "run" / "result").symlink_to(tmp_path / "disk" / "there")
    (tmp_path / "disk" / "there" / "b.mp4").write_text("mine")
    made = write(tmp_path / "run" / "result", "b.mp4", overwrite=True)
    assert made == tmp_path / "disk" / "there_2"


def test_list_in_the_folder_is_not_lost_by_a_kill(tmp_path, monkeypatch):
    """A test that was killed just after the renaming, and one that was killed while replacing."""
    write(tmp_path / "result", "a.mp4", text="earlier")
    os.replace(tmp_path / ".result.json", tmp_path / "result" / LIST)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(result_folder, "delete_matching", interrupted)
        write(tmp_path / "result", "b.mp4", overwrite=True)
    write(tmp_path / "result", "c.mp4", overwrite=True)
    assert files(tmp_path) == ["result/c.mp4"]


def interrupted(*_):
    raise KeyboardInterrupt


def test_files_of_a_user_among_them_stay_and_are_named(tmp_path, capsys):
    write(tmp_path / "result", "a.mp4", text="earlier")
    make(tmp_path / "result", "notes.txt", "mine/a.mp4")
    write(tmp_path / "result", "b.mp4", overwrite=True)
    assert files(tmp_path / "result") == ["b.mp4", "mine/a.mp4", "notes.txt"]
    (line,) = capsys.readouterr().err.splitlines()
    assert "notes.txt" in line


def test_results_of_an_earlier_version_are_replaced(tmp_path):
    make(tmp_path / "result", *EARLIER)
    write(tmp_path / "result", "a.mp4", overwrite=True)
    assert files(tmp_path) == ["result/a.mp4"]


@pytest.mark.parametrize(
    "name", ["notes.txt", "other_1.mp4", "ripples_1.avi", "a_enlarged.mp4", "deep/overview.png"]
)
def test_results_that_no_test_wrote_are_refused_and_untouched(tmp_path, name):
    make(tmp_path / "result", *EARLIER, name)
    before = files(tmp_path)
    line = refusal(ResultFolder, tmp_path / "result", SEQUENCES, True)
    assert str(tmp_path / "result") in line
    assert files(tmp_path) == before


def test_file_in_the_place_of_the_results_is_refused(tmp_path):
    make(tmp_path, "result")
    refusal(ResultFolder, tmp_path / "result", SEQUENCES, True)
    assert files(tmp_path) == ["result"]


def test_link_to_the_results_stays(tmp_path):
    (tmp_path / "disk").mkdir()
    write(tmp_path / "result", "a.mp4", text="earlier")
    os.rename(tmp_path / "result", tmp_path / "disk" / "there")
    (tmp_path / "result").symlink_to("disk/there")
    write(tmp_path / "result", "b.mp4", overwrite=True)
    assert (tmp_path / "result").is_symlink()
    assert files(tmp_path / "disk") == ["there/b.mp4"]
