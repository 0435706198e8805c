"""Decoded clips on the disk, so that no run needs all frames in memory.

A cache is a few files in a folder, named by the fingerprint of what was decoded (`source_digest`):

    <fingerprint>.frames.npy    uint8 [N, T, H, W, 3]; black where a pixel is missing
    <fingerprint>.missing.npy   bool [N, T, H, W, 1], if pixels are missing
    <fingerprint>.truth.npy     uint8 [N, T, H, W, 3], if the values of missing pixels are known
    <fingerprint>.json          facts of the clips, fingerprints of the arrays; written last

Without the last file, there is no cache. Nothing in a cache is believed before it was checked: all
arrays are read once, and their fingerprints compared. A cache that does not pass is made again, so
the files may be deleted at any time. A run that has opened them does not lose them.
"""

import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from tqdm import tqdm

from util.data.clip_facts import ClipFacts
from util.data.clips import Clips, digest
from util.data.frames import to_model_range
from util.data.pieces import Indexable, Pieces
from util.data.stored_array import StoredArray, write_header
from util.system.atomic import atomic_path, write_text
from util.system.errors import RunError
from util.system.notes import escaped, recorded_lines, tell_once
from util.system.regular_files import refuse_special

FACTS = 1  # the version of what is told of a clip, such as its rate; another one makes caches anew
SOON = 3.0  # seconds, after which a terminal shows how far decoding is
FILES = r"[0-9a-f]{64}\.(json|(frames|missing|truth)\.npy)"
TYPES: dict[str, type] = {"frames": np.uint8, "missing": np.bool_, "truth": np.uint8}


class ObservedClip(NamedTuple):
    """A decoded sequence.

    Fields:
        frames: uint8 [T, H, W, 3]; black where a pixel is missing.
        missing: bool [T, H, W, 1]; None if no pixel is missing.
        truth: uint8 [T, H, W, 3], with the true values of missing pixels; None if unknown.
    """

    frames: np.ndarray
    missing: np.ndarray | None = None
    truth: np.ndarray | None = None


def as_clips(facts: list[ClipFacts], names: list[str], sequences: Sequence[ObservedClip]) -> Clips:
    """Decoded sequences as clips in memory."""
    arrays: dict[str, Indexable] = {
        part: np.stack([getattr(one, part) for one in sequences])
        for part in ObservedClip._fields
        if getattr(sequences[0], part) is not None
    }
    return _clips(facts, names, arrays)


def _clips(facts: list[ClipFacts], names: list[str], arrays: dict[str, Indexable]) -> Clips:
    frames = Pieces(arrays["frames"], to_model_range)
    missing = arrays.get("missing")
    return Clips(names, frames, missing, arrays.get("truth"), facts, digest=digest(frames, missing))


def cached_clips(folder: Path, key: str, sources: Sequence[Path]) -> Clips | None:
    """The clips of a cache; None if it does not exist. A line says if it is damaged.

    The lines that were told while the files were decoded are told again.

    Args:
        sources: the files or folders of the sequences.
    """
    path = folder / f"{key}.json"
    try:
        refuse_special(path)
        about = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError, RunError):
        about = {}
    content = about.get("content") if isinstance(about, dict) else None
    if isinstance(content, dict) and content.get("facts_version") != FACTS:
        return None
    try:
        clips = _checked(folder, key, about, sources)
    except (KeyError, TypeError, ValueError, OSError, AttributeError, RunError) as error:
        reason = " ".join(str(error).split())
        if not reason or isinstance(error, (KeyError, TypeError, AttributeError)):
            reason = "its facts cannot be read"
        line = f"the cache {path} is damaged ({reason}): it is made again"
        print(escaped(line), file=sys.stderr)
        with suppress(OSError):
            path.unlink()  # so that a failure removes the rest
        return None
    for line in about["content"]["lines"]:
        tell_once(line)
    return clips


def _checked(folder: Path, key: str, about: dict, sources: Sequence[Path]) -> Clips:
    """The clips of a cache, if all of it is as it was written; otherwise an error."""
    content = about["content"]
    if about["digest"] != _digest_of_text(content):
        raise ValueError("its facts have changed")
    facts = [
        ClipFacts(path, **{**known, "numbers": known["numbers"] and tuple(known["numbers"])})
        for path, known in zip(sources, content["facts"], strict=True)
    ]
    arrays: dict[str, Indexable] = {
        part: StoredArray(_array_path(folder, key, part), TYPES[part], tuple(shape))
        for part, shape in content["shapes"].items()
    }
    clips = _clips(facts, content["names"], arrays)
    if clips.digest != content["clips_digest"] or _digest_of_truth(clips) != content["truth"]:
        raise ValueError("its frames have changed")
    return clips._replace(stored_in=_paths(folder, key, arrays))


def decoded_clips(
    folder: Path,
    key: str,
    facts: list[ClipFacts],
    names: list[str],
    sequences: Iterator[ObservedClip],
) -> Clips:
    """Decode the sequences into a cache, one by one, and open it.

    Raises:
        RunError: a sequence cannot be decoded, or the cache cannot be written. Nothing is left.
    """
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with recorded_lines() as lines:
            shapes = _write_arrays(folder, key, sequences, len(names))
        arrays: dict[str, Indexable] = {
            part: StoredArray(_array_path(folder, key, part), TYPES[part], shape)
            for part, shape in shapes.items()
        }
        clips = _clips(facts, names, arrays)
        content = {
            "facts_version": FACTS,
            "names": names,
            "facts": [
                {name: value for name, value in clip._asdict().items() if name != "path"}
                for clip in facts
            ],
            "shapes": shapes,
            "clips_digest": clips.digest,
            "truth": _digest_of_truth(clips),
            "lines": list(dict.fromkeys(lines)),
        }
        content = json.loads(json.dumps(content))
        about = {"content": content, "digest": _digest_of_text(content)}
        write_text(folder / f"{key}.json", json.dumps(about) + "\n")
    except OSError as error:
        _remove(folder, key, is_new)
        raise RunError(
            f"the clips cannot be decoded into {error.filename or folder}: {error.strerror}; make "
            "room, ask for permission, or choose another place by --cache_dir"
        ) from error
    except BaseException:
        _remove(folder, key, is_new)
        raise
    return clips._replace(stored_in=_paths(folder, key, arrays))


def _write_arrays(
    folder: Path, key: str, sequences: Iterator[ObservedClip], count: int
) -> dict[str, tuple[int, ...]]:
    """Write the arrays of all sequences; their shapes, by name."""
    files: dict[str, IO[bytes]] = {}
    shapes: dict[str, tuple[int, ...]] = {}
    with ExitStack() as paths:
        in_terminal = sys.stderr.isatty()
        shown = tqdm(sequences, "decoding clips", count, delay=SOON, disable=not in_terminal)
        for sequence in shown:
            given = {part: value for part, value in sequence._asdict().items() if value is not None}
            for part, values in given.items():
                if part not in files:
                    shapes[part] = (count, *values.shape)
                    partial = paths.enter_context(atomic_path(_array_path(folder, key, part)))
                    files[part] = paths.enter_context(open(partial, "wb"))
                    write_header(files[part], TYPES[part], shapes[part])
                files[part].write(np.ascontiguousarray(values).data)
    return shapes


def _remove(folder: Path, key: str, is_new: bool) -> None:
    """Remove a cache that was not finished, and its folder if it is new.

    Another process may have finished the same cache meanwhile: then it stays.
    """
    if (folder / f"{key}.json").exists():
        return
    with suppress(OSError):  # the folder does not exist, or another process uses it
        for path in _paths(folder, key, TYPES):
            path.unlink(missing_ok=True)
        if is_new:
            folder.rmdir()


def _array_path(folder: Path, key: str, part: str) -> Path:
    return folder / f"{key}.{part}.npy"


def _paths(folder: Path, key: str, parts: Sequence[str] | dict) -> list[Path]:
    return [folder / f"{key}.json", *(_array_path(folder, key, part) for part in parts)]


def _digest_of_text(content: dict) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _digest_of_truth(clips: Clips) -> str:
    return "" if clips.truth is None else digest(clips.truth)
