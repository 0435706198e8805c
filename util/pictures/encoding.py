"""Writing videos and pictures, all from uint8 frames [T, H, W, 3]."""

import contextlib
import errno
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from util.system.atomic import atomic_path
from util.system.ffmpeg import ffmpeg_program
from util.system.names import shortened

FRAMES_PER_SECOND = 25.0
GIF_FRAMES_PER_SECOND = 50.0  # browsers play a GIF with more frames in a second slowly
KINDS = (".mp4", ".gif")
WEBP_QUALITY = 60  # of 100, of a picture
ANIMATION_QUALITY = 30  # less, because motion hides what is lost
ENLARGED = "_enlarged"  # the end of the name of an enlarged video

_H264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "12"]
# Each frame has its own palette, so that ffmpeg writes a GIF of any length frame by frame. Without
# dithering, the pixels of an enlarged frame stay squares of one colour, and the file is smaller.
_PALETTES = "split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=new=1:dither=none"
# One thread, no date and no version in the file: the same frames always give the same bytes.
_STABLE = ["-threads", "1", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact"]


class VideoEncoder:
    """A process of imageio's ffmpeg that takes frames piece by piece and writes one video file."""

    def __init__(self, path: Path, height: int, width: int, rate: float, factor: int = 1):
        """Start to write `path`, which ends in .mp4 (even height and width) or .gif.

        Args:
            rate: frames per second.
            factor: each pixel becomes factor × factor pixels.
        """
        source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
        source += ["-r", str(rate), "-i", "-"]
        filters = []
        if rate > GIF_FRAMES_PER_SECOND and path.suffix == ".gif":
            filters.append(f"fps={GIF_FRAMES_PER_SECOND}:eof_action=pass")  # a very short one, too
        if factor > 1:
            filters.append(f"scale=iw*{factor}:ih*{factor}:flags=neighbor")
        if path.suffix == ".gif":
            filters.append(_PALETTES)
        output = ["-lavfi", ",".join(filters)] if filters else []
        output += _H264 if path.suffix == ".mp4" else []
        output += [*_STABLE, str(path.absolute())]
        self._path = path
        self._frame_shape = (height, width, 3)
        self._messages = tempfile.TemporaryFile()  # noqa: SIM115 - closed by abandon
        self._ffmpeg = subprocess.Popen(
            [ffmpeg_program(), "-y", "-v", "error", *source, *output],
            stdin=subprocess.PIPE,
            stderr=self._messages,
            # Ctrl-C must reach only the run, which still finishes the videos it has begun.
            start_new_session=True,
        )
        assert self._ffmpeg.stdin is not None  # because stdin is a pipe
        self._input = self._ffmpeg.stdin

    def write(self, frames: np.ndarray) -> None:
        """Append frames, uint8 [T, H, W, 3].

        Raises:
            ValueError: the frames have another type or size.
            OSError: the encoder has stopped, most often because the disk is full.
        """
        if frames.dtype != np.uint8 or frames.shape[1:] != self._frame_shape:
            raise ValueError(f"frames are {frames.dtype} {frames.shape}, not {self._frame_shape}")
        try:
            self._input.write(frames.tobytes())
        except BrokenPipeError:
            self.finish()

    def finish(self) -> None:
        """Write the remaining frames and end the file.

        Raises:
            OSError: the file could not be written.
        """
        with contextlib.suppress(BrokenPipeError):
            self._input.close()
        if self._ffmpeg.wait() != 0:
            self._messages.seek(0)
            lines = self._messages.read().decode(errors="replace").strip().splitlines()
            reason = lines[-1] if lines else f"ffmpeg ended with {self._ffmpeg.returncode}"
            if self._ffmpeg.returncode == -signal.SIGXFSZ:
                reason = os.strerror(errno.EFBIG)
            raise OSError(errno.EIO, reason, str(self._path))

    def abandon(self) -> None:
        """Stop the encoder, whether the file is finished or not."""
        self._ffmpeg.kill()
        self._ffmpeg.wait()
        with contextlib.suppress(BrokenPipeError):
            self._input.close()
        self._messages.close()


@contextlib.contextmanager
def video_writer(
    path: Path,
    height: int,
    width: int,
    rate: float = FRAMES_PER_SECOND,
    factor: int = 1,
    kinds: Sequence[str] = KINDS,
) -> Iterator[Callable[[np.ndarray], None]]:
    """Write `path`.mp4 and `path`.gif, and if `factor` is above 1 also `path`_enlarged.mp4.

    All files appear if the block succeeds; otherwise none.

    Args:
        rate: frames per second.
        factor: the factor by which the enlarged video is larger.
        kinds: the endings of the files to write, .mp4, .gif or both. A GIF repeats for ever.

    Yields:
        A function that appends frames, uint8 [T, H, W, 3], to all files.
    """
    names = dict.fromkeys((f"{path.name}{kind}" for kind in kinds), 1)
    if factor > 1 and ".mp4" in kinds:
        names[f"{shortened(path.name)}{ENLARGED}.mp4"] = factor
    with contextlib.ExitStack() as files:
        encoders = []
        for name, enlargement in names.items():
            partial = files.enter_context(atomic_path(path.with_name(name)))
            encoders.append(VideoEncoder(partial, height, width, rate, enlargement))
            files.callback(encoders[-1].abandon)

        def write(frames: np.ndarray) -> None:
            for encoder in encoders:
                encoder.write(frames)

        yield write
        for encoder in encoders:
            encoder.finish()


def write_video(
    path: Path, frames: np.ndarray, rate: float = FRAMES_PER_SECOND, factor: int = 1
) -> None:
    """Write the videos of uint8 frames [T, H, W, 3]; see `video_writer`."""
    with video_writer(path, frames.shape[1], frames.shape[2], rate, factor) as write:
        write(frames)


def write_webp(path: Path, frames: np.ndarray, rate: float = FRAMES_PER_SECOND) -> None:
    """Write `path`, an animation for web pages that repeats, from uint8 frames [T, H, W, 3].

    One frame gives a picture. The file loses some detail, and is several times smaller than a file
    in GIF or PNG.
    """
    first, *others = map(Image.fromarray, frames)
    with atomic_path(path) as partial:
        first.save(
            partial,
            save_all=True,
            append_images=others,
            duration=round(1000 / rate),
            loop=0,
            quality=ANIMATION_QUALITY if others else WEBP_QUALITY,
        )


def write_png(path: Path, picture: np.ndarray) -> None:
    """Write a picture, uint8 [H, W, 3]."""
    with atomic_path(path) as partial:
        Image.fromarray(picture).save(partial)


def write_frames(folder: Path, frames: Iterable[np.ndarray]) -> None:
    """Write each frame, uint8 [H, W, 3], as a numbered .png file."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(frames):
        write_png(folder / f"{number:05d}.png", frame)
