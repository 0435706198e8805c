"""The alternating loop: which chunk starts where, what moves, what is reported."""

import numpy as np
import pytest
from support.numpy_model import draw_frames, draw_latents, draw_visible, energy, in_double

from model.alternating import alternate, batches
from model.chunks import Chunk
from model.inference import INNOVATIONS_GRADIENT
from model.kept_frames import KeptFrames
from model.latents import Latents, split_range

NUM_SEQUENCES, NUM_FRAMES, CHUNK_LENGTH, BATCH_SIZE = 3, 7, 3, 2
LEARNING_RATE = 0.002
SPANS = [slice(0, 3), slice(3, 6), slice(6, 7)]


class Spy:
    """Passes `infer` and `learn` on to the model, and writes down what went in and came out."""

    def __init__(self, generator):
        self._generator = generator
        self.calls, self.keys, self.inferred, self.learned = [], [], [], []
        self.visible, self.rates, self.images = [], [], []
        self.settings = generator.settings

    def infer(self, frames, latents, begins_sequence, key, visible, part):
        result = self._generator.infer(frames, latents, begins_sequence, key, visible)
        self.calls.append("infer")
        self.keys.append(key.tobytes())
        self.visible.append(visible)
        self.inferred.append((frames, Latents(*map(np.copy, latents)), begins_sequence, result))
        return result

    def encode(self, images):
        self.images.append(images)
        return self._generator.encode(images)

    def learn(self, frames, latents, begins_sequence, learning_rate, visible, images, part, key):
        arguments = frames, latents, begins_sequence, learning_rate, visible, images
        result = self._generator.learn(*arguments)
        self.calls.append("learn")
        self.visible.append(visible)
        self.rates.append(learning_rate)
        self.learned.append((frames, Latents(*map(np.copy, latents)), begins_sequence, result))
        return result


class Epoch:
    """One epoch of three sequences of seven frames, in batches of two, in chunks of three."""

    def __init__(
        self,
        generator,
        frames=None,
        batch_size=BATCH_SIZE,
        visible=None,
        learning_rate=LEARNING_RATE,
    ):
        sizes = generator.settings.sizes
        self.frames = draw_frames(NUM_SEQUENCES, NUM_FRAMES, 8) if frames is None else frames
        self.before = draw_latents(sizes, NUM_SEQUENCES, NUM_FRAMES)
        self.latents = draw_latents(sizes, NUM_SEQUENCES, NUM_FRAMES)
        self.spy, self.progress = Spy(generator), []
        self.kept = KeptFrames(NUM_SEQUENCES, self.frames.shape)
        self.report = alternate(
            self.spy,
            frames=self.frames,
            latents=self.latents,
            batch_size=batch_size,
            chunk_length=CHUNK_LENGTH,
            learning_rate=learning_rate,
            seed=0,
            epoch=0,
            visible=visible,
            keepers=[self.kept],
            tell_progress=lambda *counts: self.progress.append(counts),
        )
        self.batches = [self.rows_of(call) for call in self.spy.inferred[:: len(SPANS)]]

    def rows_of(self, call):
        """Which sequences a call was about, told by their first frames."""
        first = [frame.tobytes() for frame in self.frames[:, 0]]
        return [first.index(frame.tobytes()) for frame in call[0][:, 0]]

    def visits(self):
        """(rows, chunk, inferred, learned) of every iteration."""
        calls = zip(self.spy.inferred, self.spy.learned, strict=True)
        for number, (inferred, learned) in enumerate(calls):
            batch, chunk = divmod(number, len(SPANS))
            yield self.batches[batch], chunk, inferred, learned


def innovations_gradient(call):
    """What the sampler said of a call of `infer`."""
    return call[3].diagnostics[INNOVATIONS_GRADIENT]


@pytest.fixture
def epoch(generator):
    return Epoch(generator)


# --- Cutting ---


@pytest.mark.parametrize(
    ("num_frames", "chunk_length", "lengths"),
    [(7, 3, [3, 3, 1]), (6, 3, [3, 3]), (2, 3, [2]), (3, 3, [3]), (4, 1, [1, 1, 1, 1])],
)
def test_chunks_cover_every_frame_once_and_a_remainder_is_a_shorter_last_one(
    num_frames, chunk_length, lengths
):
    cut = split_range(num_frames, chunk_length)
    assert [span.stop - span.start for span in cut] == lengths
    frames = np.arange(num_frames)
    np.testing.assert_array_equal(np.concatenate([frames[span] for span in cut]), frames)


def test_batches_cover_every_sequence_once_in_an_order_of_chance():
    drawn = [list(batches(7, 3, np.random.default_rng(seed))) for seed in (0, 0, 1)]
    for batch_list in drawn:
        assert [len(rows) for rows in batch_list] == [3, 3, 1]
        assert sorted(np.concatenate(batch_list)) == list(range(7))
    orders = [np.concatenate(batch_list).tolist() for batch_list in drawn]
    assert orders[0] == orders[1] != orders[2]


def test_fewer_sequences_than_a_batch_holds_are_one_batch():
    (rows,) = batches(4, 30, np.random.default_rng(0))
    assert rows.tolist() == [0, 1, 2, 3]


# --- The loop ---


def test_inference_and_learning_alternate_over_all_batches_and_chunks(epoch):
    assert epoch.spy.calls == ["infer", "learn"] * (2 * len(SPANS))
    assert sorted(map(len, epoch.batches), reverse=True) == [2, 1]
    assert sorted(sum(epoch.batches, [])) == [0, 1, 2]
    for rows, chunk, inferred, learned in epoch.visits():
        np.testing.assert_array_equal(inferred[0], epoch.frames[rows, SPANS[chunk]])
        np.testing.assert_array_equal(learned[0], epoch.frames[rows, SPANS[chunk]])


def test_learning_is_given_what_was_inferred(epoch):
    for _, _, inferred, learned in epoch.visits():
        for given, value in zip(learned[1], inferred[3].latents, strict=True):
            np.testing.assert_array_equal(given, value)


def test_a_chunk_starts_from_the_state_the_chunk_before_ended_in(epoch):
    ended = None
    for rows, chunk, inferred, learned in epoch.visits():
        start = inferred[1].initial_state
        if chunk == 0:
            np.testing.assert_array_equal(start, epoch.before.initial_state[rows])
        else:
            np.testing.assert_array_equal(start, ended)
        ended = learned[3].last_state


def test_initial_state_moves_in_the_first_chunk_only(epoch):
    for rows, chunk, inferred, learned in epoch.visits():
        start, end = inferred[1].initial_state, inferred[3].latents.initial_state
        assert inferred[2] == learned[2] == (chunk == 0)
        if chunk == 0:
            assert not np.any(start == end)
            np.testing.assert_array_equal(epoch.latents.initial_state[rows], end)
        else:
            assert start.tobytes() == end.tobytes()


def test_appearance_and_motion_type_are_carried_from_chunk_to_chunk(epoch):
    for part in ("appearance", "motion_type"):
        stands = getattr(epoch.before, part).copy()
        for rows, _, inferred, _ in epoch.visits():
            start, end = (getattr(given, part) for given in (inferred[1], inferred[3].latents))
            np.testing.assert_array_equal(start, stands[rows])
            assert not np.any(start == end)
            stands[rows] = end
        np.testing.assert_array_equal(getattr(epoch.latents, part), stands)


def test_innovations_start_where_the_chain_stood_and_are_moved_in_place(epoch):
    for rows, chunk, inferred, _ in epoch.visits():
        span = SPANS[chunk]
        np.testing.assert_array_equal(inferred[1].innovations, epoch.before.innovations[rows, span])
        np.testing.assert_array_equal(
            epoch.latents.innovations[rows, span], inferred[3].latents.innovations
        )
    assert not np.any(epoch.latents.innovations == epoch.before.innovations)


def test_nothing_of_a_chunk_depends_on_the_chunks_after_it(generator):
    """No gradient crosses the cut: other frames in the last chunk, the same bytes before it."""
    state = generator.variables()
    one = Epoch(generator, batch_size=NUM_SEQUENCES)
    frames = one.frames.copy()
    frames[:, SPANS[2]] = -frames[:, SPANS[2]]
    generator.set_variables(state)
    other = Epoch(generator, frames, batch_size=NUM_SEQUENCES)
    assert one.latents.initial_state.tobytes() == other.latents.initial_state.tobytes()
    for chunk in (0, 1):
        first, second = (epoch.latents.innovations[:, SPANS[chunk]] for epoch in (one, other))
        assert first.tobytes() == second.tobytes()
        first, second = (epoch.spy.learned[chunk][3] for epoch in (one, other))
        assert first.frames.tobytes() == second.frames.tobytes()
    assert not np.any(one.latents.innovations[:, 6] == other.latents.innovations[:, 6])


# --- The report ---


def test_reconstruction_is_that_of_every_chunk(epoch):
    assert epoch.kept.frames.shape == epoch.frames.shape
    for rows, chunk, _, learned in epoch.visits():
        np.testing.assert_array_equal(epoch.kept.frames[rows, SPANS[chunk]], learned[3].frames)


def test_progress_is_told_after_each_chunk(epoch):
    assert epoch.progress == [(done, 2 * len(SPANS)) for done in range(1, 2 * len(SPANS) + 1)]


def test_only_the_first_sequences_are_kept(generator, epoch):
    kept = KeptFrames(2, epoch.frames.shape)
    assert kept.frames.shape == epoch.frames[:2].shape
    for rows, chunk, _, learned in epoch.visits():
        times = np.arange(NUM_FRAMES)[SPANS[chunk]]
        kept.keep(
            Chunk(np.reshape(rows, (-1, 1)), np.tile(times, (len(rows), 1)), chunk == 0),
            learned[3].frames,
        )
    np.testing.assert_array_equal(kept.frames, epoch.kept.frames[:2])
    assert KeptFrames(5, epoch.frames.shape).frames.shape == epoch.frames.shape


def test_frames_that_are_read_piece_by_piece_give_the_same_bits(generator, epoch):
    """No array of all frames: only `shape` and indices of single chunks."""
    read, state = [], generator.variables()

    class Stored:
        shape = epoch.frames.shape

        def __getitem__(self, place):
            read.append(np.broadcast(*place).shape)
            return epoch.frames[place]

    ends = []
    for frames in (epoch.frames, Stored()):
        generator.set_variables(state)
        latents = draw_latents(generator.settings.sizes, NUM_SEQUENCES, NUM_FRAMES)
        report = short_epoch(generator, frames, latents, 0, 0)
        ends.append((report, [part.tobytes() for part in latents]))
    assert ends[0] == ends[1]
    assert sum(np.prod(shape) for shape in read) == NUM_SEQUENCES * NUM_FRAMES
    assert max(np.prod(shape) for shape in read) == BATCH_SIZE * CHUNK_LENGTH


def test_squared_error_is_the_mean_over_the_reconstruction(epoch):
    difference = epoch.frames.astype(np.float64) - epoch.kept.frames
    assert epoch.report.squared_error == pytest.approx(np.mean(difference**2), rel=1e-5)


def test_energies_are_summed_over_chunks_and_averaged_over_sequences(epoch):
    """Against NumPy's U of the inferred latents and the reconstruction, chunk by chunk."""
    total = np.zeros(2)
    for _, chunk, inferred, learned in epoch.visits():
        parts = energy(
            in_double(inferred[3].latents),
            inferred[0].astype(np.float64),
            learned[3].frames.astype(np.float64),
            sigma=1.0,
            with_initial_state=chunk == 0,
        )
        total += np.sum(parts, axis=1)
    reported = [epoch.report.prior, epoch.report.likelihood]
    np.testing.assert_allclose(reported, total / NUM_SEQUENCES, rtol=1e-5)


def test_norms_and_share_are_means_over_iterations(epoch):
    for name in ("alpha_gradient", "beta_gradient", "active_share"):
        values = [getattr(learned[3], name) for learned in epoch.spy.learned]
        assert getattr(epoch.report, name) == pytest.approx(np.mean(values), rel=1e-6)
    values = [innovations_gradient(inferred) for inferred in epoch.spy.inferred]
    assert epoch.report.diagnostics == {
        INNOVATIONS_GRADIENT: pytest.approx(np.mean(values), rel=1e-6)
    }


# --- Missing pixels ---


@pytest.fixture
def incomplete_epoch(incomplete_generator):
    """An epoch over the visible half of the pixels."""
    return Epoch(incomplete_generator, visible=draw_mask())


def draw_mask():
    """Half of the pixels are visible, and in the second chunk of the first sequence none."""
    visible = draw_visible(NUM_SEQUENCES, NUM_FRAMES, 8)
    visible[0, SPANS[1]] = False
    return visible


def test_every_chunk_is_inferred_and_learned_with_its_part_of_the_mask(incomplete_epoch):
    given = iter(incomplete_epoch.spy.visible)
    for rows, chunk, _, _ in incomplete_epoch.visits():
        for _ in ("infer", "learn"):
            np.testing.assert_array_equal(next(given), draw_mask()[rows, SPANS[chunk]])
    assert list(given) == []


def test_squared_error_is_the_mean_over_visible_pixels(incomplete_epoch):
    epoch = incomplete_epoch
    difference = epoch.frames.astype(np.float64) - epoch.kept.frames
    seen = difference[draw_mask()[..., 0]]
    assert len(seen) < difference.size / 3 / 2
    assert epoch.report.squared_error == pytest.approx(np.mean(seen**2), rel=1e-5)
    assert epoch.report.squared_error != pytest.approx(np.mean(difference**2), rel=1e-3)


def test_likelihood_is_that_of_visible_pixels(incomplete_epoch):
    """Against NumPy's U, chunk by chunk."""
    epoch, total = incomplete_epoch, 0.0
    for rows, chunk, inferred, learned in epoch.visits():
        visible = draw_mask()[rows, SPANS[chunk]]
        emitted = learned[3].frames.astype(np.float64)
        latents = in_double(inferred[3].latents)
        total += np.sum(energy(latents, inferred[0], emitted, sigma=1.0, visible=visible)[1])
    assert epoch.report.likelihood == pytest.approx(total / NUM_SEQUENCES, rel=1e-5)


def test_chunk_in_which_nothing_is_visible_is_carried_by_the_others(incomplete_generator):
    """Its latents move by their prior alone; nothing stops and every number stays finite."""
    epoch = Epoch(incomplete_generator, batch_size=1, visible=draw_mask())
    (hidden,) = (
        number
        for number, (rows, chunk, _, _) in enumerate(epoch.visits())
        if (rows, chunk) == ([0], 1)
    )
    assert innovations_gradient(epoch.spy.inferred[hidden]) == 0
    assert innovations_gradient(epoch.spy.inferred[hidden + 1]) > 0
    assert epoch.spy.learned[hidden][3].energy.likelihood == 0
    numbers = epoch.report._asdict() | epoch.latents._asdict() | incomplete_generator.variables()
    numbers |= numbers.pop("diagnostics")
    for name, value in numbers.items():
        assert np.all(np.isfinite(value)), name
    assert not np.any(epoch.latents.innovations == epoch.before.innovations)


def test_what_the_missing_pixels_hold_decides_no_bit(incomplete_generator):
    """Of reconstruction, latents and weights, after an epoch."""
    visible, frames = draw_mask(), draw_frames(NUM_SEQUENCES, NUM_FRAMES, 8)
    generator, ends = incomplete_generator, []
    state = generator.variables()
    for filling in (-1.0, 0.5):
        generator.set_variables(state)
        epoch = Epoch(generator, np.where(visible, frames, np.float32(filling)), visible=visible)
        ends.append([epoch.kept.frames, *epoch.latents, *generator.variables().values()])
    for one, other in zip(*ends, strict=True):
        np.testing.assert_array_equal(one, other)


# --- The learning rate ---


def test_learning_rate_is_that_of_every_step_of_the_epoch(generator):
    assert Epoch(generator, learning_rate=0.25).spy.rates == [0.25] * 6


def test_weights_move_at_the_rate_that_is_given(generator):
    """The first step of Adam is as long as the rate, for every weight that has a gradient."""
    state = generator.variables()
    frames, latents = draw_frames(1, 3, 8), draw_latents(generator.settings.sizes, 1, 3)
    for rate in (LEARNING_RATE, 0.01):
        generator.set_variables(state)
        generator.learn(frames, latents, True, rate)
        moved = generator.variables()["emission/layer_3/bias"] - state["emission/layer_3/bias"]
        np.testing.assert_allclose(np.abs(moved), rate, rtol=1e-3)


# --- The seed ---


def short_epoch(generator, frames, latents, seed, epoch):
    return alternate(
        generator,
        frames=frames,
        latents=latents,
        batch_size=BATCH_SIZE,
        chunk_length=CHUNK_LENGTH,
        learning_rate=LEARNING_RATE,
        seed=seed,
        epoch=epoch,
    )


def learned_from(make_generator, seed):
    """The bytes of all latents and of the whole state after three epochs."""
    generator = make_generator([3, 1], seed=seed)
    frames = draw_frames(3, 4, 8)
    latents = draw_latents(generator.settings.sizes, 3, 4)
    for epoch in range(3):
        short_epoch(generator, frames, latents, seed, epoch)
    parts = latents._asdict() | generator.variables()
    return {name: value.tobytes() for name, value in parts.items()}


def test_the_seed_decides_every_bit_of_what_is_inferred_and_learned(make_generator):
    one, same, other = (learned_from(make_generator, seed) for seed in (1, 1, 2))
    assert one == same
    decided_by_the_seed = [name for name in one if not name.endswith("_power")]
    assert all(one[name] != other[name] for name in decided_by_the_seed)


def test_every_chunk_of_every_batch_and_epoch_has_noise_of_its_own(generator):
    sizes = generator.settings.sizes
    frames, latents = draw_frames(3, 4, 8), draw_latents(sizes, 3, 4)
    spy = Spy(generator)
    for seed, epoch in ((0, 0), (0, 1), (1, 0)):
        short_epoch(spy, frames, latents, seed, epoch)
    assert len(set(spy.keys)) == len(spy.keys) == 3 * 2 * 2
