"""Files are whole or not there, and no link is followed."""

import os
import stat

import pytest

from util.system.atomic import atomic_path, create, write_text


def test_text_is_written_and_nothing_else_is_left(tmp_path):
    write_text(tmp_path / "a.txt", "Öl")
    assert (tmp_path / "a.txt").read_bytes() == "Öl".encode()
    assert os.listdir(tmp_path) == ["a.txt"]


def test_failure_leaves_the_earlier_file(tmp_path):
    write_text(tmp_path / "a.txt", "earlier")
    with pytest.raises(ValueError), atomic_path(tmp_path / "a.txt") as partial:
        partial.write_text("half")
        raise ValueError
    assert os.listdir(tmp_path) == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "earlier"


def test_temporary_name_is_another_each_time_and_keeps_the_suffix(tmp_path):
    names = set()
    for _ in range(3):
        with atomic_path(tmp_path / "a.png") as partial:
            names.add(partial.name)
    assert len(names) == 3
    assert {name.rpartition(".")[2] for name in names} == {"png"}


def test_link_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "other").write_text("of a user")
    (tmp_path / "a.txt").symlink_to("other")
    write_text(tmp_path / "a.txt", "mine")
    assert (tmp_path / "other").read_text() == "of a user"
    assert (tmp_path / "a.txt").read_text() == "mine"
    assert not (tmp_path / "a.txt").is_symlink()


@pytest.mark.parametrize("target", ["other", "nothing"])
def test_no_file_is_created_through_a_link(tmp_path, target):
    (tmp_path / "other").write_text("of a user")
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(FileExistsError):
        create(tmp_path / "link")
    assert sorted(os.listdir(tmp_path)) == ["link", "other"]


def test_permissions_are_those_of_any_new_file(tmp_path):
    (tmp_path / "usual").write_text("")
    write_text(tmp_path / "a.txt", "")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("usual", "a.txt")}
    assert len(modes) == 1


def test_longest_name_is_written(tmp_path):
    name = "x" * 251 + ".txt"
    write_text(tmp_path / name, "long")
    assert os.listdir(tmp_path) == [name]


def test_error_names_the_final_file(tmp_path):
    with pytest.raises(OSError) as caught:
        write_text(tmp_path / "none" / "a.txt", "")
    assert caught.value.filename == str(tmp_path / "none" / "a.txt")
