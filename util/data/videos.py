"""Decoding videos frame by frame with ffmpeg.

ffmpeg opens nothing but the file itself: other protocols are off, and so are the formats that refer
to other files, such as playlists.
"""

import contextlib
import os
import re
import signal
import subprocess
import tempfile
import threading
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from PIL import Image

from util.data.gif import is_cut_gif
from util.data.stills import MOST_PIXELS, over_black
from util.system.counting import counted
from util.system.errors import RunError
from util.system.ffmpeg import ffmpeg_program, reader_in_words
from util.system.notes import tell_once
from util.system.regular_files import refuse_special

LONGEST_WAIT = 300  # seconds without any progress, after which ffmpeg is ended
FORMATS = (
    "avi,mov,matroska,gif,mpeg,mpegvideo,mpegts,asf,flv,ogg,yuv4mpegpipe,"
    "m4v,h264,hevc,mjpeg,apng,dv,ivf,nut,mxf"
)
INPUT = [
    # By default, ffmpeg fills in frames that it cannot decode. With these options it stops.
    *("-xerror", "-err_detect", "explode"),
    *("-protocol_whitelist", "file", "-format_whitelist", FORMATS),
    *("-max_pixels", str(MOST_PIXELS)),
]
# ffmpeg chooses the same video stream for both outputs: the best one, as players do. Time stamps
# are replaced, because frames count, whatever their time.
ONLY_VIDEO = ["-an", "-sn", "-dn"]
PACKETS = [*ONLY_VIDEO, "-c", "copy", "-bsf:v", "setts=ts=N", "-f", "framecrc", "-"]
PICTURES = [
    *ONLY_VIDEO,
    *("-fps_mode", "passthrough", "-vf", "settb=1/25,setpts=N,format=rgb24|rgba"),
    *("-c:v", "pam", "-f", "image2pipe", "-"),
]
# Titles and comments may look like a frame rate.
NO_TEXTS = ["-map_metadata", "-1", "-map_metadata:s", "-1", "-map_chapters", "-1"]
ABOUT = [*ONLY_VIDEO, *NO_TEXTS, "-c", "copy", "-frames:v", "1", "-f", "null", "-"]
RATES = (0.1, 1000)  # frames per second that are believed
MATROSKA = (".webm", ".mkv")
# Ticks per second of many formats; ffmpeg tells this rate where some of them have none.
MILLISECONDS = 1000
WITHOUT_RATE = (*MATROSKA, ".ogv", ".ogg", ".flv")
BLOCK = 1 << 16  # bytes of lines about packets that are read at once
NOT_SHOWN = 4  # the flag of a packet that is decoded but not shown, as before the cut of a clip


class Decoding:
    """A process of ffmpeg that reads a video. It is ended if it makes no progress."""

    def __init__(
        self, path: Path, output: list[str], level: str = "warning", decoder: Sequence[str] = ()
    ):
        """Start to read `path` and to write `output`. ffmpeg prints messages from `level` up."""
        self._path = path
        self._stuck = False
        self._messages = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close
        # The prefix file: lets a name have a colon.
        command = [ffmpeg_program(), "-nostdin", "-v", level, *INPUT, *decoder]
        self._process = subprocess.Popen(
            [*command, "-i", f"file:{path}", *output],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._messages,
            start_new_session=True,  # Ctrl-C must reach only this program
        )
        assert self._process.stdout is not None  # because stdout is a pipe
        self._output = self._process.stdout

    @contextlib.contextmanager
    def reading(self) -> Iterator[IO[bytes]]:
        """Give the output, and end ffmpeg if the block waits longer than `LONGEST_WAIT`."""
        timer = threading.Timer(LONGEST_WAIT, self._end)
        timer.daemon = True
        timer.start()
        try:
            yield self._output
        finally:
            timer.cancel()

    def _end(self) -> None:
        self._stuck = True
        self._kill()

    def _kill(self) -> None:
        """End ffmpeg, and what it has started if it is a script."""
        if self._process.poll() is None and hasattr(os, "killpg"):
            os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()

    def printed(self) -> str:
        """Wait for the end of ffmpeg, and return all messages that it has printed."""
        with self.reading():
            self._process.wait()
        self._messages.seek(0)
        return self._messages.read().decode(errors="replace")

    def messages(self) -> str:
        """Wait for the end of ffmpeg: its errors and warnings; "" if all went well.

        Raises:
            RunError: ffmpeg was ended because it made no progress, or the frames are too large.
        """
        text = self.printed()
        code = self._process.returncode
        if self._stuck:
            raise RunError(
                f"decoding {self._path} made no progress in {LONGEST_WAIT} s; replace or remove it"
            )
        if "exceeds specified max pixel count" in text:
            raise RunError(
                f"{self._path} has more than {MOST_PIXELS} pixels in a frame; give a smaller video"
            )
        return text or "failed" if code else text if "ended prematurely" in text else ""

    def close(self) -> None:
        """End ffmpeg, whether it has read everything or not."""
        self._kill()
        self._process.wait()
        self._output.close()
        self._messages.close()


@contextlib.contextmanager
def decoding(
    path: Path, output: list[str], level: str = "warning", decoder: Sequence[str] = ()
) -> Iterator[Decoding]:
    """A process that reads `path` and ends with the block."""
    process = Decoding(path, output, level, decoder)
    try:
        yield process
    finally:
        process.close()


def _refuse_missing(path: Path) -> None:
    """Raises RunError for what ffmpeg calls broken, too: no file, or no permission to read it."""
    refuse_special(path)
    if not path.exists():
        raise RunError(f"there is no file {path}, or it is a link to nothing; restore it")
    if not os.access(path, os.R_OK):
        raise RunError(f"no permission to read {path}; ask its owner for permission")


def count_packets(path: Path) -> int:
    """Count the packets of a video that are shown, one for each frame, without decoding.

    The count reads the whole file, and so it finds a truncated file.

    Raises:
        RunError: the file is not a video, or is broken or truncated.
    """
    _refuse_missing(path)
    count, rest = 0, b""
    with decoding(path, PACKETS) as process:
        while True:
            with process.reading() as output:
                piece = os.read(output.fileno(), BLOCK)
            if not piece:
                break
            *lines, rest = (rest + piece).split(b"\n")
            count += sum(
                not line.startswith(b"#") and not _flags(line) & NOT_SHOWN for line in lines
            )
        broken = process.messages()
    if broken or not count or is_cut_gif(path):
        raise RunError(
            f"{path} is not a video, or is broken or truncated; replace or remove it"
            f"{reader_in_words()}"
        )
    return count


def _flags(line: bytes) -> int:
    """The flags of a packet in a line of the format framecrc."""
    found = re.search(rb", F=0x([0-9A-Fa-f]+)", line)
    return int(found[1], 16) if found else 0


class Timing(NamedTuple):
    """How players show a video.

    Fields:
        rate: frames per second, as the head of the file says; None if it does not. In most formats
            it is not the mean where frames come at varying times.
        pixel_shape: width of a pixel over its height, upright; 1 for almost all videos.
    """

    rate: float | None
    pixel_shape: float


def video_timing(path: Path) -> Timing:
    """The frame rate and the shape of the pixels, from the head of a video."""
    _refuse_missing(path)
    with decoding(path, ABOUT, level="info") as process:
        written = process.printed().partition("Output #0")[2]
    # Without a rate of the stream, there is still the one of its time base. The comma tells both
    # from the line about the progress.
    stated, base = (re.search(rf"([\d.]+)(k?) {name},", written) for name in ("fps", "tbr"))
    rate = stated or base
    shape = re.search(r"SAR (\d+):(\d+)", written)
    turned = re.search(r"rotation of -?(\d+)", written)
    frames_per_second = float(rate[1]) * (1000 if rate[2] else 1) if rate else 0.0
    pixel_shape = int(shape[1]) / int(shape[2]) if shape and int(shape[2]) else 1.0
    if turned and round(int(turned[1]) / 90) % 2:
        pixel_shape = 1 / pixel_shape
    believed = RATES[0] <= frames_per_second <= RATES[1]
    if frames_per_second == MILLISECONDS:
        believed = stated is not None and path.suffix.lower() not in WITHOUT_RATE
    return Timing(frames_per_second if believed else None, pixel_shape)


def decoder_of(path: Path) -> list[str]:
    """The decoder for ffmpeg to take: its own ones of VP8 and VP9 drop the transparency."""
    if path.suffix.lower() not in MATROSKA:
        return []
    with decoding(path, ABOUT, level="info") as process:
        read = process.printed().partition("Output #0")[0]
    codec = re.search(r"Video: (vp[89])\b", read)
    if codec is None or not re.search(r"alpha_mode\s*: 1\b", read):
        return []
    return ["-c:v", {"vp8": "libvpx", "vp9": "libvpx-vp9"}[codec[1]]]


def video_size(path: Path) -> tuple[int, int]:
    """The width and height of the first frame of a video.

    Raises:
        RunError: it cannot be decoded.
    """
    _refuse_missing(path)
    with decoding(path, PICTURES) as process:
        image = _next_picture(process)
        if image is None:
            process.messages()
            raise _undecodable(path)
    return image.size


def video_frames(path: Path, packets: int | None = None) -> Generator[Image.Image, None, None]:
    """Decode a video frame by frame, RGB. Each frame appears once; timestamps are ignored.

    Transparent pixels are composed over black. If the size of the frames changes, ffmpeg resizes
    them to the first size, as players do.

    Args:
        packets: the result of `count_packets`; None to count now.

    Raises:
        RunError: the file is not a video, or is broken or truncated.
    """
    packets = count_packets(path) if packets is None else packets
    count = 0
    with decoding(path, PICTURES, decoder=decoder_of(path)) as process:
        while image := _next_picture(process):
            count += 1
            if image.mode == "RGBA":
                image, transparent = over_black(image)
                if transparent:
                    tell_once(f"{path} has transparency: it is composed over black")
            yield image
        broken = process.messages()
    if not count:
        raise _undecodable(path)
    # An intact file may contain a few packets that give no frame.
    if count >= 0.95 * packets - 1:
        return
    if broken:
        raise RunError(
            f"{path} is broken: of {counted(packets, 'frame')} only {count} can be decoded; "
            f"replace or remove it{reader_in_words()}"
        )
    # As Theora has them.
    tell_once(f"{path} repeats frames, and each is read once: {count} instead of {packets}")


def _undecodable(path: Path) -> RunError:
    return RunError(f"{path} cannot be decoded as a video; replace or remove it{reader_in_words()}")


def _next_picture(process: Decoding) -> Image.Image | None:
    """Read a picture of the format PAM; None at the end of the output or in its middle."""
    about: dict[bytes, bytes] = {}
    with process.reading() as output:
        while (line := output.readline()) and line != b"ENDHDR\n":
            name, _, value = line.strip().partition(b" ")
            about[name] = value
        if not line:
            return None
        size, depth = (int(about[b"WIDTH"]), int(about[b"HEIGHT"])), int(about[b"DEPTH"])
        data = output.read(size[0] * size[1] * depth)
    if len(data) < size[0] * size[1] * depth:
        return None
    return Image.frombytes("RGB" if depth == 3 else "RGBA", size, data)
