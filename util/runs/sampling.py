"""Sampling videos from a model, with the options of a run."""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from model.dynamic_generator import DynamicGenerator
from model.latents import Latents, of_sequences, split_range
from model.random_keys import Stream, random_generator
from model.sampling import drawn_start, synthesize
from util.data.frames import to_bytes
from util.options.schema import Options


class Streams(NamedTuple):
    """The streams of random numbers for the start and the innovations of a sampled video."""

    start: Stream
    innovations: Stream


FOR_RESULTS = Streams(Stream.START, Stream.SYNTHESIS)
FOR_PREVIEW = Streams(Stream.PREVIEW_START, Stream.PREVIEW)


class Batch(NamedTuple):
    """One sampled video for each sequence of a batch.

    Fields:
        rows: the indices of the sequences.
        chunks: frames [n, T, H, W, 3] in [-1, 1], chunk by chunk.
    """

    rows: slice
    chunks: Iterator[np.ndarray]


def sampled(
    generator: DynamicGenerator,
    options: Options,
    latents: Latents,
    num_chunks: int,
    streams: Streams,
    position: int,
) -> Iterator[np.ndarray]:
    """Sample one video of each sequence: frames [n, T, H, W, 3] in [-1, 1], chunk by chunk.

    The random numbers depend on the seed and on `position`: the number of the video, or the epoch.
    An encoded start state is never replaced by the prior, because the video continues from its
    image.
    """
    numbers = random_generator(options.seed, streams.start, position)
    from_prior = options.start_in_test == "prior" and not generator.settings.encodes
    return synthesize(
        generator,
        drawn_start(latents, numbers, from_prior),
        options.truncated_backprop_length,
        num_chunks,
        options.normalization_in_test,
        partial(random_generator, options.seed, streams.innovations, position),
    )


def sampled_bytes(
    generator: DynamicGenerator, options: Options, latents: Latents, video: int
) -> np.ndarray:
    """Sample one whole video of every sequence: uint8 [N, T, H, W, 3]."""
    batches = (
        np.concatenate([to_bytes(frames) for frames in batch.chunks], axis=1)
        for batch in sampled_in_batches(generator, options, latents, video)
    )
    return np.concatenate(list(batches))


def sampled_in_batches(
    generator: DynamicGenerator, options: Options, latents: Latents, video: int
) -> Iterator[Batch]:
    """Sample one video of every sequence, a batch of sequences at a time."""
    for rows in split_range(len(latents.innovations), options.batch_size):
        batch_latents = of_sequences(latents, rows)
        num_chunks = options.num_sections_in_test
        chunks = sampled(generator, options, batch_latents, num_chunks, FOR_RESULTS, video)
        yield Batch(rows, chunks)
