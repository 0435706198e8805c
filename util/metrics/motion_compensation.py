"""Motion compensation, as a baseline for slow motion: the filter minterpolate of ffmpeg.

It finds where blocks of one frame lie in the next one, and moves them along.
"""

import subprocess

import numpy as np

from util.system.errors import RunError
from util.system.ffmpeg import ffmpeg_program

LEAST_SIDE = 32  # pixels; the filter refuses smaller frames


def motion_compensated(frames: np.ndarray, factor: int) -> np.ndarray:
    """Fill in factor - 1 frames after each frame but the last.

    Args:
        frames: uint8 [T, H, W, 3], with sides of at least `LEAST_SIDE`.

    Returns:
        uint8 [factor (T - 1) + 1, H, W, 3].

    Raises:
        RunError: ffmpeg fails.
    """
    height, width = frames.shape[1:3]
    # The filter writes nothing that lies after its last frame but one.
    given = np.concatenate([frames, frames[-1:]])
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24"]
    result = subprocess.run(
        [
            *(ffmpeg_program(), "-v", "error", "-threads", "1"),
            *(*raw, "-s", f"{width}x{height}", "-r", "1", "-i", "-"),
            *("-vf", f"minterpolate=fps={factor}:mi_mode=mci:scd=none", *raw, "-"),
        ],
        input=given.tobytes(),
        capture_output=True,
        start_new_session=True,  # Ctrl-C must reach only this program
    )
    length = factor * (len(frames) - 1) + 1
    made = np.frombuffer(result.stdout, np.uint8)
    if result.returncode or made.size < length * frames[0].size:
        reason = result.stderr.decode(errors="replace").strip().splitlines()
        raise RunError(f"ffmpeg's minterpolate failed: {reason[-1] if reason else 'no frames'}")
    return made.reshape(-1, height, width, 3)[:length]
