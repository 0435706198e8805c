"""The directory of a run, <output_dir>/<category>/, and its file options.json."""

import importlib.metadata
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from util.data import clip_cache
from util.options.schema import FIELDS, Options, each_once
from util.pictures.layout import IN_SEQUENCE, PICTURES
from util.runs import checkpoints
from util.runs.falling import shortest_step
from util.runs.marks import read_mark, write_mark
from util.system.atomic import PARTIAL_NAME, delete_leftovers, write_text
from util.system.deleting import delete_matching, delete_whole
from util.system.errors import RunError
from util.system.regular_files import refuse_special

OF_OTHERS = "not written by this program"
PACKAGES = ("tensorflow", "numpy", "scipy", "pillow", "imageio", "imageio-ffmpeg")


class RunDirectory:
    """The folders of one run.

    Attributes:
        path: <output_dir>/<category>.
        observed_sequence: the training clips, with missing pixels in black.
        synthesis_sequence: contact sheets of reconstruction, synthesis and recovery during
            training.
        final_result: the results of the trained model.
        models: the checkpoints.
        log: TensorBoard events.
        cache: the decoded clips, which may be deleted at any time. Alone, they are no run.
        options_file: options.json with all options, versions and command lines.
        mark: says that a run of this program wrote the folders, and the names of its sequences.
    """

    def __init__(self, path: Path):
        self.path = path
        self.observed_sequence = path / "observed_sequence"
        self.synthesis_sequence = path / "synthesis_sequence"
        self.final_result = path / "final_result"
        self.models = path / "model"
        self.log = path / "log"
        self.cache = path / "cache"
        self.options_file = path / "options.json"
        self.mark = path / ".run"

    @property
    def folders(self) -> list[Path]:
        return [
            self.observed_sequence,
            self.synthesis_sequence,
            self.final_result,
            self.models,
            self.log,
        ]

    def cache_for(self, options: Options) -> Path:
        """The folder of the decoded clips: --cache_dir, or the run's own."""
        return Path(options.cache_dir) if options.cache_dir else self.cache

    def holds_run(self) -> bool:
        """Whether somebody has already written here."""
        files = (self.options_file, self.mark)
        return any(map(os.path.lexists, files)) or any(
            folder.is_dir() and any(folder.iterdir()) for folder in self.folders
        )

    def refuse_unusable(self) -> None:
        """Check that the folders can be created or written into. A link to a folder is a folder.

        Raises:
            RunError: something else is in the place of a folder, or it is not writable.
        """
        for folder in (*self.folders, self.cache):
            if os.path.lexists(folder) and not folder.is_dir():
                what = "is a link to nothing" if folder.is_symlink() else "is not a folder"
                raise RunError(f"{folder} {what}; remove it, or choose another --output_dir")
            if folder.exists() and not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
                raise RunError(f"no permission to write to {folder}; choose another --output_dir")
        for file in (self.options_file, self.mark):
            if os.path.lexists(file) and (file.is_symlink() or not file.is_file()):
                what = "a link" if file.is_symlink() else "not a file"
                raise RunError(
                    f"{file} is {what}, and the program writes this file anew; put a file in its "
                    "place, or choose another --output_dir"
                )

    def refuse_foreign(self) -> None:
        """Raises RunError if somebody has written here, and no training of this program has.

        A damaged options.json beside the mark of a run is the run's own.
        """
        options, error = self._options_or_error()
        if not self.holds_run() or options is not None:
            return
        if error == OF_OTHERS or read_mark(self.mark, "sequences") is None:
            what = "no options.json"
            if os.path.lexists(self.options_file):
                what = "an options.json that this program did not write"
            raise RunError(
                f"{self.path} has {what}, so it may not be a run's; remove it yourself or choose "
                "another --output_dir"
            )

    def clear(self, used: Collection[Path] = ()) -> None:
        """Delete the files of training, and nothing else. The other files are named on stderr.

        Args:
            used: files of the cache that stay, because the new run uses them.

        Raises:
            RunError: see `refuse_unusable` and `refuse_foreign`; nothing is deleted then.
        """
        self.refuse_unusable()
        self.refuse_foreign()
        known = written(self.sequences())
        left = []
        for folder in self.folders:
            if folder.exists():
                left += delete_matching(folder, known[folder.name])
        left += sorted({*self.clear_cache(used)} - {*used})
        for file in (self.options_file, self.mark):
            if file.is_file() or file.is_symlink():
                file.unlink()
        if left:
            names = ", ".join(str(path.relative_to(self.path)) for path in left[:3])
            more = f" and {len(left) - 3} more" if len(left) > 3 else ""
            print(f"left in {self.path}, as no run wrote it: {names}{more}", file=sys.stderr)

    def clear_cache(self, used: Collection[Path] = ()) -> list[Path]:
        """Delete the decoded clips, but not the `used` files; the files that are left."""
        if not self.cache.is_dir():
            return []
        own = [path.name for path in used if path.parent.resolve() == self.cache.resolve()]
        kept = "|".join(map(re.escape, own)) or "(?!)"
        return delete_matching(self.cache, rf"(?!({kept})$)({clip_cache.FILES}|{PARTIAL_NAME})")

    def drop_from_cache(self, files: Collection[Path]) -> None:
        """Delete decoded clips that are not those of this run, if they are in its own folder."""
        for path in files:
            if path.parent == self.cache:
                path.unlink(missing_ok=True)
        with suppress(OSError):  # there are other files
            self.cache.rmdir()

    def identity(self) -> str:
        """What tells this run from others, also from another machine; "" before `prepare`."""
        try:
            about = self.options_file.stat()
        except OSError:
            return ""
        return f"{about.st_ino} {about.st_mtime_ns}"

    def prepare(self, options: Options, sequences: Sequence[str] = (), device: str = "") -> None:
        """Create the folders, write options.json and delete unfinished files of an earlier run.

        options.json keeps the command lines of earlier calls.

        Args:
            sequences: the names of the training sequences. They tell later which files are a run's.
            device: the device that computes, in words.
        """
        about = {
            "options": json.loads(options.to_json()),
            "command_lines": [*self._command_lines(), [_in_utf8(word) for word in sys.argv]],
            "versions": {"python": platform.python_version(), **installed_versions()},
            "git_revision": git_revision(),
            "device": device,
        }
        self.path.mkdir(parents=True, exist_ok=True)
        write_text(self.options_file, json.dumps(about, indent=2, ensure_ascii=False) + "\n")
        write_mark(self.mark, "sequences", sequences)
        delete_leftovers(self.path, age=0.0)
        delete_leftovers(self.cache)  # a test, which holds no lock, may write one there now
        for folder in self.folders:
            folder.mkdir(exist_ok=True)
            for leftover in folder.glob(".partial-*"):
                if is_unfinished(leftover.name, sequences):
                    delete_whole(leftover)

    def recorded_options(self) -> Options | None:
        """The options of the run in this directory; None if there is no options.json.

        Raises:
            RunError: options.json cannot be read, or is not one that this program wrote.
        """
        if not os.path.lexists(self.options_file):
            return None
        options, error = self._options_or_error()
        if options is None:
            raise RunError(
                f"{self.options_file} cannot be read as the options of a run ({error}); restore "
                "it, start again with --overwrite True, or choose another --output_dir"
            )
        return options

    def difference_to(self, options: Options, ignored: Collection[str] = ()) -> str:
        """How the options in options.json differ from these; "" if they do not.

        Args:
            ignored: the names of options that may differ.
        """
        if not os.path.lexists(self.options_file):
            return f"{self.options_file} is gone"
        recorded, error = self._options_or_error()
        if recorded is None:
            return f"{self.options_file} cannot be read ({error})"
        theirs, ours = recorded.lasting(), options.lasting()
        whole = theirs.with_whole_paths(), ours.with_whole_paths()
        if shortest_step(theirs) == shortest_step(ours):  # it has not acted on any epoch
            ignored = {*ignored, "step_follows_rate"}
        differing = [
            f"--{name} {getattr(theirs, name)} instead of {getattr(ours, name)}"
            for name in FIELDS
            if name not in ignored and len({getattr(one, name) for one in whole}) > 1
        ]
        return f"{self.options_file} has {', '.join(differing)}" if differing else ""

    def _options_or_error(self) -> tuple[Options | None, str]:
        """The options in options.json, or None and why they cannot be read."""
        try:
            return Options.from_json(json.dumps(read_about(self.options_file)["options"])), ""
        except (ValueError, OSError, RecursionError, RunError) as error:
            return None, " ".join(str(error).split())

    def _command_lines(self) -> list[list[str]]:
        """The command lines in options.json; none if it cannot be read."""
        if self._options_or_error()[0] is None:
            return []
        lines = read_about(self.options_file)["command_lines"]
        return lines if isinstance(lines, list) else []

    def sequences(self) -> list[str]:
        """The names of the training sequences in their order, from the mark.

        Earlier versions wrote no mark. Their sequences have a video, a GIF and a contact sheet.
        """
        if (marked := read_mark(self.mark, "sequences")) is not None:
            return marked
        kinds = (".mp4", ".gif", ".png")
        return sorted(
            path.stem
            for path in self.observed_sequence.glob("*.png")
            if all(path.with_suffix(kind).is_file() for kind in kinds)
        )


def read_about(path: Path) -> dict[str, Any]:
    """The content of an options.json, with at least "options" and "command_lines".

    Raises:
        ValueError: it is damaged, or another program wrote it (`OF_OTHERS`).
        OSError, RecursionError, RunError: it cannot be read.
    """
    refuse_special(path)
    about = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=each_once)
    if not isinstance(about, dict) or not about.keys() >= {"options", "command_lines"}:
        raise ValueError(OF_OTHERS)
    return about


def written(sequences: Sequence[str]) -> dict[str, str]:
    """What training writes: for each folder, a regular expression of the paths in it.

    Unfinished files are included. Earlier versions put .partial- before the final name.
    """
    names = f"({'|'.join(map(re.escape, sequences)) or '(?!)'})"
    patterns = {
        "observed_sequence": rf"{names}\.{PICTURES}",
        "synthesis_sequence": r"epoch_\d{5,}_(reconstruction|synthesis|recovered)\.png",
        "final_result": rf"evaluation\.csv|recovery_error\.csv|overview\.{PICTURES}"
        rf"|{names}/({IN_SEQUENCE})",
        "model": checkpoints.FILES,
        "log": r"events\.out\.tfevents\.\d{9,}\..*",
    }
    return {
        folder: rf"{PARTIAL_NAME}(/.*)?|(\.partial-)?({pattern})"
        for folder, pattern in patterns.items()
    }


def is_unfinished(name: str, sequences: Sequence[str]) -> bool:
    """Whether a killed training, also one of an earlier version, left this name in a folder."""
    final = name.removeprefix(".partial-")
    if re.fullmatch(PARTIAL_NAME, name) or final in sequences:
        return True
    return any(re.fullmatch(pattern, final) for pattern in written(sequences).values())


def _in_utf8(text: str) -> str:
    """A text of the command line. Bytes that are not UTF-8 are written as \\xe9."""
    return os.fsencode(text).decode(errors="backslashreplace")


def result_name(result: str) -> str:
    """The name of the folder of a test's results, for `Experiment.result`."""
    return f"final_result_{result or 'testing'}"


def installed_versions() -> dict[str, str]:
    """The versions of the packages that a run depends on, or "unknown"."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "unknown"
    return versions


def git_revision() -> str | None:
    """The git revision of this program, with "-dirty" if files differ; None outside a checkout."""
    root = Path(__file__).resolve().parents[2]
    try:
        # Another repository may hold a copy of this program among its files.
        way_to_root_of_repository = _git(root, "rev-parse", "--show-cdup")
        if way_to_root_of_repository:
            return None
        return _git(root, "describe", "--always", "--dirty", "--abbrev=40")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *words: str) -> str:
    """What a git command prints. Raises OSError or SubprocessError if it fails or hangs."""
    command = ["git", "-C", str(folder), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()
