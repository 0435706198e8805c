"""The folders of the cases: clips, finished runs, and files of a user that must survive.

The root of a case holds

    work/       the working directory, with the clips and the run folder
    outside/    files that no case may touch
    temporary/  TMPDIR
    home/       HOME
"""

import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import numpy as np
from PIL import Image
from support.command_line import encode, flags, moving_pattern
from support.processes import Child, Ended, Server

from faults.judging import OF_A_USER, RUN
from faults.trees import Tree, contents, files, tree

LOSSLESS = ("-c:v", "ffv1", "-pix_fmt", "bgr0")
EPOCHS = 6
# The fewest computations that use every part of a training.
SMALLEST: dict[str, Any] = {
    "category": "waves",
    "image_size": 8,
    "num_frames": 4,
    "truncated_backprop_length": 2,
    "state_size": 4,
    "z_size": 3,
    "sample_steps": 1,
    "num_epochs": EPOCHS,
    "log_step": 2,
    "num_sections_in_test": 1,
    "num_batches_in_test": 1,
    "normalization_in_test": "batch",
    "baseline_states": 1,
}
TRAIN = flags(**SMALLEST)
ONE_EPOCH = flags(**{**SMALLEST, "num_epochs": 1})
RESUME = flags(category="waves", resume=True)
TEST = flags(category="waves", isTraining=False)
MASKED = {
    "experiment": "recovery",
    "data_path": "trainingVideo/dynamicTexture",
    "mask_path": "masks",
    "output_dir": "output_synthesis",
    "average_last": 1,
    "num_epochs": 1,
}
ANIMATED = {
    "experiment": "animation",
    "data_path": "trainingVideo/dynamicTexture",
    "num_epochs": 1,
    "content_size": 2,
}
LAST = rf"{RUN}/model/model\.ckpt-{EPOCHS}\..*"


class Place(NamedTuple):
    """The folders of a case."""

    root: Path

    @property
    def work(self) -> Path:
        return self.root / "work"

    @property
    def outside(self) -> Path:
        return self.root / "outside"

    @property
    def clips(self) -> Path:
        """The category's folder."""
        return self.work / "trainingVideo" / "dynamicTexture" / "waves"

    @property
    def masks(self) -> Path:
        """The category's folder of masks."""
        return self.work / "masks" / "waves"

    @property
    def run(self) -> Path:
        """The run folder."""
        return self.root / RUN

    @property
    def models(self) -> Path:
        return self.run / "model"

    def environment(self) -> dict[str, str]:
        return {"TMPDIR": str(self.root / "temporary"), "HOME": str(self.root / "home")}


Make = Callable[[Place, Random], None]


def pattern(length: int = 7) -> np.ndarray:
    """The frames of the good clip, uint8 [length, 12, 12, 3]."""
    return moving_pattern(1, length)


def good(place: Place, _: Random) -> None:
    """Change nothing: the clip, the mask, the image and the run stay as they are."""


def write_images(folder: Path, frames: Iterable[np.ndarray], suffix: str = ".png") -> None:
    """Write frames as numbered images, from 0."""
    folder.mkdir(parents=True)
    for number, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / f"{number:03d}{suffix}")


def make_place(root: Path) -> Place:
    """Make the clip, a mask, an image, and the files of a user."""
    place = Place(root)
    place.clips.mkdir(parents=True)
    place.masks.mkdir(parents=True)
    for folder in (place.outside, root / "temporary", root / "home"):
        folder.mkdir()
    encode(place.clips / "ripples.avi", pattern(), *LOSSLESS)
    np.save(place.masks / "mask.npy", good_mask())
    Image.fromarray(pattern()[0]).save(place.work / "still.png")
    for folder in (root, place.outside, place.work, place.work / "trainingVideo"):
        (folder / f"{OF_A_USER}.txt").write_text("precious")
    return place


def good_mask() -> np.ndarray:
    """A square that is missing, bool [12, 12, 7]: height, width, frames."""
    mask = np.zeros((12, 12, 7), bool)
    mask[2:6, 3:9] = True
    return mask


def plant(place: Place) -> None:
    """Put files of a user into every folder of a run."""
    for folder in (place.run, *(path for path in place.run.rglob("*") if path.is_dir())):
        (folder / f"{OF_A_USER}.txt").write_text("precious")


# --- What is compared ---


def observed(found: Tree) -> list[str]:
    """The clips as the model saw them, without labelled pictures: they show names."""
    return contents(found, rf"{RUN}/observed_sequence/.*\.(gif|mp4)")


def weights(found: Tree) -> Tree:
    """The last checkpoint and the final result, byte for byte."""
    return files(found, LAST) | files(found, rf"{RUN}/final_result/(?!.*{OF_A_USER}).*")


def tested(found: Tree) -> list[str]:
    """The videos of the first test, without labelled ones."""
    folders = r"(final_result_(testing|animation)|test/\w+)"
    return contents(found, rf"{RUN}/{folders}/(?!overview).*\.(gif|mp4)")


# --- Beginnings ---


class Start(NamedTuple):
    """What a case begins with, and what is compared at its end.

    Fields:
        arguments: its usual command line.
        result: what is compared.
        before: the command line that made the run that it begins with; empty for none.
        cut: whether the run has lost its last checkpoint and its result, so that it can go on.
    """

    arguments: list[str]
    result: Callable[[Tree], Any]
    before: list[str]
    cut: bool = False


STARTS = {
    "clips": Start(ONE_EPOCH, observed, []),
    "masks": Start(flags(**{**SMALLEST, **MASKED, "mask_file": "mask.npy"}), observed, []),
    "images": Start(
        [*TEST, *flags(experiment="animation", image="still.png")],
        tested,
        flags(**{**SMALLEST, **ANIMATED}),
    ),
    "resume": Start(RESUME, weights, TRAIN, cut=True),
    "overwrite": Start([*TRAIN, "--overwrite"], weights, TRAIN),
    "test": Start(TEST, tested, TRAIN),
}


class Stage:
    """Makes the places of cases, runs command lines in them, and knows the results of good twins.

    Attributes:
        limit: seconds after which a process counts as hung.
        seconds: how long each moment of `kills.py` lasts; filled there.
    """

    def __init__(self, server: Server, limit: float):
        self.server, self.limit = server, limit
        self._folder = Path(tempfile.mkdtemp(prefix="faults-"))
        self._folder.chmod(0o755)  # a case may run as another user
        self.output = self._folder / "output"
        self.output.mkdir()
        self._made: dict[str, Path] = {}
        self._twins: dict[Any, Any] = {}
        self._count = 0
        self.seconds: dict[str, float] = {}

    def close(self) -> None:
        """Delete everything."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def place(self, start: str) -> Place:
        """A new place with the clips and, if the start has one, its run."""
        self._count += 1
        root = self._folder / f"case-{self._count}"
        before, cut = STARTS[start].before, STARTS[start].cut
        shutil.copytree(self.finished(before), root)
        place = Place(root)
        if cut:
            shutil.rmtree(place.run / "final_result")
            for file in place.models.glob(f"model.ckpt-{EPOCHS}.*"):
                file.unlink()
            (place.models / "checkpoint").unlink(missing_ok=True)
        if before:
            plant(place)
        return place

    def remove(self, place: Place) -> None:
        shutil.rmtree(place.root, ignore_errors=True)

    def finished(self, arguments: list[str]) -> Path:
        """A place with the run that a command line makes; it is made only once."""
        key = " ".join(arguments)
        if key not in self._made:
            root = self._folder / f"good-{len(self._made)}"
            place = make_place(root)
            if arguments:
                self.good_run(place, arguments)
            self._made[key] = root
        return self._made[key]

    def undisturbed(self) -> Tree:
        """The files of a training that nothing disturbed."""
        if "undisturbed" not in self._twins:
            self._twins["undisturbed"] = tree(self.finished(TRAIN))
        return self._twins["undisturbed"]

    def start(self, place: Place, arguments: list[str], **process: Any) -> Child:
        """Start a command line in a place."""
        environment = place.environment()
        return Child(self.server, place.work, self.output, arguments, environment, **process)

    def run(self, place: Place, arguments: list[str], **process: Any) -> Ended:
        """Run a command line to its end."""
        return self.start(place, arguments, **process).end(self.limit)

    def good_run(self, place: Place, arguments: list[str]) -> None:
        """Run a command line that must succeed."""
        ended = self.run(place, arguments)
        if ended.returncode:
            raise RuntimeError(f"a good twin failed: {arguments}: {ended}")

    def twin(self, start: str, make: Make, arguments: list[str] | None = None) -> Any:
        """What is compared, of a good twin; each is run only once."""
        arguments = STARTS[start].arguments if arguments is None else arguments
        key = (start, make, " ".join(arguments))
        if key not in self._twins:
            if start == "resume":
                self._twins[key] = weights(self.undisturbed())
            else:
                place = self.place(start)
                make(place, Random(0))
                self.good_run(place, arguments)
                self._twins[key] = STARTS[start].result(tree(place.root))
                self.remove(place)
        return self._twins[key]
