"""The finished runs of a figure, and the videos and tables in them."""

import csv
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from util.data.clip_facts import ClipFormat, facts_of
from util.data.stills import image_frames
from util.options.schema import Options
from util.pictures.encoding import FRAMES_PER_SECOND
from util.pictures.showing import shaped
from util.runs.run_directory import RunDirectory
from util.system.errors import RunError


class Result:
    """A finished run that a figure shows.

    Attributes:
        name: the category, and the label of the training if it has one.
        run: the run directory.
        test: the folder of the test that the figure shows; None without a test.
    """

    def __init__(self, name: str, run: RunDirectory, test: Path | None = None):
        self.name = name
        self.run = run
        self.test = test

    @cached_property
    def options(self) -> Options:
        """The options of the run. Raises RunError if they are gone."""
        options = self.run.recorded_options()
        if options is None:
            raise self._gone(self.run.options_file)
        return options

    @cached_property
    def sequences(self) -> list[str]:
        """The names of the shown sequences, in the order of the clips."""
        names = self.run.sequences()[: self.options.results_for]
        if not names:
            raise self._gone(self.run.final_result)
        for name in names:
            if not (self.run.final_result / name).is_dir():
                raise self._gone(self.run.final_result / name)
        return names

    def has_table(self, name: str) -> bool:
        """Whether final_result has a table."""
        return (self.run.final_result / name).is_file()

    def video(self, sequence: str, kind: str) -> np.ndarray:
        """A video of a sequence, uint8 [T, H, W, 3]; `kind` is for example synthesized_1.

        It has the proportions in which the run shows its videos.

        Raises:
            RunError: it is gone or cannot be read.
        """
        folder = self.run.final_result / sequence / kind
        if not folder.is_dir():
            raise self._gone(folder)
        frames = np.stack([np.asarray(image) for image in image_frames(folder)])
        return shaped(frames, self.format_of(sequence).proportions)

    def kinds(self, sequence: str, beginning: str) -> list[str]:
        """The kinds of videos of a sequence whose names begin so, in the order of their numbers."""
        found = (self.run.final_result / sequence).glob(f"{beginning}*")
        kinds = (path.name for path in found if path.is_dir())
        return sorted(kinds, key=lambda kind: (len(kind), kind))

    def tested(self, name: str) -> Path:
        """A file of the test; "" for its folder. Raises RunError if it is gone."""
        path = (self.test or self.run.final_result) / name
        if not path.exists():
            raise self._gone(path)
        return path

    @cached_property
    def rates(self) -> list[float]:
        """The frames per second at which the videos of each sequence play."""
        return [self.format_of(name).rate or FRAMES_PER_SECOND for name in self.sequences]

    @property
    def rate(self) -> float:
        """The rate of the first sequence, at which the figure plays them all."""
        return self.rates[0]

    def table(self, name: str) -> Sequence[dict[str, str]]:
        """The rows of a table in final_result. Raises RunError if it is gone."""
        return self._rows(self.run.final_result / name)

    def tested_table(self, name: str) -> Sequence[dict[str, str]]:
        """The rows of a table of the test. Raises RunError if it is gone."""
        return self._rows(self.tested(name))

    def _rows(self, path: Path) -> Sequence[dict[str, str]]:
        if not path.is_file():
            raise self._gone(path)
        with open(path, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def format_of(self, sequence: str) -> ClipFormat:
        """How the run shows a sequence."""
        video = self.run.final_result / sequence / "observed.mp4"
        if not video.is_file():
            raise self._gone(video)
        return facts_of(video).format

    def _gone(self, path: Path) -> RunError:
        folder = self.test if self.test and self.test in path.parents else self.run.final_result
        return RunError(
            f"{path} is gone, so the figure cannot show it; delete {folder} and repeat the "
            "command, which writes these results again"
        )
