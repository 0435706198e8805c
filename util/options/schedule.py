"""The schedules: sets of defaults for how long, in what steps and in what precision to train.

A row of `SCHEDULES` is a value of --schedule. Its defaults replace those of `Options` and of the
experiment; flags on the command line replace them in turn. Defaults of a schedule that differ
between experiments, such as the number of epochs, stand in the records of the experiments.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from util.system.processor import is_faster_in_bfloat16


class Schedule(NamedTuple):
    """A row of `SCHEDULES`.

    Fields:
        summary: one sentence for --help.
        defaults: the defaults of all experiments.
        bfloat16: whether the precision is bfloat16 on a processor that is faster in it.
    """

    summary: str
    defaults: Mapping[str, Any]
    bfloat16: bool

    def precision_here(self) -> dict[str, Any]:
        """The default of the precision on this machine; {} if the schedule does not change it."""
        return {"precision": "bfloat16"} if self.bfloat16 and is_faster_in_bfloat16() else {}


SCHEDULES = {
    "fast": Schedule(
        summary="the settings with the best videos for the time, as measured",
        defaults={
            "sample_steps": 1,
            "clip_drift": 1.0,
            "step_follows_rate": 0.1,
            "beta2_gen": 0.9,
            "clip_gradient": 2.0,
        },
        bfloat16=True,
    ),
    "published": Schedule(summary="the settings of the paper", defaults={}, bfloat16=False),
}
