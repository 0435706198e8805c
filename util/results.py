"""What a trained model makes: results of training, and videos synthesized from a checkpoint."""

import math
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from model.sampling import reconstruct
from util.frames import to_bytes
from util.pictures import (
    COLUMNS,
    above,
    beside,
    padded,
    widened,
    write_frames,
    write_png,
    write_video,
)
from util.sampled_videos import sampled_bytes
from util.training import Trained
from util.video_statistics import compare, write_comparisons

MOMENTS = 4  # of a video on a picture of many


def write_final_result(trained: Trained) -> None:
    """Per sequence: observed, reconstructed and synthesized, as videos and frames, side by side."""
    options, run, clips, generator, latents, _ = trained
    chunk_length, batch_size = options.truncated_backprop_length, options.batch_size
    made = {
        "observed": to_bytes(clips.frames),
        "reconstructed": to_bytes(reconstruct(generator, latents, chunk_length, batch_size)),
    }
    for video in range(options.num_batches_in_test):
        made[f"synthesized_{video + 1}"] = sampled_bytes(generator, options, latents, video)
    for index, name in enumerate(clips.names):
        videos = {kind: frames[index] for kind, frames in made.items()}
        synthesized = {kind: frames for kind, frames in videos.items() if kind.startswith("synth")}
        comparisons = {
            kind: compare(frames, videos["observed"], chunk_length)
            for kind, frames in synthesized.items()
        }
        with in_place_of(run.final_result / name) as folder:
            write_sequence(folder, videos, ["observed", *synthesized], options.num_frames)
            write_comparisons(folder / "comparison.json", comparisons)
        for kind, comparison in comparisons.items():
            print(f"{name}, {kind}: {comparison}")
    if len(clips.names) > 1:
        del made["reconstructed"]
        write_overview(run.final_result / "overview", list(made.values()))


@contextmanager
def in_place_of(folder: Path) -> Iterator[Path]:
    """A new folder that takes the place of `folder` when all that belongs into it is written."""
    unfinished = folder.with_name(f".partial-{folder.name}")
    unfinished.mkdir()
    yield unfinished
    if folder.exists():  # of the same run, before it was resumed
        shutil.rmtree(folder)
    unfinished.rename(folder)


def write_sequence(
    folder: Path, videos: dict[str, np.ndarray], panels: list[str], num_frames: int
) -> None:
    """The videos of one sequence, uint8 [T, H, W, 3] each, one by one and beside one another.

    Args:
        panels: which of them play beside one another; all are shown on the picture.
        num_frames: how many frames the picture covers.
    """
    for kind, frames in videos.items():
        write_video(folder / kind, frames)
        write_frames(folder / kind, frames)
    shown = slice(0, num_frames, math.ceil(num_frames / COLUMNS))
    rows = [beside(frames[shown]) for frames in videos.values()]
    width = max(row.shape[1] for row in rows)
    write_png(folder / "side_by_side.png", above([widened(row, width) for row in rows]))
    length = max(len(frames) for frames in videos.values())
    write_video(folder / "side_by_side", beside([padded(videos[kind], length) for kind in panels]))


def write_playing(path: Path, rows: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Rows of videos, uint8 [n, T, H, W, 3] each, as one video.

    Returns the rows as they play, uint8 [longest T, height, width, 3] each.
    """
    length = max(videos.shape[1] for videos in rows)
    playing = [beside([padded(video, length) for video in videos]) for videos in rows]
    write_video(path, np.stack([above(pictures) for pictures in zip(*playing, strict=True)]))
    return playing


def write_overview(path: Path, rows: Sequence[np.ndarray]) -> None:
    """Rows of videos, uint8 [n, T, H, W, 3] each, as one video and as one picture.

    The picture shows, row by row, four moments of the shortest video.
    """
    playing = write_playing(path, rows)
    shortest = min(videos.shape[1] for videos in rows)
    moments = np.linspace(0, shortest - 1, min(shortest, MOMENTS)).round().astype(int)
    sheet = [row[moment] for row in playing for moment in moments]
    write_png(path.with_name(f"{path.name}.png"), above(sheet))
