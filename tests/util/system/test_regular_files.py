"""Only regular files, and links to them, are opened."""

import os
import socket
from pathlib import Path

import pytest
from support.command_line import refusal

from util.system.regular_files import refuse_special


def test_regular_file_a_link_to_it_and_nothing_are_not_refused(tmp_path):
    (tmp_path / "file").write_text("text")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "broken").symlink_to(tmp_path / "none")
    for name in ("file", "link", "broken", "none"):
        refuse_special(tmp_path / name)


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(str(path))


SPECIAL = {
    "a named pipe": os.mkfifo,
    "a socket": make_socket,
    "a folder": os.mkdir,
    "a device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("kind", SPECIAL)
def test_anything_else_is_refused_by_its_kind_also_behind_a_link(tmp_path, kind, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    path, link = Path("special"), Path("link")
    SPECIAL[kind](path)
    link.symlink_to(path)
    for name in (path, link):
        message = refusal(refuse_special, name)
        assert message.startswith(f"{name} is {kind}, not a file; ")
