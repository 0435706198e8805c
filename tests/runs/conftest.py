"""What the tests of whole runs share: evaluation.csv, and its posterior check in NumPy."""

import csv

import numpy as np
import pytest
from support.numpy_model import in_double, seen_of, unroll

from model.posterior_check import PosteriorCheck
from util.metrics.evaluation import evaluate
from util.metrics.measures import MEASURES
from util.metrics.references import REFERENCES
from util.runs.run_state import read_state

POSTERIOR_CHECK = 11  # the stream of random numbers of the posterior check


@pytest.fixture(scope="session")
def evaluation_table():
    """`evaluation_table(folder)` reads evaluation.csv: (sequence, video) → column → value.

    An empty cell is NaN.
    """
    return read_table


@pytest.fixture(scope="session")
def assert_evaluated():
    """`assert_evaluated(folder, observed, videos, ...)` checks evaluation.csv to its last cell."""
    return check_table


@pytest.fixture(scope="session")
def ratios_in_numpy():
    """`ratios_in_numpy(checkpoint, position)` computes the posterior check in float64."""
    return posterior_ratios


def read_table(folder):
    with open(folder / "evaluation.csv", newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header == ["sequence", "video", *MEASURES, *PosteriorCheck._fields]
    return {
        (sequence, video): {
            name: float(cell or "nan") for name, cell in zip(header[2:], cells, strict=True)
        }
        for sequence, video, *cells in rows
    }


def check_table(folder, observed, videos, ratios, chunk_length, seed=0, states=20, rel=1e-5):
    """Compare a table with `evaluate` of the frames that were written.

    Args:
        observed: the clip of each sequence, uint8 [T, H, W, 3], by its name.
        videos: the synthesized videos of each sequence, uint8 [T, H, W, 3], by their names.
        ratios: the posterior check of the model, by name.
        rel: relative tolerance of the measures; larger where `videos` come from a file.

    Returns:
        The `Evaluation` of each sequence.
    """
    table = read_table(folder)
    evaluations = {
        name: evaluate(videos[name], clip, chunk_length, seed, states)
        for name, clip in observed.items()
    }
    rows = [
        (name, video)
        for name, evaluation in evaluations.items()
        for video in [*evaluation.videos, *REFERENCES]
    ]
    assert list(table) == rows
    for (name, video), cells in table.items():
        evaluation = evaluations[name]
        expected = (evaluation.videos | evaluation.references)[video]
        measured = {measure: cells[measure] for measure in MEASURES}
        assert measured == pytest.approx(dict(expected), rel=rel, nan_ok=True), (name, video)
        checked = {ratio: cells[ratio] for ratio in ratios}
        if video in evaluation.videos:
            assert checked == pytest.approx(ratios, rel=5e-3, nan_ok=True), (name, video)
        else:
            assert np.isnan(list(checked.values())).all(), (name, video)
    return evaluations


def posterior_ratios(checkpoint, position, seed=0):
    """The posterior check of a checkpoint, from its arrays, in float64.

    It is for transitions with a perceptron.

    Args:
        position: the number of epochs that, with the seed, gives the sample's random numbers.
    """
    state = read_state(checkpoint)
    weights, latents = in_double(state.variables), in_double(state.latents)
    first, size = latents.motion_type.shape[1], latents.innovations.shape[2]
    kernel = weights["transition/kernel_1"][first : first + size]
    squares = np.square(latents.innovations @ kernel).sum(axis=-1)
    noise = np.random.default_rng([seed, POSTERIOR_CHECK, position])
    drawn = noise.standard_normal(latents.innovations.shape, dtype=np.float32)

    def seen(these):
        """The states of these latents, as far as the emission network sees them."""
        mode = state.options.dynamic_mode
        return seen_of(unroll(weights, these, mode)[0], mode)

    inferred = seen(latents)
    other = noise.standard_normal(latents.innovations.shape, dtype=np.float32)
    samples = []
    for innovations in (drawn, other):
        sample = latents._replace(innovations=innovations)
        if state.options.motion_type_in_test == "prior":
            motion_type = noise.standard_normal(latents.motion_type.shape, dtype=np.float32)
            sample = sample._replace(motion_type=motion_type)
        if state.options.start_in_test == "prior":
            start = noise.standard_normal(latents.initial_state.shape, dtype=np.float32)
            sample = sample._replace(initial_state=start)
        samples.append(in_double(sample))
    sampled, another = map(seen, samples)
    return {
        "innovation_spread": np.sqrt(squares.mean() / np.square(kernel).sum()),
        "state_step": moves(inferred) / moves(sampled),
        "state_spread": deviation(inferred) / deviation(sampled),
        "state_distance": to_nearest(sampled, inferred) / to_nearest(sampled, another),
        "state_persistence": (moves(inferred, 2) / moves(inferred))
        / (moves(sampled, 2) / moves(sampled)),
        "start_spread": root_mean_square(latents.initial_state),
        "appearance_spread": root_mean_square(latents.appearance),
        "motion_type_spread": root_mean_square(latents.motion_type),
    }


def moves(states, frames=1):
    """Mean length of the moves over so many frames of states [N, T, d]."""
    return np.mean(
        [
            np.linalg.norm(after - before)
            for one in states
            for before, after in zip(one, one[frames:], strict=False)
        ]
    )


def root_mean_square(values):
    """NaN if there are none."""
    return np.linalg.norm(values) / np.sqrt(values.size) if values.size else np.nan


def deviation(states):
    """Standard deviation of states [N, T, d] over time, root mean square over the rest."""
    return np.sqrt(np.mean(np.var(states, axis=1)))


def to_nearest(states, others):
    """Mean distance of states to the nearest of others."""
    size = states.shape[-1]
    between = np.linalg.norm(states.reshape(-1, 1, size) - others.reshape(1, -1, size), axis=-1)
    return between.min(axis=1).mean()
