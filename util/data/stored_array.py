"""An array in a .npy file that is mapped into memory: only the piece that is read is there."""

import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from util.system.regular_files import refuse_special


class StoredArray:
    """An array [N, …] in a file. It stays readable when the file loses its name.

    A piece is copied where it is indexed. Then the system may take the memory of the map back, so
    the map does not count as memory of the process.

    Attributes:
        shape: the shape of the whole array.
    """

    def __init__(self, path: Path, dtype: type, shape: tuple[int, ...]):
        """Open a file, which must hold an array of this type and shape.

        Raises:
            OSError: the file cannot be read.
            RunError: it is not a regular file.
            ValueError: it holds something else.
        """
        refuse_special(path)
        self.shape = shape
        with open(path, "rb") as file:
            if npy.read_magic(file) != (1, 0):
                raise ValueError("not a file of this program")
            about = npy.read_array_header_1_0(file)
            if about != (shape, False, np.dtype(dtype)):
                raise ValueError(f"an array {about}")
            start, size = file.tell(), int(np.prod(shape)) * np.dtype(dtype).itemsize
            if os.fstat(file.fileno()).st_size != start + size:
                raise ValueError("an array of another size")
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._array: np.ndarray = np.ndarray(shape, dtype, self._map, start)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> np.ndarray:
        piece = np.array(self._array[index])
        if hasattr(mmap, "MADV_DONTNEED"):  # not on Windows
            self._map.madvise(mmap.MADV_DONTNEED)
        return piece

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[index] for index in range(len(self)))


def write_header(file: Any, dtype: type, shape: tuple[int, ...]) -> None:
    """Begin a .npy file. The values follow in their order in memory."""
    about = {"descr": npy.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
    npy.write_array_header_1_0(file, about)
