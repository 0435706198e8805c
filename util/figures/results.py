"""The finished runs of a figure, and the videos and tables in them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import numpy as np

from util.data.clip_facts import ClipFacts, ClipFormat, facts_of
from util.data.kinds import stills_in
from util.data.stills import image_frames
from util.options.schema import Options
from util.pictures.encoding import FRAMES_PER_SECOND
from util.pictures.showing import shaped
from util.runs.run_directory import RunDirectory
from util.system.errors import RunError
from util.system.explanations import first_line
from util.system.whole_table import read_whole_table


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
            RunError: it is gone or damaged.
        """
        folder = self.run.final_result / sequence / kind
        if not folder.is_dir():
            raise self._gone(folder)
        count, length = len(stills_in(folder)), self._facts(sequence, kind).length
        if count != length:
            raise self._gone(folder, f"damaged (it has {count} of {length} frames)")
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
        """The rows of a table in final_result. Raises RunError if it is gone or damaged."""
        return self._rows(self.run.final_result / name)

    def tested_table(self, name: str) -> Sequence[dict[str, str]]:
        """The rows of a table of the test. Raises RunError if it is gone or damaged."""
        return self._rows(self.tested(name))

    def _rows(self, path: Path) -> Sequence[dict[str, str]]:
        if not path.is_file():
            raise self._gone(path)
        try:
            return read_whole_table(path)[1]
        except ValueError as error:
            raise self._gone(path, f"damaged ({error})") from error

    def format_of(self, sequence: str) -> ClipFormat:
        """How the run shows a sequence."""
        return self._facts(sequence, "observed").format

    def _facts(self, sequence: str, kind: str) -> ClipFacts:
        video = self.run.final_result / sequence / f"{kind}.mp4"
        if not video.is_file():
            raise self._gone(video)
        return facts_of(video)

    def _gone(self, path: Path, how: str = "gone") -> RunError:
        folder = self.test if self.test and self.test in path.parents else self.run.final_result
        return RunError(
            f"{path} is {how}, so the figure cannot show it; delete {folder} and repeat the "
            "command, which writes these results again"
        )


@contextmanager
def refuse_damaged(results: Sequence[Result]) -> Iterator[None]:
    """Raises RunError if results turn out to be damaged while they are read."""
    try:
        yield
    except (ValueError, LookupError) as error:
        places = ", ".join(str(result.run.path) for result in results)
        raise RunError(
            f"a file of the results in {places} is damaged ({type(error).__name__}: "
            f"{first_line(error)}); delete the folders final_result* there and repeat the command, "
            "which writes these results again"
        ) from error
