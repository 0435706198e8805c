"""What the command line has to know about an experiment: one record, free of TensorFlow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Experiment:
    """An experiment.

    Fields:
        summary: one sentence for --help.
        module: the module that runs it, imported once TensorFlow has started. It has `test` and
            `check`, and `train` where the experiment trains.
        presets: where its defaults differ from those of `Options`.
        uses: the options that it looks at and that not all experiments look at.
        result: the last word in the name of a test's result folder, final_result_<result> or
            test/<result>; "" for the published names, final_result_testing and test/synthesis.
        trains: whether it trains. One that does not only tests a checkpoint of another.
        misses_pixels: whether pixels are missing (--training_mode incomplete).
        truth_in_clips: whether the clips themselves hold the truth under the masks.
        encodes: whether an encoder maps a still image to the appearance vector and start state.
    """

    summary: str
    module: str
    presets: Mapping[str, Any] = field(default_factory=dict)
    uses: tuple[str, ...] = ()
    result: str = ""
    trains: bool = True
    misses_pixels: bool = False
    truth_in_clips: bool = False
    encodes: bool = False

    @property
    def training_mode(self) -> str:
        """The one value of --training_mode that this experiment works in."""
        return "incomplete" if self.misses_pixels else "complete"

    @property
    def defaults(self) -> dict[str, Any]:
        """The presets, and what follows from the record."""
        follows: dict[str, Any] = {}
        if self.misses_pixels:
            follows["training_mode"] = self.training_mode
        if not self.trains:
            follows["isTraining"] = False
        return {**self.presets, **follows}


Experiments = Mapping[str, Experiment]
