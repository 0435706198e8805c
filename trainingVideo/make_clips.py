"""Simulate dynamic textures and actions, and write them as small videos, some with masks.

    python trainingVideo/make_clips.py                 # every category
    python trainingVideo/make_clips.py --seed 3 fire   # only fire, with other random numbers
    python trainingVideo/make_clips.py inpainting/pond recovery/flag

Videos have 25 frames per second of 128 x 128 pixels. In the folder given with --output,

    NAME             becomes dynamicTexture/NAME/NAME.mp4, 200 frames;
    recovery/NAME    becomes recovery_dataset/data/NAME/NAME.mp4, 100 frames, and two masks,
                     recovery_dataset/mask/NAME/{region_type,missing_frame_type}.mat;
    inpainting/NAME  becomes background_inpainting/data/NAME/NAME.mp4, 150 frames, the mask of
                     its moving object, background_inpainting/mask/NAME/mask128.mat, and the
                     video without the object, background_inpainting/truth/NAME/NAME.mp4;
    action/NAME      becomes action_dataset/NAME/01.mp4 to 16.mp4, 30 frames each; each video
                     shows another member of a family;
    stills/NAME      becomes stills/NAME/01.png to 04.png, of members that are in no video.
"""

import argparse
import contextlib
import io
import itertools
import operator
import os
import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import scipy.io
from PIL import Image
from simulations import blossoms, fire, flag, light, masks, pond, walkers, water
from simulations.shared import FRAME_RATE

FRAMES, RECOVERY_FRAMES, INPAINTING_FRAMES, ACTION_FRAMES = 200, 100, 150, 30
MEMBERS, STILLS = 16, 4  # of a family, in videos and as still images

# A generator takes (seed, frames) and yields that many pictures, uint8 [height, width, 3].
GENERATORS = {
    "fire": fire.generate,
    "water": water.generate,
    "flag": flag.generate,
    "light": light.generate,
}

# A scene takes (seed, frames) and yields that many (picture, truth without the object, mask).
SCENES = {"pond": pond.generate}

# A family takes (seed, number of the member, frames) and yields that many pictures. The second
# value is the frame of a still image. A blossom is then a bud that begins to open.
FAMILIES = {"walkers": (walkers.generate, 0), "blossoms": (blossoms.generate, 6)}

# The categories of the command line. Recovery has the two textures that neighbouring frames
# predict worst.
CATEGORIES = [*GENERATORS, "recovery/water", "recovery/flag", *(f"inpainting/{n}" for n in SCENES)]
CATEGORIES += [f"{dataset}/{name}" for dataset in ("action", "stills") for name in FAMILIES]


def files(category, seed):
    """The files of a category: a dictionary from paths to iterators over frames.

    The paths, each a `pathlib.Path`, are relative to the folder given with --output. A frame is a
    picture, uint8 [height, width, 3], or for a path that ends with .mat a mask, bool [height,
    width]. A path that ends with .png has one frame. A simulation runs only when its frames are
    requested.
    """
    dataset, _, name = category.rpartition("/")
    makers = {"": _texture, "recovery": _recovery, "inpainting": _inpainting}
    makers |= {"action": _action, "stills": _stills}
    return makers[dataset](name, seed)


def _texture(name, seed):
    return {_clip("dynamicTexture", name): GENERATORS[name](seed, FRAMES)}


def _recovery(name, seed):
    folder = Path("recovery_dataset")
    makers = {
        _clip(folder / "data", name): GENERATORS[name],
        folder / "mask" / name / "region_type.mat": masks.region,
        folder / "mask" / name / "missing_frame_type.mat": masks.missing_frames,
    }
    return {path: make(_own(seed, path), RECOVERY_FRAMES) for path, make in makers.items()}


def _inpainting(name, seed):
    folder = Path("background_inpainting")
    clip, truth = _clip(folder / "data", name), _clip(folder / "truth", name)
    paths = [clip, truth, folder / "mask" / name / "mask128.mat"]
    # All three files share one simulation. The first request of a frame runs it.
    copies = itertools.tee(SCENES[name](_own(seed, clip), INPAINTING_FRAMES), 3)
    frames = [map(operator.itemgetter(part), copy) for part, copy in enumerate(copies)]
    return dict(zip(paths, frames, strict=True))


def _action(name, seed):
    generate, _ = FAMILIES[name]
    return {
        Path("action_dataset", name, f"{member + 1:02d}.mp4"): generate(seed, member, ACTION_FRAMES)
        for member in range(MEMBERS)
    }


def _stills(name, seed):
    generate, frame = FAMILIES[name]
    return {
        Path("stills", name, f"{still + 1:02d}.png"): itertools.islice(
            generate(seed, MEMBERS + still, frame + 1), frame, None
        )
        for still in range(STILLS)
    }


def _clip(folder, name):
    return Path(folder, name, f"{name}.mp4")


def _own(seed, path):
    """A seed for one file: the same category in another dataset gets other random numbers."""
    return [seed, *path.as_posix().encode()]


def write_clip(path, pictures, frame_rate=FRAME_RATE):
    """Write pictures as an h264 video; `path` appears only when the video is complete.

    Args:
        path: path of the video, a `pathlib.Path`. Its folder is created if it does not exist. An
            existing file is replaced.
        pictures: iterable of at least one picture, uint8 [height, width, 3], RGB. All have the
            same even height and even width. All are held in memory until the end.
        frame_rate: frames per second.

    Returns:
        The number of pictures.

    Raises:
        ValueError: there is no picture, or a picture has a wrong shape or type.
        OSError: the folder or the file cannot be written.
    """
    with _whole(path) as partial:
        pictures = _checked(pictures)
        _encode(partial, pictures, frame_rate)
    return len(pictures)


def write_still(path, pictures):
    """Write the only picture, uint8 [height, width, 3], as PNG; see `write_clip`."""
    (picture,) = pictures
    with _whole(path) as partial:
        Image.fromarray(picture).save(partial, "PNG")
    return 1


def write_masks(path, frames):
    """Write masks as a MATLAB file (version 5); `path` appears only when it is complete.

    The variable `masks` is uint8 [height, width, frames, 3], equal in the three colours: 1 where
    a pixel is missing and 0 where it is visible.

    Args:
        path: path of the file, see `write_clip`.
        frames: iterable of at least one bool [height, width], true where a pixel is missing.

    Returns:
        The number of frames.

    Raises:
        OSError: the folder or the file cannot be written.
    """
    with _whole(path) as partial:
        missing = np.stack(list(frames), axis=-1).astype(np.uint8)
        content = io.BytesIO()
        variables = {"masks": np.repeat(missing[..., np.newaxis], 3, axis=-1)}
        scipy.io.savemat(content, variables, do_compression=True)
        # The file begins with a text of 116 bytes, in which SciPy writes the platform and the
        # time. With a fixed text, the same masks always give the same bytes.
        text = b"MATLAB 5.0 MAT-file".ljust(116)
        partial.write_bytes(text + content.getvalue()[len(text) :])
    return missing.shape[-1]


WRITERS = {".mp4": write_clip, ".mat": write_masks, ".png": write_still}


@contextlib.contextmanager
def _whole(path):
    """Create the folder of `path`, yield a partial file beside it, and rename it at the end.

    After an error, the partial file is deleted, and an earlier file at `path` is unchanged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix is not the suffix of a video, so training ignores the file of an interrupted run.
    partial = path.with_name(path.name + ".partial")
    partial.touch()  # fails now, and not after the simulation, if the folder is not writable
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _checked(pictures):
    """Stack the pictures: uint8 [frames, height, width, 3]. ValueError if they do not fit."""
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
    """Write uint8 [frames, height, width, 3] to `path` by ffmpeg; OSError if ffmpeg fails."""
    size = f"{pictures.shape[2]}x{pictures.shape[1]}"
    source = f"-f rawvideo -pix_fmt rgb24 -s {size} -r {frame_rate} -i -"
    codec = "-c:v libx264 -pix_fmt yuv420p -crf 16 -preset slow"
    # One thread, no date and no version in the file: the same pictures always give the same bytes.
    stable = "-threads 1 -map_metadata -1 -fflags +bitexact -flags:v +bitexact"
    options = f"-y -v error {source} {codec} {stable} -f mp4".split()
    # Not by imageio, which does not notice when ffmpeg fails (for example on a full disk).
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


def parse_arguments(arguments=None):
    """Read the command line. A mistake in it ends the program with one line and exit code 2."""
    parser = argparse.ArgumentParser(description="Simulate dynamic textures and write videos.")
    # argparse's own error prints the usage first; one line is easier to read.
    parser.error = lambda message: stop(2, message)
    parser.add_argument(
        "category",
        nargs="*",
        help=f"what to make, default all of: {', '.join(CATEGORIES)}",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path(__file__).resolve().parent,
        metavar="DIR",
        help="the datasets' folders go to DIR (default: the folder of this script)",
    )
    parser.add_argument("--seed", type=int, default=0, help="random seed >= 0 (default: 0)")
    parser.add_argument("--overwrite", action="store_true", help="replace files that exist")
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.category if name not in CATEGORIES]
    if unknown:
        stop(2, f"unknown category {unknown[0]!r}; there are: {', '.join(CATEGORIES)}")
    if chosen.seed < 0:
        stop(2, f"--seed must be 0 or more, not {chosen.seed}")
    # Each category once, in the given order.
    chosen.category = list(dict.fromkeys(chosen.category)) or CATEGORIES
    return chosen


def stop(code, message):
    """Print one line on stderr, and end the program with this exit code."""
    print(f"make_clips.py: error: {message}", file=sys.stderr)
    sys.exit(code)


def main(arguments=None):
    """Write the categories of the command line, and print one line for each file."""
    chosen = parse_arguments(arguments)
    frames = {
        chosen.output / path: of_file
        for category in chosen.category
        for path, of_file in files(category, chosen.seed).items()
    }
    existing = [path for path in frames if os.path.lexists(path)]
    if existing and not chosen.overwrite:
        stop(1, f"{existing[0]} exists already; give --overwrite to replace it")
    for path, of_file in frames.items():
        try:
            count = WRITERS[path.suffix](path, of_file)
        except OSError as error:
            stop(1, f"cannot write {path}: {error}")
        print(f"{path}: {count} frames, {path.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
