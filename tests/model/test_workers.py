"""Workers that train together compute what one worker computes; here they are threads."""

import socket
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from support.numpy_model import draw_frames, draw_latents, draw_visible
from support.settings import TINY

from model.alternating import alternate
from model.dynamic_generator import DynamicGenerator
from model.kept_frames import KeptFrames
from model.latents import Latents, copied, of_sequences
from model.workers import ALONE, Part, Together, part_of, session_config

SETTINGS = TINY._replace(transition_init_std=0.3, shared_statistics=True)
SIZES = SETTINGS.sizes
COUNT, NUM_FRAMES, CHUNK_LENGTH = 2, 6, 3


@pytest.fixture(scope="module")
def crew():
    """Two workers, each with a server of its own."""
    with socket.socket() as one, socket.socket() as other:
        for opened in (one, other):
            opened.bind(("127.0.0.1", 0))
        addresses = [f"127.0.0.1:{opened.getsockname()[1]}" for opened in (one, other)]
    servers = [
        tf.distribute.Server({"worker": addresses}, "worker", number, config=session_config(number))
        for number in range(COUNT)
    ]
    workers = [Together(number, COUNT, server.target) for number, server in enumerate(servers)]
    yield workers
    for worker in workers:
        worker.close()


def by_all(crew, work):
    """The result of `work(worker)` of each worker, done at the same time."""

    def work_or_end_all(worker):
        try:
            return work(worker)
        except BaseException:
            for one in crew:
                one.close()
            raise

    with ThreadPoolExecutor(COUNT) as threads:
        return list(threads.map(work_or_end_all, crew))


def generators(crew, **replaced):
    """The same model for each worker."""
    settings = SETTINGS._replace(**replaced)
    return [DynamicGenerator(settings, [CHUNK_LENGTH], workers=worker) for worker in crew]


@pytest.mark.parametrize(("count", "batch"), [(2, 5), (3, 2), (4, 4), (7, 3), (1, 6)])
def test_each_row_of_a_batch_belongs_to_one_worker(count, batch):
    parts = [part_of(number, count, batch) for number in range(count)]
    assert [row for part in parts for row in range(batch)[part.span]] == list(range(batch))
    assert max(part.rows for part in parts) - min(part.rows for part in parts) <= 1
    assert {part.batch for part in parts} == {batch}


@pytest.mark.parametrize("dtype", [np.float32, np.uint8, np.int64])
def test_gathered_values_are_those_of_their_worker_bit_by_bit(crew, dtype, monkeypatch):
    monkeypatch.setattr("model.workers.AT_ONCE", 40)  # several pieces
    random = np.random.default_rng(0)
    expected = random.integers(0, 255, (7, 3)).astype(dtype)
    if dtype == np.float32:
        expected[:3, 0] = [-0.0, np.nan, np.inf]
    owners = np.array([0, 1, 1, 0, 1, 0, 0])

    def work(worker):
        mine = owners == worker.number
        values = np.where(mine[:, np.newaxis], expected, expected[::-1])
        worker.gather(values, mine)
        return values

    for values in by_all(crew, work):
        assert values.tobytes() == expected.tobytes()


def test_totals_and_texts_of_all_workers(crew):
    texts = ["", "ξ and a longer one"]
    found = by_all(
        crew,
        lambda worker: (worker.total([[1.5, worker.number]]), worker.texts(texts[worker.number])),
    )
    for total, told in found:
        np.testing.assert_array_equal(total, [[3.0, 1.0]])
        assert told == texts
    assert ALONE.texts("one") == ["one"]
    assert ALONE.total([2.0]).tolist() == [2.0]


def an_epoch(generator, workers, inputs, **options):
    """One epoch; latents, variables, figures and kept frames after it."""
    frames, latents, visible = inputs
    latents = copied(latents)
    kept = KeptFrames(2, frames.shape)
    report = alternate(
        generator,
        frames=frames,
        visible=visible,
        latents=latents,
        batch_size=2,
        chunk_length=CHUNK_LENGTH,
        learning_rate=1e-4,
        seed=3,
        epoch=1,
        keepers=[kept],
        workers=workers,
        **options,
    )
    return latents, generator.variables(), report, kept.frames


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        ({"clip_gradient": 1.0}, {}),
        ({"training_mode": "incomplete"}, {"chunk_starts": "anywhere"}),
        ({"encodes": True}, {"encoded_frame": "random"}),
    ],
)
def test_with_shared_statistics_two_workers_compute_what_one_does(crew, settings, options):
    """Of five sequences in batches of two, the last batch leaves one worker without a row."""
    visible = draw_visible(5, NUM_FRAMES, 8) if "training_mode" in settings else None
    inputs = draw_frames(5, NUM_FRAMES, 8), draw_latents(SIZES, 5, NUM_FRAMES), visible
    alone = DynamicGenerator(SETTINGS._replace(**settings), [CHUNK_LENGTH])
    expected = an_epoch(alone, ALONE, inputs, **options)
    together = dict(zip(crew, generators(crew, **settings), strict=True))
    found = by_all(crew, lambda worker: an_epoch(together[worker], worker, inputs, **options))
    for latents, variables, report, kept in found:
        for values, wanted in zip(latents, expected[0], strict=True):
            np.testing.assert_allclose(values, wanted, rtol=1e-4, atol=1e-5)
        for name, wanted in expected[1].items():
            scale = np.abs(wanted).max()
            np.testing.assert_allclose(variables[name], wanted, rtol=0, atol=2e-3 * scale)
        for name in ("squared_error", "prior", "likelihood", "alpha_gradient", "beta_gradient"):
            assert getattr(report, name) == pytest.approx(getattr(expected[2], name), rel=1e-4)
        assert report.diagnostics == pytest.approx(expected[2].diagnostics, rel=1e-3)
        np.testing.assert_allclose(kept, expected[3], atol=1e-4)
    first, second = (found[number] for number in range(COUNT))
    for name, values in first[1].items():
        assert values.tobytes() == second[1][name].tobytes(), name
    for one, other in zip(first[0], second[0], strict=True):
        assert one.tobytes() == other.tobytes()


def test_without_shared_statistics_gradients_are_those_of_the_parts_added(crew):
    """Adam's first moment after one step is (1 − β₁) times the gradient."""
    frames, latents = draw_frames(3, CHUNK_LENGTH, 8), draw_latents(SIZES, 3, CHUNK_LENGTH)
    parts = [Part(0, 1, 3), Part(1, 2, 3)]
    assert parts == [worker.part(3) for worker in crew]
    alone = DynamicGenerator(SETTINGS, [CHUNK_LENGTH])
    start = alone.variables()
    expected = {}
    for part in parts:
        alone.set_variables(start)
        alone.learn(frames[part.span], of_sequences(latents, part.span), True, 0.002)
        for name, value in alone.variables().items():
            if name.endswith("/Adam"):
                expected[name] = expected.get(name, 0.0) + value.astype(np.float64)
            if "moving" in name:
                expected[name] = expected.get(name, 0.0) + part.rows / 3 * value
    together = dict(zip(crew, generators(crew, shared_statistics=False), strict=True))

    def work(worker):
        part = worker.part(3)
        generator = together[worker]
        generator.learn(frames[part.span], of_sequences(latents, part.span), True, 0.002, part=part)
        return generator.variables()

    for state in by_all(crew, work):
        assert len(expected) > 10
        for name, wanted in expected.items():
            atol = 1e-5 * np.abs(wanted).max()
            np.testing.assert_allclose(state[name], wanted, rtol=1e-4, atol=atol, err_msg=name)


def test_generation_needs_no_other_worker(crew):
    """Worker 0 draws its previews alone."""
    latents = draw_latents(SIZES, 2, CHUNK_LENGTH)
    alone = DynamicGenerator(SETTINGS, [CHUNK_LENGTH])
    found = generators(crew)[0].generate(latents).frames
    np.testing.assert_allclose(found, alone.generate(latents).frames, atol=1e-6)


def test_worker_must_say_which_part_it_has(crew):
    latents = Latents(*draw_latents(SIZES, 1, CHUNK_LENGTH))
    with pytest.raises(ValueError, match="which part of the batch"):
        generators(crew)[1].learn(draw_frames(1, CHUNK_LENGTH, 8), latents, True, 0.1)


def test_sampler_sums_only_after_its_steps(crew):
    """Without shared statistics. Otherwise workers would wait for each other in each step."""
    graph = generators(crew, shared_statistics=False)[0].weights.beta[0].kernel.graph.as_graph_def()
    in_functions = [node for one in graph.library.function for node in one.node_def]
    in_loops = [node for node in graph.node if "/while/" in node.name] + in_functions
    assert len(in_loops) > 10
    assert [node.name for node in in_loops if node.op == "CollectiveReduce"] == []
    assert sum(node.op == "CollectiveReduce" for node in graph.node) == 2
