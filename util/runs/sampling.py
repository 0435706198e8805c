"""Sampling videos from a model, with the options of a run."""

import dataclasses
import math
from collections.abc import Iterable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from model.calibration import Calibrated, calibrate, side_by_side
from model.dynamic_generator import DynamicGenerator
from model.emission import Statistics
from model.innovations import INNOVATIONS, Innovations
from model.latents import Latents, evenly, of_sequences, split_range
from model.posterior_check import PosteriorCheck, check_posterior
from model.random_keys import Stream, random_generator
from model.sampling import MOTION_TYPE, START_STATE, drawn_start, synthesize, unrolled
from util.data.frames import to_bytes
from util.options.schema import Options

CALIBRATION_FRAMES = 240  # at least so many frames give the calibrated statistics
CALIBRATION_CHUNKS = 2  # and at least so many chunks of each sequence
CALIBRATION_SEQUENCES = 100  # of more sequences, so many are sampled, evenly over their numbers


class Streams(NamedTuple):
    """The streams of random numbers for the start and the innovations of a sampled video."""

    start: Stream
    innovations: Stream


FOR_RESULTS = Streams(Stream.START, Stream.SYNTHESIS)
FOR_PREVIEW = Streams(Stream.PREVIEW_START, Stream.PREVIEW)


class Sampler(NamedTuple):
    """A model, and the way in which its videos are sampled.

    Fields:
        innovations: the distribution of the innovations.
        statistics: the statistics by which frames are normalised; None for those of each chunk.
        beginning: those of the first frame of a video, where they are others.
    """

    generator: DynamicGenerator
    options: Options
    innovations: Innovations
    statistics: Statistics | None
    beginning: Statistics | None = None

    def calibrated(self) -> Calibrated | None:
        """The calibrated statistics, if frames are normalised by such."""
        if self.beginning is None or self.statistics is None:
            return None
        return Calibrated(self.beginning, self.statistics)


class Batch(NamedTuple):
    """One sampled video for each sequence of a batch.

    Fields:
        rows: the indices of the sequences.
        chunks: frames [n, T, H, W, 3] in [-1, 1], chunk by chunk.
    """

    rows: slice
    chunks: Iterator[np.ndarray]


def make_sampler(
    generator: DynamicGenerator,
    options: Options,
    latents: Latents,
    calibrated: Calibrated | None = None,
) -> Sampler:
    """Prepare sampling as --innovations_in_test and --normalization_in_test say.

    Args:
        latents: the inferred latents of all training sequences.
        calibrated: calibrated statistics of this model; None to calibrate now, where they are
            asked for.
    """
    innovations = INNOVATIONS[options.innovations_in_test](generator, latents)
    sampler = Sampler(generator, options, innovations, None)
    if options.normalization_in_test == "moving":
        return sampler._replace(statistics=generator.moving_statistics())
    if options.normalization_in_test == "calibrated":
        beginning, later = calibrated or calibrated_statistics(sampler, latents)
        return sampler._replace(statistics=later, beginning=beginning)
    return sampler


def calibrated_statistics(sampler: Sampler, latents: Latents) -> Calibrated:
    """Calibrated statistics of the videos that `sampler` makes of the training sequences.

    Of many sequences, `CALIBRATION_SEQUENCES` are sampled.
    """
    latents = of_sequences(latents, evenly(len(latents.innovations), CALIBRATION_SEQUENCES))
    frames_at_once = len(latents.innovations) * sampler.options.truncated_backprop_length
    needed = math.ceil(CALIBRATION_FRAMES / frames_at_once)

    def sample(num_chunks: int, stream: Stream, *number: int) -> Iterator[Latents]:
        return drawn_to_calibrate(sampler, latents, num_chunks, stream, *number)

    long = sample(max(CALIBRATION_CHUNKS, needed), Stream.CALIBRATION)
    first = side_by_side(
        [drawn for video in range(needed) for drawn in sample(1, Stream.BEGINNING, video)]
    )
    of_first, of_long = (
        calibrate(sampler.generator, list(unrolled_to_calibrate(sampler, drawn)))
        for drawn in (first, long)
    )
    return Calibrated(of_first, of_long)


def drawn_to_calibrate(
    sampler: Sampler, latents: Latents, num_chunks: int, stream: Stream, *number: int
) -> Iterator[Latents]:
    """Draw the latents of a video of every sequence, batch by batch, before states pull them.

    Args:
        stream, number: where the random numbers come from.
    """
    options, length = sampler.options, sampler.options.truncated_backprop_length
    for rows in split_range(len(latents.innovations), options.batch_size):
        noise = random_generator(options.seed, stream, *number, rows.start)
        batch = of_sequences(latents, rows)
        from_prior = drawn_in_test(sampler.generator, options)
        start = drawn_start(batch, noise, from_prior, same_for_all=False)
        shape = (len(start.appearance), num_chunks * length, latents.innovations.shape[2])
        yield start._replace(innovations=sampler.innovations.draw(noise, shape))


def unrolled_to_calibrate(sampler: Sampler, drawn: Iterable[Latents]) -> Iterator[Latents]:
    """Yield the latents of the chunks of drawn videos."""
    length = sampler.options.truncated_backprop_length
    for batch in drawn:
        video = sampler.innovations.pulled(sampler.generator, batch)
        for chunk, _ in unrolled(sampler.generator, video, length):
            yield chunk


def drawn_in_test(generator: DynamicGenerator, options: Options) -> list[str]:
    """Which latents of sampled videos come from the prior, beside the innovations.

    With an encoder, a video continues from its image. So the image gives the start state,
    but it has no inferred motion type.
    """
    if generator.settings.encodes:
        return [MOTION_TYPE]
    origins = {MOTION_TYPE: options.motion_type_in_test, START_STATE: options.start_in_test}
    return [name for name, origin in origins.items() if origin == "prior"]


def from_inferred_states(options: Options) -> Options:
    """The options of videos that always begin with the inferred start state."""
    return dataclasses.replace(options, start_in_test="inferred")


def sampled(
    sampler: Sampler, latents: Latents, num_chunks: int, streams: Streams, position: int
) -> Iterator[np.ndarray]:
    """Sample one video of each sequence: frames [n, T, H, W, 3] in [-1, 1], chunk by chunk.

    The random numbers depend on the seed and on `position`: the number of the video, or the epoch.
    """
    options = sampler.options
    numbers = random_generator(options.seed, streams.start, position)
    return synthesize(
        sampler.generator,
        drawn_start(latents, numbers, drawn_in_test(sampler.generator, options)),
        sampler.innovations,
        options.truncated_backprop_length,
        num_chunks,
        sampler.statistics,
        partial(random_generator, options.seed, streams.innovations, position),
        sampler.beginning,
    )


def sampled_bytes(
    sampler: Sampler, latents: Latents, video: int, first: int | None = None
) -> np.ndarray:
    """Sample one whole video of every sequence, or of the `first` ones: uint8 [n, T, H, W, 3]."""
    count = len(latents.innovations) if first is None else first
    batches = (
        np.concatenate([to_bytes(frames) for frames in batch.chunks], axis=1)
        for batch in sampled_in_batches(sampler, latents, video)
        if batch.rows.start < count
    )
    return np.concatenate(list(batches))[:count]


def sampled_in_batches(sampler: Sampler, latents: Latents, video: int) -> Iterator[Batch]:
    """Sample one video of every sequence, a batch of sequences at a time."""
    options = sampler.options
    for rows in split_range(len(latents.innovations), options.batch_size):
        batch_latents = of_sequences(latents, rows)
        num_chunks = options.num_sections_in_test
        yield Batch(rows, sampled(sampler, batch_latents, num_chunks, FOR_RESULTS, video))


def posterior_check(
    generator: DynamicGenerator,
    options: Options,
    latents: Latents,
    epoch: int,
    whole_sequences: bool = True,
) -> PosteriorCheck:
    """Check the latents of all training sequences after `epoch` epochs; see `check_posterior`.

    The samples draw what sampled videos draw.
    """
    noise = random_generator(options.seed, Stream.POSTERIOR_CHECK, epoch)
    length, drawn = options.truncated_backprop_length, drawn_in_test(generator, options)
    return check_posterior(generator, latents, length, noise, whole_sequences, drawn)
