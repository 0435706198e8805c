"""Diversity of the nearest-neighbour field: does the video copy the observed one?

For each of many space-time patches of the synthesized video, the nearest patch of the observed
video is found. The field of the offsets between the two is constant where the video is a copy, and
irregular where it is new. The size of the compressed field tells which. The idea is that of the
measure NNFDIV (Nikankin, Haim, Irani, *SinFusion: Training Diffusion Models on a Single Image or
Video*, ICML 2023). Videos are uint8 [T, H, W, 3]; they may differ in length.
"""

import math
import zlib
from functools import lru_cache

import numpy as np

from util.data.frames import to_model_range
from util.metrics.patches import can_be_cut, halve, patch_windows
from util.metrics.principal_components import PrincipalComponents, principal_components
from util.metrics.rounding import ROUNDING_VARIANCE

LARGEST_SIDE = 64  # pixels; frames are halved until their shorter side is smaller
TIME_STEP, SPACE_STEP = 3, 4  # between the patches of the synthesized video
MOST_TIMES = 40  # first frames of the patches of the synthesized video
COMPONENTS = 24  # of the patches; distances are measured in these
PATCHES_OF_COMPONENTS = 500  # the components are found from so many observed patches
SLACK = 2.0  # an offset is kept if the squared distance is at most so many times the smallest
DISTANCES_AT_ONCE = 2**25  # limits the memory


def diversity(synthesized: np.ndarray, observed: np.ndarray, _: int) -> float:
    """Compressed size of the field of offsets: 0 for a copy, about 1 for random offsets.

    A copy may be shifted in space or time, blurred, or darker: the offsets stay the same. Copied
    frames in random order count as diverse. The two ends of the scale are a constant field and the
    field of randomly chosen observed patches. The measure is NaN if a video has fewer than 3 frames
    or a side below 7 pixels, if the videos have too few patches for a scale, or if all observed
    patches are equal.
    """
    if not (can_be_cut(synthesized) and can_be_cut(observed)):
        return math.nan
    axes, patches = observed_patches(observed.tobytes(), observed.shape)
    if not axes.directions.size:
        return math.nan
    made = coarse(synthesized)
    queries = query_places(made)
    sources = nearest_places(projected(patch_windows(made)[tuple(queries)], axes), patches, queries)
    offsets = sources - queries
    constant = np.repeat(offsets[:, :1], offsets.shape[1], axis=1)
    random = random_places(patches, np.random.default_rng(1), offsets.shape[1]) - queries
    size, smallest, largest = map(compressed_size, (offsets, constant, random))
    return (size - smallest) / (largest - smallest) if largest > smallest else math.nan


@lru_cache(maxsize=2)  # most rows of a table are compared with the same video
def observed_patches(data: bytes, shape: tuple[int, ...]) -> tuple[PrincipalComponents, np.ndarray]:
    """The main components of the patches of a video, and all patches in these components.

    Args:
        data: the values of the video, uint8.

    Returns:
        The components, and float32 [frames, rows, columns, n].
    """
    windows = patch_windows(coarse(np.frombuffer(data, np.uint8).reshape(shape)))
    some = some_patches(windows, np.random.default_rng(0), PATCHES_OF_COMPONENTS)
    axes = principal_components(some, COMPONENTS)
    return axes, np.stack([projected(of_frame, axes) for of_frame in windows])


def coarse(video: np.ndarray) -> np.ndarray:
    """Frames in [-1, 1], halved until their shorter side is below `LARGEST_SIDE`."""
    frames = [to_model_range(frame) for frame in video]
    while min(frames[0].shape[:2]) >= LARGEST_SIDE:
        frames = [halve(frame) for frame in frames]
    return np.stack(frames)


def query_places(video: np.ndarray) -> np.ndarray:
    """Places (frame, row, column) of patches on a grid, int [3, n], column after column."""
    frames, rows, columns = patch_windows(video).shape[:3]
    number = min(-(-frames // TIME_STEP), MOST_TIMES)
    times = np.linspace(0, frames - 1, number).astype(int)
    grid = np.meshgrid(
        times, np.arange(0, rows, SPACE_STEP), np.arange(0, columns, SPACE_STEP), indexing="ij"
    )
    return np.stack(grid).reshape(3, -1)


def random_places(windows: np.ndarray, random: np.random.Generator, number: int) -> np.ndarray:
    """Places (frame, row, column) of random patches, int [3, number]."""
    return np.stack([random.integers(size, size=number) for size in windows.shape[:3]])


def some_patches(windows: np.ndarray, random: np.random.Generator, number: int) -> np.ndarray:
    """Random patches, float [number, values]."""
    return windows[tuple(random_places(windows, random, number))].reshape(number, -1)


def projected(patches: np.ndarray, axes: PrincipalComponents) -> np.ndarray:
    """The components of patches [..., 3, FRAMES, SIDE, SIDE], float32 [..., n]."""
    places = patches.shape[:-4]
    return axes.project(patches.reshape(-1, len(axes.mean))).reshape(*places, -1)


def nearest_places(queries: np.ndarray, patches: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The place (frame, row, column) of the nearest patch of each query, int [3, n].

    If several patches are equally near, the first one is taken. A patch with the same offset as
    that of the query before is preferred if it is nearly as near. A still background or a blurred
    copy would otherwise have irregular offsets.

    Args:
        queries: float [n, c].
        patches: float [frames, rows, columns, c].
        places: int [3, n], the places of the queries.
    """
    *sizes, count = patches.shape
    flat = patches.reshape(-1, count)
    squares = np.einsum("pc,pc->p", flat, flat) / np.float32(2.0)
    at_once = max(1, DISTANCES_AT_ONCE // len(flat))
    tolerance = count * ROUNDING_VARIANCE
    nearest = np.concatenate(
        [
            first_smallest(squares - queries[start : start + at_once] @ flat.T, tolerance / 2.0)
            for start in range(0, len(queries), at_once)
        ]
    )
    found = np.stack(np.unravel_index(nearest, sizes))
    for index in range(1, len(queries)):
        repeated = tuple(places[:, index] + found[:, index - 1] - places[:, index - 1])
        if all(0 <= place < size for place, size in zip(repeated, sizes, strict=True)):
            errors = [
                np.square(queries[index] - patches[place]).sum()
                for place in (repeated, tuple(found[:, index]))
            ]
            if errors[0] <= SLACK * errors[1] + tolerance:
                found[:, index] = repeated
    return found


def first_smallest(values: np.ndarray, tolerance: float) -> np.ndarray:
    """In each row, the place of the first value that is the smallest to this tolerance, int [n].

    Equal patches get unequal values if a processor adds up the products of some rows in another
    order.
    """
    return np.argmax(values <= values.min(axis=1, keepdims=True) + tolerance, axis=1)


def compressed_size(field: np.ndarray) -> int:
    """Bytes of a field of offsets, int [3, n], compressed by zlib."""
    return len(zlib.compress(field.astype("<i2").tobytes(), 9))
