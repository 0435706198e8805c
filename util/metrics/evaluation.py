"""All measures of the synthesized videos of one sequence, and of its reference rows."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from model.random_keys import Stream, random_generator
from util.metrics.linear_system import STATES
from util.metrics.measures import MOST_FRAMES, Comparison, compare, mean_of
from util.metrics.references import REFERENCES

# So many sequences are measured at once, each in the memory of its own: `util.runs.memory`.
AT_ONCE = 2


class Evaluation(NamedTuple):
    """The table of one sequence.

    Fields:
        videos: the measures of each synthesized video, by its name.
        references: the measures of each row of `REFERENCES`, by its name.
    """

    videos: dict[str, Comparison]
    references: dict[str, Comparison]


def evaluate(
    videos: Mapping[str, np.ndarray],
    observed: np.ndarray,
    chunk_length: int,
    seed: int = 0,
    states: int = STATES,
    video_length: int = 0,
) -> Evaluation:
    """Measure synthesized videos and the references of the observed video.

    Args:
        videos: uint8 [T, H, W, 3] each, of any length, by name.
        observed: uint8 [T, H, W, 3].
        chunk_length: number of frames of a chunk.
        seed: of the random references.
        states: number of states of the linear dynamical system.
        video_length: number of frames of each sample of the linear dynamical system. With 0, a
            sample is as long as the longest of `videos`, or as the clip if there are none. Most
            measures depend on the length, so only videos of the same length can be compared.
    """
    longest = max(map(len, videos.values()), default=len(observed))
    length = min(video_length or longest, MOST_FRAMES)
    measured = {name: compare(video, observed, chunk_length) for name, video in videos.items()}
    references = {}
    for index, (name, row) in enumerate(REFERENCES.items()):
        random = random_generator(seed, Stream.BASELINE, index)
        made = (row.make(observed, random, states, length) for _ in range(row.samples))
        references[name] = mean_of([compare(*reference, chunk_length) for reference in made])
    return Evaluation(measured, references)
