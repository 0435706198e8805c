"""Which folders are runs, and where they are looked for."""

import os
from pathlib import Path

from support.made_runs import make_run

from util.gallery.finding import find_runs


def found(place):
    return [path.relative_to(place).as_posix() for path in find_runs(place)]


def test_runs_are_found_at_any_place_up_to_six_levels(tmp_path):
    for place in ("b", "a/c", "1/2/3/4/5/6", "1/2/3/4/5/x/7", "ü #?%/<b>"):
        make_run(tmp_path / place)
    assert found(tmp_path) == ["1/2/3/4/5/6", "a/c", "b", "ü #?%/<b>"]


def test_hidden_folders_links_and_folders_of_runs_are_left_out(tmp_path, capsys):
    outer = make_run(tmp_path / "run")
    make_run(outer / "test" / "inner")
    make_run(tmp_path / ".hidden" / "run")
    make_run(tmp_path / "elsewhere" / "run")
    os.symlink(tmp_path / "elsewhere", tmp_path / "link")
    os.symlink(tmp_path, tmp_path / "elsewhere" / "circle")
    os.symlink(tmp_path / "nothing", tmp_path / "broken")
    os.symlink(tmp_path / "itself", tmp_path / "itself")
    assert found(tmp_path) == ["elsewhere/run", "run"]
    assert capsys.readouterr().err == ""


def test_link_to_a_run_is_named(tmp_path, capsys):
    make_run(tmp_path / "disk" / "run")
    (tmp_path / "runs").mkdir()
    os.symlink(tmp_path / "disk" / "run", tmp_path / "runs" / "linked\n")
    assert found(tmp_path / "runs") == []
    line = f"the gallery leaves out {tmp_path}/runs/linked\\n: it is a link\n"
    assert capsys.readouterr().err == line


def test_link_to_a_folder_of_runs_and_a_hidden_run_are_named(tmp_path, capsys):
    make_run(tmp_path / "disk" / "run")
    make_run(tmp_path / "runs" / ".mine")
    os.symlink(tmp_path / "disk", tmp_path / "runs" / "more")
    (tmp_path / "empty").mkdir()
    os.symlink(tmp_path / "empty", tmp_path / "runs" / "nothing")
    assert found(tmp_path / "runs") == []
    told = capsys.readouterr().err.splitlines()
    assert told == [
        f"the gallery leaves out {tmp_path}/runs/.mine: its name begins with a dot",
        f"the gallery leaves out {tmp_path}/runs/more: it is a link",
    ]


def test_only_what_this_program_wrote_is_a_run(tmp_path):
    for name, text in {
        "other": '{"options": {"a": 1}}',
        "broken": "{",
        "list": "[]",
        "deep": "[" * 100_000,
        "empty": "",
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "options.json").write_text(text)
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe" / "options.json")
    (tmp_path / "folder" / "options.json").mkdir(parents=True)
    assert found(tmp_path) == []
    (make_run(tmp_path / "damaged") / "options.json").write_text("{")
    (make_run(tmp_path / "gone") / "options.json").unlink()
    assert found(tmp_path) == ["damaged", "gone"]


def test_folder_itself_may_be_the_run(tmp_path):
    make_run(tmp_path / "run")
    assert found(tmp_path / "run") == ["."]


def test_link_to_a_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch, capsys):
    make_run(tmp_path / "runs" / "run")
    (tmp_path / "closed").mkdir()
    link = tmp_path / "runs" / "link"
    os.symlink(tmp_path / "closed", link)
    is_file = Path.is_file

    def closed(path):
        if path.parent == link:  # as of Python 3.10; newer versions may say False
            raise PermissionError(13, "Permission denied", str(path))
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", closed)
    assert found(tmp_path / "runs") == ["run"]
    assert capsys.readouterr().err == f"the gallery leaves out {link}: Permission denied\n"


def test_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch, capsys):
    make_run(tmp_path / "run")
    (tmp_path / "closed").mkdir()
    scandir = os.scandir

    def closed(path):
        if os.fspath(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    assert found(tmp_path) == ["run"]
    assert capsys.readouterr().err == (
        f"the gallery leaves out {tmp_path / 'closed'}: Permission denied\n"
    )
