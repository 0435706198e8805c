"""The complete state of a run between two epochs, written to and read from a checkpoint."""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from model.emission import Moments, Statistics
from model.latents import Latents
from util.options.schema import Options
from util.runs.checkpoints import load
from util.system.errors import RunError

_LATENTS = "latents/"
_STATISTICS = "calibrated/layer_"


class RunState(NamedTuple):
    """The state that a resumed training and a test need.

    Fields:
        epoch: the number of epochs done.
        options: the options of the run.
        sequence_names: the names of the N training sequences.
        clips_digest: the fingerprint of the training clips, see `digest`.
        latents: the latents of all training sequences, which are the persistent chains.
        variables: weights, moving averages of the normalisation and Adam's moments, by name.
        recovery_samples: the `samples` of `Recovery`; None if no pixel is missing.
        statistics: the calibrated statistics of the emission network; None if the options ask
            for other ones, or if an earlier version wrote the checkpoint.
    """

    epoch: int
    options: Options
    sequence_names: list[str]
    clips_digest: str
    latents: Latents
    variables: dict[str, np.ndarray]
    recovery_samples: np.ndarray | None = None
    statistics: Statistics | None = None

    def arrays(self) -> dict[str, np.ndarray]:
        """The state as the named arrays of a checkpoint."""
        samples = self.recovery_samples
        return {
            **self.variables,
            **({} if samples is None else {"recovery_samples": samples}),
            **{
                f"{_STATISTICS}{layer}/{name}": value
                for layer, moments in enumerate(self.statistics or [], start=1)
                for name, value in moments._asdict().items()
            },
            **{_LATENTS + name: value for name, value in self.latents._asdict().items()},
            "epoch": np.asarray(self.epoch, np.int64),
            "options": np.asarray(self.options.lasting().to_json().encode(), object),
            "sequence_names": np.asarray([name.encode() for name in self.sequence_names], object),
            "clips_digest": np.asarray(self.clips_digest.encode(), object),
        }


def read_state(checkpoint: Path) -> RunState:
    """Read a checkpoint.

    Raises:
        UnreadableCheckpoint: the checkpoint is damaged.
        RunError: the checkpoint was not written by this program.
    """
    arrays: dict[str, Any] = load(checkpoint)
    try:
        return RunState(
            epoch=int(arrays.pop("epoch")),
            options=Options.from_json(arrays.pop("options")),
            sequence_names=[name.decode() for name in arrays.pop("sequence_names")],
            clips_digest=arrays.pop("clips_digest").decode(),
            latents=Latents(*(arrays.pop(_LATENTS + name) for name in Latents._fields)),
            recovery_samples=arrays.pop("recovery_samples", None),
            statistics=_statistics_in(arrays),
            variables=arrays,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(
            f"checkpoint {checkpoint} is of another model: it has no usable {error}; "
            "name one that this program wrote"
        ) from error


def _statistics_in(arrays: dict[str, Any]) -> list[Moments] | None:
    """Remove the calibrated statistics from the arrays of a checkpoint and return them."""
    statistics: list[Moments] = []
    while f"{_STATISTICS}{len(statistics) + 1}/mean" in arrays:
        layer = f"{_STATISTICS}{len(statistics) + 1}/"
        statistics.append(Moments(*(arrays.pop(layer + name) for name in Moments._fields)))
    return statistics or None


def digest(frames: np.ndarray, missing: np.ndarray | None = None) -> str:
    """The SHA-256 fingerprint of training frames and their missing pixels."""
    fingerprint = hashlib.sha256(np.ascontiguousarray(frames).data)
    if missing is not None:
        fingerprint.update(np.ascontiguousarray(missing).data)
    return fingerprint.hexdigest()
