"""Giving a finished folder its final name."""

import os
from pathlib import Path


def free_name(folder: Path) -> Path:
    """`folder`; if it exists, the first free name of folder_2, folder_3, …"""
    number, free = 1, folder
    while os.path.lexists(free):
        number += 1
        free = folder.with_name(f"{folder.name}_{number}")
    return free


def move_into(unfinished: Path, folder: Path) -> None:
    """Give a folder the name `folder`. If that exists, its other files stay beside the new ones."""
    if not os.path.lexists(folder):
        unfinished.rename(folder)
        return
    for path in unfinished.iterdir():
        final = folder / path.name
        if path.is_dir() and final.is_dir():
            move_into(path, final)
        elif path.is_dir() or final.is_dir():
            path.rename(free_name(final))  # somebody else's file or folder has the name
        else:
            path.rename(final)
    unfinished.rmdir()
