"""The complete state of a run between two epochs, written to and read from a checkpoint."""

import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from model.calibration import Calibrated
from model.emission import Moments, Statistics
from model.latents import Latents
from util.data.clip_facts import ClipFormat, believed
from util.data.videos import RATES
from util.options.command_line import refuse_unusable
from util.options.experiment import Experiment, Experiments
from util.options.schema import Options
from util.runs.checkpoints import load
from util.system.errors import CommandLineError, RunError
from util.system.names import safe_names

# The options that change the statistics.
CALIBRATED_FOR = ("start_in_test", "motion_type_in_test", "innovations_in_test")
_LATENTS = "latents/"
_CALIBRATED = "calibrated/beginning/layer_", "calibrated/layer_"  # as the fields of Calibrated
_FORMATS = "clip_formats"  # float64 [N, 2]: frames per second or 0, width over height


class RunState(NamedTuple):
    """The state that a resumed training and a test need.

    Fields:
        epoch: the number of epochs done.
        options: the options of the run.
        sequence_names: the names of the N training sequences.
        clips_digest: the fingerprint of the training clips, see `Clips`.
        latents: the latents of all training sequences, which are the persistent chains.
        variables: weights, moving averages of the normalisation and Adam's moments, by name.
        recovery_samples: the `samples` of `Recovery`; None if no pixel is missing.
        calibrated: the calibrated statistics of the emission network; None if the options ask
            for other ones, if an earlier version wrote the checkpoint, or if it was saved because
            a worker died.
        formats: how each training sequence plays; None if an earlier version wrote the checkpoint.
    """

    epoch: int
    options: Options
    sequence_names: list[str]
    clips_digest: str
    latents: Latents
    variables: dict[str, np.ndarray]
    recovery_samples: np.ndarray | None = None
    calibrated: Calibrated | None = None
    formats: list[ClipFormat] | None = None

    def calibrated_for(self, options: Options, experiment: Experiment) -> Calibrated | None:
        """The calibrated statistics, if they fit the videos that a call samples; None otherwise."""
        fit = all(
            getattr(options, name) == getattr(self.options, name)
            for name in CALIBRATED_FOR
            if name in experiment.uses
        )
        return self.calibrated if fit else None

    def format_of(self, row: int) -> ClipFormat:
        """How a training sequence plays, as far as it is known."""
        return self.formats[row] if self.formats else ClipFormat()

    def arrays(self) -> dict[str, np.ndarray]:
        """The state as the named arrays of a checkpoint."""
        samples = self.recovery_samples
        return {
            **self.variables,
            **({} if samples is None else {"recovery_samples": samples}),
            **({} if self.calibrated is None else _from_calibrated(self.calibrated)),
            **{_LATENTS + name: value for name, value in self.latents._asdict().items()},
            **({} if self.formats is None else {_FORMATS: _as_array(self.formats)}),
            "epoch": np.asarray(self.epoch, np.int64),
            "options": np.asarray(self.options.lasting().to_json().encode(), object),
            "sequence_names": np.asarray([name.encode() for name in self.sequence_names], object),
            "clips_digest": np.asarray(self.clips_digest.encode(), object),
        }


def read_state(checkpoint: Path, experiments: Experiments | None = None) -> RunState:
    """Read a checkpoint. Everything in it is checked, because anybody may have written it.

    The names of the sequences are made safe (`safe_names`), because they become names of files.

    Args:
        experiments: the records of the experiments. With them, the options must be possible ones.

    Raises:
        UnreadableCheckpoint: the checkpoint is damaged.
        RunError: the checkpoint was not written by this program.
    """
    arrays: dict[str, Any] = load(checkpoint)
    try:
        state = _state_in(arrays)
        if experiments is not None:
            refuse_unusable(state.options, experiments)
    except (KeyError, TypeError, ValueError, AttributeError, CommandLineError) as error:
        missing = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise RunError(
            f"checkpoint {checkpoint} is of another model: {missing}; name one that this program "
            "wrote"
        ) from error
    return state


def _state_in(arrays: dict[str, Any]) -> RunState:
    """The state that the arrays of a checkpoint hold; `arrays` is used up.

    Raises:
        KeyError: an array is missing.
        ValueError: an array has another type or shape than the options ask for.
    """
    epoch = arrays.pop("epoch")
    if np.ndim(epoch) != 0 or not np.issubdtype(np.asarray(epoch).dtype, np.integer) or epoch < 0:
        raise ValueError("its epoch is not a number")
    options = Options.from_json(_text("options", arrays.pop("options")))
    names = arrays.pop("sequence_names")
    if np.ndim(names) != 1 or not len(names):
        raise ValueError("its sequence_names are not a list")
    latents = Latents(*(arrays.pop(_LATENTS + name) for name in Latents._fields))
    count = len(names)
    expected = Latents(
        (count, options.num_frames, options.z_size),
        (count, options.state_size),
        (count, options.content_size),
        (count, options.motion_type_size),
    )
    for name, values, shape in zip(Latents._fields, latents, expected, strict=True):
        _refuse_other_array(_LATENTS + name, values, np.float32, shape)
    samples = arrays.pop("recovery_samples", None)
    if samples is not None:
        _refuse_other_array("recovery_samples", samples, np.uint8, np.shape(samples))
    clips_digest = _text("clips_digest", arrays.pop("clips_digest"))
    formats = arrays.pop(_FORMATS, None)
    if formats is not None:
        _refuse_other_array(_FORMATS, formats, np.float64, (count, len(ClipFormat._fields)))
    calibrated = _calibrated_in(arrays)
    for name, values in arrays.items():
        _refuse_other_array(name, values, np.float32, np.shape(values))
    return RunState(
        epoch=int(epoch),
        options=options,
        sequence_names=safe_names([_text("sequence_names", name) for name in names]),
        clips_digest=clips_digest,
        latents=latents,
        recovery_samples=samples,
        calibrated=calibrated,
        formats=None if formats is None else _from_array(formats),
        variables=arrays,
    )


def _as_array(formats: list[ClipFormat]) -> np.ndarray:
    return np.asarray([(rate or 0, proportions) for rate, proportions in formats], np.float64)


def _from_array(formats: np.ndarray) -> list[ClipFormat]:
    """The formats in a checkpoint.

    Raises:
        ValueError: a rate or proportions that no clip has.
    """
    for rate, proportions in formats:
        if not (rate == 0 or RATES[0] <= rate <= RATES[1]) or not 0 < proportions < math.inf:
            raise ValueError(f"its {_FORMATS} has {rate:g} and {proportions:g}")
    return [ClipFormat(float(rate) or None, believed(float(shape))) for rate, shape in formats]


def _text(name: str, value: Any) -> str:
    if not isinstance(value, bytes):
        raise ValueError(f"its {name} is not a text")
    return value.decode()


def _refuse_other_array(name: str, values: Any, dtype: type, shape: tuple[int, ...]) -> None:
    """Raises ValueError if an array has another type or shape, or a number that is not finite."""
    found = np.asarray(values)
    if found.dtype != dtype or found.shape != shape:
        raise ValueError(
            f"its {name} is {found.dtype} {found.shape}, not {np.dtype(dtype)} {shape}"
        )
    if not np.isfinite(found).all():
        raise ValueError(f"its {name} is not finite")


def _from_calibrated(calibrated: Calibrated) -> dict[str, np.ndarray]:
    """Calibrated statistics as the named arrays of a checkpoint."""
    return {
        f"{prefix}{layer}/{name}": value
        for prefix, statistics in zip(_CALIBRATED, calibrated, strict=True)
        for layer, moments in enumerate(statistics, start=1)
        for name, value in moments._asdict().items()
    }


def _calibrated_in(arrays: dict[str, Any]) -> Calibrated | None:
    """Remove the calibrated statistics from the arrays of a checkpoint and return them.

    A checkpoint of an earlier version has none, or only those of a long sample.
    """
    beginning, later = (_statistics_in(arrays, prefix) for prefix in _CALIBRATED)
    return Calibrated(beginning, later) if beginning and later else None


def _statistics_in(arrays: dict[str, Any], prefix: str) -> Statistics:
    statistics: list[Moments] = []
    while f"{prefix}{len(statistics) + 1}/mean" in arrays:
        layer = f"{prefix}{len(statistics) + 1}/"
        moments = Moments(*(arrays.pop(layer + name) for name in Moments._fields))
        for name, values in moments._asdict().items():
            _refuse_other_array(layer + name, values, np.float32, (np.size(values),))
        statistics.append(moments)
    return statistics
