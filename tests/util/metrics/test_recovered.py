"""What is put in the place of missing pixels, iteration after iteration, and what is scored."""

import numpy as np
import pytest
from support.scoring import score

from model.chunks import chunk_at
from util.data.clips import Clips
from util.data.frames import to_bytes
from util.metrics.baselines import temporal_mean
from util.metrics.recovered import BASELINES, Recovery, filled_by_baselines, scores_of

NUM_SEQUENCES, NUM_FRAMES, SIDE = 2, 4, 8


def draw_clips(with_truth=True):
    """Two clips of noise, about 40 % of whose pixels are missing, and the truth."""
    random = np.random.default_rng(0)
    truth = random.integers(0, 256, (NUM_SEQUENCES, NUM_FRAMES, SIDE, SIDE, 3)).astype(np.uint8)
    missing = random.uniform(size=(*truth.shape[:-1], 1)) < 0.4
    frames = np.where(missing, np.float32(-1.0), truth.astype(np.float32) / 127.5 - 1.0)
    return Clips(["one", "other"], frames, missing, truth if with_truth else None)


def draw_reconstructions(number):
    """[N, T, H, W, 3] in [-1, 1], one for each iteration."""
    random = np.random.default_rng(1)
    shape = (number, NUM_SEQUENCES, NUM_FRAMES, SIDE, SIDE, 3)
    return random.uniform(-1.0, 1.0, shape).astype(np.float32)


def add(recovery, reconstruction):
    """An epoch: a chunk of the first frame, and one of all others."""
    rows = np.arange(len(reconstruction))
    for start, stop in ((0, 1), (1, reconstruction.shape[1])):
        recovery.keep(chunk_at(rows, start, stop), reconstruction[:, start:stop])
    recovery.end_epoch()


def after(reconstructions, average_last, samples=None):
    """What remembers these reconstructions, after `samples` of an earlier run."""
    recovery = Recovery(draw_clips(), average_last, samples)
    for reconstruction in reconstructions:
        add(recovery, reconstruction)
    return recovery


def test_workers_put_together_what_each_has_kept_of_its_sequences():
    reconstruction = draw_reconstructions(1)[0]
    halves = [Recovery(draw_clips(), 3) for _ in range(2)]
    for row, recovery in enumerate(halves):
        chunk = chunk_at(np.array([row]), 0, NUM_FRAMES)
        recovery.keep(chunk, reconstruction[[row]])

    class Workers:
        """Worker 0; the entries of worker 1 are handed over by `gather`."""

        def gather(self, values, mine):
            taken = []
            halves[1].gather(Taking(taken), np.array([False, True]))
            ((others, theirs),) = taken
            assert np.array_equal(theirs, ~mine)
            values[theirs] = others[theirs]

    class Taking:
        def __init__(self, taken):
            self._taken = taken

        def gather(self, values, mine):
            self._taken.append((values, mine))

    halves[0].gather(Workers(), np.array([True, False]))
    halves[0].end_epoch()
    np.testing.assert_array_equal(halves[0].samples, after([reconstruction], 3).samples)


# --- What is put in the place ---


@pytest.mark.parametrize(("iterations", "average_last"), [(5, 3), (5, 1), (2, 3), (1, 3)])
def test_each_missing_pixel_gets_the_mean_of_the_last_reconstructions(iterations, average_last):
    """Of as many as are asked for, or of all where there were fewer."""
    clips, reconstructions = draw_clips(), draw_reconstructions(iterations)
    recovered = after(reconstructions, average_last).recovered()
    bytes_of = [to_bytes(one).astype(np.float64) for one in reconstructions[-average_last:]]
    mean = sum(bytes_of) / len(bytes_of)
    expected = np.where(clips.missing, np.rint(mean), clips.truth)
    np.testing.assert_array_equal(recovered.average[:], expected)
    expected = np.where(clips.missing, bytes_of[-1], clips.truth)
    np.testing.assert_array_equal(recovered.last[:], expected)


def test_mean_of_the_last_two_of_three_reconstructions_by_hand():
    """Of three colours; the means 11.5 and 127.5 are rounded to the even 12 and 128."""
    missing = np.array([True, False]).reshape(1, 1, 1, 2, 1)
    clips = Clips(["one"], np.zeros((1, 1, 1, 2, 3), np.float32), missing)
    recovery = Recovery(clips, average_last=2)
    for values in ((255, 255, 0), (10, 0, 200), (13, 255, 200)):
        reconstruction = np.zeros((1, 1, 1, 2, 3), np.float32)
        reconstruction[...] = np.array(values) / 127.5 - 1.0
        add(recovery, reconstruction)
    visible = [128, 128, 128]  # the byte of 0.0
    recovered = recovery.recovered()
    assert recovered.average[0][0, 0].tolist() == [[12, 128, 200], visible]
    assert recovered.last[0][0, 0].tolist() == [[13, 255, 200], visible]


def test_the_truth_has_no_say_in_what_is_put_in_the_place():
    results = []
    for clips in (draw_clips(), draw_clips(with_truth=False)):
        recovery = Recovery(clips, average_last=3)
        for reconstruction in draw_reconstructions(4):
            add(recovery, reconstruction)
        results.append(recovery.recovered())
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one[:], other[:])


def test_going_on_from_the_samples_of_an_earlier_run_ends_as_one_run():
    reconstructions = draw_reconstructions(5)
    whole = after(reconstructions, 3)
    resumed = after(reconstructions[2:], 3, after(reconstructions[:2], 3).samples)
    np.testing.assert_array_equal(resumed.samples, whole.samples)
    missing = np.count_nonzero(draw_clips().missing)
    assert (whole.samples.shape, whole.samples.dtype) == ((3, missing, 3), np.uint8)


# --- What is scored ---


def test_baselines_fill_in_each_clip_by_itself():
    clips = draw_clips()
    filled = filled_by_baselines(clips)
    assert filled.keys() == BASELINES.keys()
    for index in range(NUM_SEQUENCES):
        alone = to_bytes(temporal_mean(clips.frames[index], clips.missing[index]))
        np.testing.assert_array_equal(filled["temporal mean"][index], alone)
    for frames in filled.values():
        np.testing.assert_array_equal(
            np.stack(list(frames))[~clips.missing[..., 0]], clips.truth[~clips.missing[..., 0]]
        )


def test_scores_are_of_each_sequence_each_way_and_of_all_together():
    clips = draw_clips()
    ways = {"dark": np.zeros_like(clips.truth), "bright": np.full_like(clips.truth, 255)}
    scores = scores_of(ways, clips)
    assert set(scores) == {(part, way) for part in (0, 1, None) for way in ways}
    for (part, way), found in scores.items():
        rows = slice(None) if part is None else slice(part, part + 1)
        expected = score(ways[way][rows], clips.truth[rows], clips.missing[rows])
        assert found == pytest.approx(expected, rel=1e-9)
    assert scores[0, "dark"] != scores[1, "dark"] != scores[None, "dark"]


def test_one_sequence_alone_is_not_scored_again_as_all():
    both = draw_clips()
    clips = Clips(["one"], both.frames[:1], both.missing[:1], both.truth[:1])
    assert set(scores_of({"dark": np.zeros_like(clips.truth)}, clips)) == {(0, "dark")}


def test_sequence_of_which_nothing_is_missing_has_no_score():
    clips = draw_clips()
    clips.missing[0] = False
    scores = scores_of({"dark": np.zeros_like(clips.truth)}, clips)
    assert set(scores) == {(1, "dark"), (None, "dark")}
    assert scores[None, "dark"].absolute_error == scores[1, "dark"].absolute_error


def test_where_nobody_knows_the_truth_there_is_nothing_to_score():
    clips = draw_clips(with_truth=False)
    assert filled_by_baselines(clips) == {}
    assert scores_of({"dark": np.zeros(clips.frames.shape, np.uint8)}, clips) == {}
