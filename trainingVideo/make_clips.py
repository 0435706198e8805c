"""Simulate dynamic textures and write each as a small video to train on.

    python trainingVideo/make_clips.py                 # every category
    python trainingVideo/make_clips.py --seed 3 fire   # only fire, with other random numbers

A category NAME becomes DIR/NAME/NAME.mp4: 200 frames, 25 a second, 128 x 128 pixels.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from simulations import fire, flag, light, water
from simulations.shared import FRAME_RATE

FRAMES = 200

# A generator takes (seed, frames) and yields that many pictures, uint8 [height, width, 3].
GENERATORS = {
    "fire": fire.generate,
    "water": water.generate,
    "flag": flag.generate,
    "light": light.generate,
}


def write_clip(path, pictures, frame_rate=FRAME_RATE):
    """Write pictures as an h264 video; `path` appears only once the video is complete.

    Args:
        path: where to write, a `pathlib.Path`; its folder is made if missing, and a file
            already there is replaced.
        pictures: iterable of at least one uint8 [height, width, 3], RGB, all of one even
            height and even width. All are held in memory until the end.
        frame_rate: frames per second.

    Raises:
        ValueError: there is no picture, or one has another shape or type.
        OSError: the folder or the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The name is not that of a video, so a run cut short leaves nothing to train on.
    partial = path.with_name(path.name + ".partial")
    partial.touch()  # a folder that refuses the file does so now, not after the simulation
    try:
        _encode(partial, _checked(pictures), frame_rate)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _checked(pictures):
    """The pictures as one uint8 array [frames, height, width, 3], or ValueError."""
    pictures = list(pictures)
    if not pictures:
        raise ValueError("a clip needs at least one picture")
    shape = pictures[0].shape
    if len(shape) != 3 or shape[2] != 3 or shape[0] % 2 or shape[1] % 2:
        raise ValueError(f"a picture must be [even height, even width, 3], not {shape}")
    for picture in pictures:
        if picture.shape != shape or picture.dtype != np.uint8:
            raise ValueError(f"picture is {picture.dtype} {picture.shape}, not uint8 {shape}")
    return np.stack(pictures)


def _encode(path, pictures, frame_rate):
    """Have ffmpeg write uint8 [frames, height, width, 3] to `path`; OSError if it fails."""
    size = f"{pictures.shape[2]}x{pictures.shape[1]}"
    source = f"-f rawvideo -pix_fmt rgb24 -s {size} -r {frame_rate} -i -"
    codec = "-c:v libx264 -pix_fmt yuv420p -crf 16 -preset slow"
    # One thread, and neither date nor version in the file: the bytes do not vary.
    stable = "-threads 1 -map_metadata -1 -fflags +bitexact -flags:v +bitexact"
    options = f"-y -v error {source} {codec} {stable} -f mp4".split()
    # Not through imageio, which does not notice when ffmpeg fails (on a full disk, say).
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    done = subprocess.run(
        [ffmpeg, *options, str(path.absolute())],
        input=pictures.tobytes(),
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise OSError(lines[0] if lines else f"ffmpeg ended with code {done.returncode}")


def clip_path(folder, category):
    """The place of a category's clip below the folder given with --output."""
    return folder / "dynamicTexture" / category / f"{category}.mp4"


def parse_arguments(arguments=None):
    """Read the command line; a mistake in it ends the program with one line and code 2."""
    parser = argparse.ArgumentParser(description="Simulate dynamic textures and write videos.")
    parser.add_argument(
        "category",
        nargs="*",
        help=f"what to make, default all of: {', '.join(GENERATORS)}",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path(__file__).resolve().parent,
        metavar="DIR",
        help="clips go to DIR/dynamicTexture/CATEGORY (default: the folder of this script)",
    )
    parser.add_argument("--seed", type=int, default=0, help="random seed >= 0 (default: 0)")
    parser.add_argument("--overwrite", action="store_true", help="replace clips that exist")
    chosen = parser.parse_args(arguments)
    # argparse's own error prints the usage first; one line is easier to read.
    unknown = [name for name in chosen.category if name not in GENERATORS]
    if unknown:
        stop(2, f"unknown category {unknown[0]!r}; there are: {', '.join(GENERATORS)}")
    if chosen.seed < 0:
        stop(2, f"--seed must be 0 or more, not {chosen.seed}")
    # Each once, in the order given.
    chosen.category = list(dict.fromkeys(chosen.category)) or list(GENERATORS)
    return chosen


def stop(code, message):
    """End the program with this exit code after one line on the error stream."""
    print(f"make_clips.py: error: {message}", file=sys.stderr)
    sys.exit(code)


def main(arguments=None):
    """Make the clips the command line asks for and print one line for each."""
    chosen = parse_arguments(arguments)
    paths = {category: clip_path(chosen.output, category) for category in chosen.category}
    existing = [path for path in paths.values() if path.exists()]
    if existing and not chosen.overwrite:
        stop(1, f"{existing[0]} exists already; give --overwrite to replace it")
    for category, path in paths.items():
        try:
            write_clip(path, GENERATORS[category](chosen.seed, FRAMES))
        except OSError as error:
            stop(1, f"cannot write {path}: {error}")
        print(f"{path}: {FRAMES} frames, {path.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
