"""The directory of a run, <output_dir>/<category>/, and its file options.json."""

import importlib.metadata
import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from util.options.schema import Options
from util.system.atomic import write_text
from util.system.errors import RunError

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
        options_file: options.json with all options, versions and command lines.
    """

    def __init__(self, path: Path):
        self.path = path
        self.observed_sequence = path / "observed_sequence"
        self.synthesis_sequence = path / "synthesis_sequence"
        self.final_result = path / "final_result"
        self.models = path / "model"
        self.log = path / "log"
        self.options_file = path / "options.json"

    @property
    def folders(self) -> list[Path]:
        return [
            self.observed_sequence,
            self.synthesis_sequence,
            self.final_result,
            self.models,
            self.log,
        ]

    def holds_run(self) -> bool:
        """Whether a training has already written here."""
        return self.options_file.exists() or any(folder.exists() for folder in self.folders)

    def clear(self) -> None:
        """Delete the files of training, and nothing else.

        Raises:
            RunError: there is no options.json, so the folders may not belong to a run.
        """
        if self.holds_run() and not self.options_file.exists():
            raise RunError(
                f"{self.path} has no options.json, so it may not be a run's; remove it yourself "
                "or choose another --output_dir"
            )
        for folder in self.folders:
            if folder.exists():
                shutil.rmtree(folder)
        self.options_file.unlink(missing_ok=True)

    def prepare(self, options: Options) -> None:
        """Create the folders, write options.json and delete unfinished files of an earlier run.

        options.json keeps the command lines of earlier calls.
        """
        earlier = self._read()["command_lines"] if self.options_file.exists() else []
        about = {
            "options": json.loads(options.to_json()),
            "command_lines": [*earlier, sys.argv],
            "versions": {"python": platform.python_version(), **installed_versions()},
            "git_revision": git_revision(),
        }
        self.path.mkdir(parents=True, exist_ok=True)
        write_text(self.options_file, json.dumps(about, indent=2, ensure_ascii=False) + "\n")
        for folder in self.folders:
            folder.mkdir(exist_ok=True)
            for leftover in folder.glob(".partial-*"):
                if leftover.is_dir():
                    shutil.rmtree(leftover)
                else:
                    leftover.unlink()

    def recorded_options(self) -> Options | None:
        """The options of the run in this directory; None if there is no options.json.

        Raises:
            RunError: options.json cannot be read.
        """
        if not self.options_file.exists():
            return None
        try:
            return Options.from_json(json.dumps(self._read()["options"]))
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(
                f"{self.options_file} cannot be read as the options of a run ({error}); restore "
                "it, start again with --overwrite True, or choose another --output_dir"
            ) from error

    def _read(self) -> dict:
        return json.loads(self.options_file.read_text(encoding="utf-8"))


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
    here = Path(__file__).parent
    try:
        described = subprocess.run(
            ["git", "-C", str(here), "describe", "--always", "--dirty", "--abbrev=40"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return described.stdout.strip()


def free_name(folder: Path) -> Path:
    """`folder`; if it exists, the first free name of folder_2, folder_3, …"""
    number, free = 1, folder
    while free.exists():
        number += 1
        free = folder.with_name(f"{folder.name}_{number}")
    return free
