"""Pairs of training sequences, for interpolation and transfer."""

from collections.abc import Iterator
from typing import NamedTuple

from util.options.schema import DEFAULT_PAIRS, pairs_of, refuse_unknown_pairs
from util.runs.loading import LoadedCheckpoint, LoadedRun
from util.system.errors import CommandLineError
from util.system.names import shortened


class Pair(NamedTuple):
    """The numbers of two training sequences, from 0, and the name of the result."""

    first: int
    second: int
    name: str


def check_pairs(checkpoint: LoadedCheckpoint) -> None:
    """Raises CommandLineError for fewer than two appearances, or for an unknown sequence."""
    options, count = checkpoint.options, len(checkpoint.state.sequence_names)
    if options.content_size == 0 or count < 2:
        raise CommandLineError(
            f"--experiment {options.experiment} needs two appearances: {checkpoint.path} has "
            f"{count} sequences and --content_size {options.content_size}; train on several "
            "with --experiment action"
        )
    refuse_unknown_pairs(options.pairs, count, "the checkpoint")


def pairs(run: LoadedRun) -> Iterator[Pair]:
    """Yield the pairs of --pairs. If it is left out, yield up to four pairs: 0:1, 2:3, …"""
    names = run.checkpoint.state.sequence_names
    last = min(len(names), 2 * DEFAULT_PAIRS) - 1
    neighbours = [(first, first + 1) for first in range(0, last, 2)]
    for first, second in pairs_of(run.options.pairs) or neighbours:
        yield Pair(first, second, shortened(f"{names[first]}_to_{names[second]}"))
