"""Arrays that are read and converted piece by piece, so that they need not fit into memory."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np


class Indexable(Protocol):
    """An array [N, …] that gives a NumPy array where it is indexed; a NumPy array is one, too."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, index: Any, /) -> Any: ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Any]: ...


class Pieces:
    """An array [N, …] of which each piece is converted where it is indexed."""

    def __init__(self, stored: Indexable, convert: Callable[[np.ndarray], np.ndarray]):
        """Take any array. `convert` must not change the shape."""
        self._stored, self._convert = stored, convert

    @property
    def shape(self) -> tuple[int, ...]:
        return self._stored.shape

    def __len__(self) -> int:
        return len(self._stored)

    def __getitem__(self, index: Any) -> np.ndarray:
        return self._convert(self._stored[index])

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[index] for index in range(len(self)))


class OneByOne:
    """An array [N, …] of which each sequence is computed where it is indexed."""

    def __init__(self, compute: Callable[[int], np.ndarray], shape: tuple[int, ...]):
        """Take the function that gives the sequence of a number from 0, and the whole shape."""
        self._compute, self.shape = compute, shape

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int | slice) -> np.ndarray:
        if isinstance(index, slice):
            return np.stack([self._compute(one) for one in range(len(self))[index]])
        return self._compute(range(len(self))[index])

    def __iter__(self) -> Iterator[np.ndarray]:
        return map(self._compute, range(len(self)))
