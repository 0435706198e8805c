"""Videos, single frames and contact sheets, all from uint8 frames [T, H, W, 3]."""

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from PIL import Image

from util.atomic import atomic_path

FRAMES_PER_SECOND = 25
GAP = 2  # pixels between the panels of a sheet
PAPER = 255  # white

# A palette for each frame, so that a GIF of any length is written as it comes.
_GIF_FILTER = "split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=new=1"
_ENCODERS = {
    ".mp4": {"codec": "libx264", "pix_fmt_out": "yuv420p", "output_params": ["-crf", "12"]},
    ".gif": {"codec": "gif", "pix_fmt_out": "pal8", "output_params": ["-lavfi", _GIF_FILTER]},
}


class VideoWriter:
    """Takes frames as they come and writes one video file a suffix."""

    def __init__(self, paths: Sequence[Path], height: int, width: int):
        """Start an encoder for each of `paths`, which end in .mp4 or .gif."""
        self._encoders = []
        for path in paths:
            encoder = imageio_ffmpeg.write_frames(
                str(path),
                (width, height),
                fps=FRAMES_PER_SECOND,
                quality=None,
                macro_block_size=1,
                ffmpeg_log_level="error",
                **_ENCODERS[path.suffix],
            )
            encoder.send(None)
            self._encoders.append(encoder)

    def write(self, frames: np.ndarray) -> None:
        """Append frames, uint8 [T, H, W, 3].

        Raises:
            OSError: the encoder has stopped, for want of space most often.
        """
        for frame in frames:
            for encoder in self._encoders:
                encoder.send(np.ascontiguousarray(frame))

    def close(self) -> None:
        """Finish the files."""
        for encoder in self._encoders:
            encoder.close()


@contextmanager
def video_writer(path: Path, height: int, width: int) -> Iterator[VideoWriter]:
    """Write `path`.mp4 and `path`.gif; both appear when the block succeeds, or neither."""
    paths = [path.with_name(path.name + suffix) for suffix in _ENCODERS]
    with atomic_path(paths[0]) as first, atomic_path(paths[1]) as second:
        writer = VideoWriter([first, second], height, width)
        try:
            yield writer
        finally:
            writer.close()


def write_video(path: Path, frames: np.ndarray) -> None:
    """Write `path`.mp4 and `path`.gif of uint8 frames [T, H, W, 3]."""
    with video_writer(path, *frames.shape[1:3]) as writer:
        writer.write(frames)


def write_png(path: Path, picture: np.ndarray) -> None:
    """Write a picture, uint8 [H, W, 3]."""
    with atomic_path(path) as partial:
        Image.fromarray(picture).save(partial)


def write_frames(folder: Path, frames: Iterable[np.ndarray], first: int = 0) -> None:
    """Write each frame as a numbered .png, from `first` on."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(frames, start=first):
        write_png(folder / f"{number:05d}.png", frame)


def beside(panels: Sequence[np.ndarray]) -> np.ndarray:
    """Pictures or videos [..., H, W, 3] of one size beside one another, with a gap."""
    gap = np.full((*panels[0].shape[:-2], GAP, 3), PAPER, np.uint8)
    return np.concatenate([part for panel in panels for part in (gap, panel)][1:], axis=-2)


def above(panels: Sequence[np.ndarray]) -> np.ndarray:
    """Pictures [H, W, 3] of one width above one another, with a gap."""
    gap = np.full((GAP, *panels[0].shape[1:]), PAPER, np.uint8)
    return np.concatenate([part for panel in panels for part in (gap, panel)][1:], axis=0)


def contact_sheet(frames: np.ndarray, columns: int = 15) -> np.ndarray:
    """All frames of a video [T, H, W, 3] on one picture, row after row."""
    blank = np.full((-len(frames) % columns, *frames.shape[1:]), PAPER, np.uint8)
    if len(frames) <= columns:
        return beside(frames)
    frames = np.concatenate([frames, blank])
    return above([beside(row) for row in np.split(frames, len(frames) // columns)])


def padded(frames: np.ndarray, length: int) -> np.ndarray:
    """A video [T, H, W, 3] followed by black up to `length` frames."""
    black = np.zeros((max(0, length - len(frames)), *frames.shape[1:]), np.uint8)
    return np.concatenate([frames, black])


def evenly(frames: np.ndarray, count: int) -> np.ndarray:
    """At most `count` frames, evenly spaced, the first among them."""
    return frames[:: math.ceil(len(frames) / count)]
