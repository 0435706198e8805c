"""The fingerprint of everything that decoded clips depend on: the files and the reading options.

The bytes of the files are read, not only their names and times: this takes about a second for each
gigabyte, and a file that was changed is never overlooked.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from util.data.clips import find_clips
from util.data.kinds import stills_in
from util.data.masks import MADE, mask_source
from util.options.experiment import Experiment
from util.options.schema import Options
from util.system.names import existing_form
from util.system.regular_files import refuse_special

VERSION = 2  # of the decoding; another number makes all caches anew
BLOCK = 1 << 20  # bytes

ALWAYS = ("first_frame", "num_frames", "image_size", "fit")
IN_BETWEEN = ("factor", "score_left_out")
OF_MASKS = {
    "external": ("mask_layout", "invert_mask"),
    "missingFrames": ("missing_fraction", "seed"),
    "randomRegion": ("region_size", "seed"),
}


def cache_key(
    options: Options, experiment: Experiment, sources: Sequence[Path], names: Sequence[str]
) -> str:
    """The SHA-256 fingerprint of the clips, masks and truth of a run, and of how they are read.

    Args:
        sources, names: the files or folders of the sequences, and their names.

    Raises:
        RunError: a mask does not exist, or something is not a regular file.
    """
    used = list(ALWAYS)
    about: dict = {"version": VERSION, "names": list(names), "clips": digests(sources)}
    if experiment.fills_in_between:
        used += IN_BETWEEN
    elif experiment.misses_pixels:
        used += ("mask_type", *OF_MASKS[options.mask_type])
        if options.mask_type not in MADE:
            about["masks"] = digests([mask_source(options, name) for name in names])
        about["truth"] = experiment.truth_in_clips
        if options.truth_path:
            folder = existing_form(Path(options.truth_path) / options.category)
            found = find_clips(options.truth_path, options.category) if folder.is_dir() else []
            about["truth"] = [[path.name for path in found], digests(found)]
    about["options"] = {name: getattr(options, name) for name in used}
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def digests(sources: Sequence[Path]) -> list:
    """The fingerprint of each file, or of each image of a folder. A source is read only once."""
    known = {
        source: [[still.name, digest_of(still)] for still in stills_in(source)]
        if source.is_dir()
        else digest_of(source)
        for source in dict.fromkeys(sources)
    }
    return [known[source] for source in sources]


def digest_of(file: Path) -> str:
    """The SHA-256 fingerprint of a file; why it cannot be read, as decoding it will say, too."""
    refuse_special(file)
    fingerprint = hashlib.sha256()
    try:
        with open(file, "rb") as stream:
            while block := stream.read(BLOCK):
                fingerprint.update(block)
    except OSError as error:
        return f"unreadable: {error.strerror}"
    return fingerprint.hexdigest()


def digest_of_folder(folder: Path) -> str:
    """The SHA-256 fingerprint of the names and the bytes of the regular files in a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    about = [[path.relative_to(folder).as_posix(), digest_of(path)] for path in files]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()
