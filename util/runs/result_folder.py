"""The folder of a test's results: whole under its name, or not there.

A test writes into a folder with a temporary name, which it locks while it runs. When the results
are whole, the folder gets its name. A list beside it says which files the test wrote: only these
are replaced later.
"""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from util.pictures.encoding import ENLARGED
from util.runs.marks import read_mark, write_mark
from util.system.deleting import delete_matching
from util.system.errors import RunError
from util.system.folder_lock import HOLDER, LOCK
from util.system.interruption import uninterrupted
from util.system.moving import free_name, move_into
from util.system.unfinished import unfinished_folder

LIST = ".files.json"  # the list, as long as it is in the folder


class ResultFolder:
    """The place of a test's results.

    Attributes:
        final: the folder of the finished results.
    """

    def __init__(self, folder: Path, sequences: Sequence[str], overwrite: bool):
        """Choose the folder: `folder`, or without `overwrite` its first free name.

        Args:
            sequences: the names of the checkpoint's sequences. They tell the results of earlier
                versions, which wrote no list.

        Raises:
            RunError: `folder` must be replaced, but it is not the results of a test.
        """
        self._asked = folder
        self.final = folder if overwrite else free_name(folder)
        self._known = ""
        if os.path.lexists(self.final):
            self._known = self._written_before(sequences)

    @contextmanager
    def unfinished(self) -> Iterator[Path]:
        """Yield the folder to write into. It gets its final name if the block succeeds."""
        target = Path(os.path.realpath(self.final))  # on the disk to which a link leads
        target.parent.mkdir(parents=True, exist_ok=True)
        with unfinished_folder(target.parent, self.final.name) as folder:
            yield folder
            with uninterrupted():
                self._finish(folder)

    def _finish(self, folder: Path) -> None:
        """Replace the earlier results of a test, and no other file, by those in `folder`."""
        written = [
            path.relative_to(folder).as_posix()
            for path in sorted(folder.rglob("*"))
            if path.name not in (LOCK, HOLDER) and not path.is_dir()
        ]
        place = self._asked
        if self._known and self.final.is_dir():
            if not (foreign := self._in_the_way(written)):
                self._replace(folder, written)
                return
            print(
                f"warning: no test wrote {foreign}, so nothing beside it is replaced, and the "
                "results get another folder",
                file=sys.stderr,
            )
            place = folder.with_name(self.final.resolve().name)  # on the disk of `folder`
        write_mark(folder / LIST, "files", written)
        self._rename(folder, place)
        os.replace(self.final / LIST, self._list)
        _remove_lock(self.final)  # after the new name, so that no test takes it for a leftover

    def _in_the_way(self, written: Sequence[str]) -> Path | None:
        """A file that no test wrote, in the place of a new file or of its folder."""
        for name in written:
            above = [one for one in (self.final / name).parents if self.final in one.parents]
            for path in (*above, self.final / name):
                known = re.fullmatch(self._known, path.relative_to(self.final).as_posix())
                is_folder = path in above and path.is_dir()
                if os.path.lexists(path) and not (known or is_folder):
                    return path
        return None

    def _replace(self, folder: Path, written: Sequence[str]) -> None:
        """Put the results in `folder` in the place of the earlier ones."""
        earlier = [path.relative_to(self.final).as_posix() for path in self.final.rglob("*")]
        known = [name for name in earlier if re.fullmatch(self._known, name)]
        if (self.final / LIST).exists():
            os.replace(self.final / LIST, self._list)
        # If this program is killed below, the next test still knows all files of both tests.
        write_mark(self._list, "files", sorted({*known, *written}))
        left = delete_matching(self.final, self._known)
        if left:
            names = ", ".join(str(path.relative_to(self.final)) for path in left[:3])
            print(f"left in {self.final}, as no test wrote it: {names}", file=sys.stderr)
        _remove_lock(folder)
        move_into(folder, self.final)
        write_mark(self._list, "files", written)

    def _rename(self, folder: Path, place: Path) -> None:
        """Give the folder the name `place`, or the next free one if that is taken."""
        while True:
            self.final = free_name(place)
            try:
                folder.rename(self.final)
                return
            except OSError:
                if not os.path.lexists(self.final):
                    raise

    @property
    def _list(self) -> Path:
        return self.final.with_name(f".{self.final.name}.json")

    def _written_before(self, sequences: Sequence[str]) -> str:
        """A regular expression of the files in `final` that a test wrote.

        Raises:
            RunError: no test wrote `final`.
        """
        if self.final.is_dir():
            # A test that was killed just after the renaming leaves its list in the folder.
            for path in (self.final / LIST, self._list):
                if (files := read_mark(path, "files")) is not None:
                    return "|".join(map(re.escape, [*files, LIST, LOCK, HOLDER]))
            pattern = of_earlier_versions(sequences)
            found = [path.relative_to(self.final).as_posix() for path in self.final.rglob("*")]
            if found and all(re.fullmatch(pattern, name) for name in found):
                return pattern
        raise RunError(
            f"{self.final} was not written by a test of this checkpoint, so it is not replaced; "
            "leave out --overwrite, or move it away"
        )


def _remove_lock(folder: Path) -> None:
    for name in (HOLDER, LOCK):
        (folder / name).unlink(missing_ok=True)


def of_earlier_versions(sequences: Sequence[str]) -> str:
    """A regular expression of what a test of an earlier version wrote into its folder."""
    names = f"({'|'.join(map(re.escape, sequences)) or '(?!)'})"
    videos = rf"{names}_\d+|{names}_to_{names}|overview|\d+_[^/]+_\d+"
    kinds = rf"\.(mp4|gif)|{ENLARGED}\.mp4"
    return rf"({videos})({kinds})|overview\.png|evaluation\.csv|comparison\.json"
