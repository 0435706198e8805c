"""Pairs of training sequences, for interpolation and transfer."""

from collections.abc import Iterator
from typing import NamedTuple

from util.options.schema import DEFAULT_PAIRS, pairs_of, refuse_impossible_pairs
from util.runs.loading import LoadedCheckpoint, LoadedRun
from util.system.names import shortened


class Pair(NamedTuple):
    """The numbers of two training sequences, from 0, and the name of the result."""

    first: int
    second: int
    name: str


def check_pairs(checkpoint: LoadedCheckpoint) -> None:
    """Raises CommandLineError for fewer than two appearances, or for an unknown sequence."""
    count = len(checkpoint.state.sequence_names)
    refuse_impossible_pairs(checkpoint.options, count, f"checkpoint {checkpoint.path}")


def pairs(run: LoadedRun) -> Iterator[Pair]:
    """Yield the pairs of --pairs. If it is left out, yield up to four pairs: 0:1, 2:3, …"""
    names = run.checkpoint.state.sequence_names
    last = min(len(names), 2 * DEFAULT_PAIRS) - 1
    neighbours = [(first, first + 1) for first in range(0, last, 2)]
    for first, second in pairs_of(run.options.pairs) or neighbours:
        yield Pair(first, second, shortened(f"{names[first]}_to_{names[second]}"))
