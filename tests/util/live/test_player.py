"""The player of a page, with a model of a few lines."""

import numpy as np
import pytest
from support.live_stage import MEAN, SCALE, SIDE, innovations, latents, make

from util.live.player import Appearance, Player
from util.system.errors import RunError

LIVE = 17  # the stream of random numbers of a page


def player(length=3, rate=25.0, side=SIDE, drawn=("motion_type",)):
    return Player(latents(), innovations(), drawn, length, rate, side)


def play(player, count):
    """Take `count` frames, made as they are needed; their states [count, 2]."""
    states = []
    for _ in range(count):
        if not player.ahead:
            request = player.request()
            chunk = make(request)
            player.accept(request, chunk)
            states_ahead = list(chunk.states)
        player.take()
        states.append(states_ahead.pop(0))
    return np.stack(states)


def expected(sequence, seed, noise, count, state=None, first=1):
    """The states of frames, in float64."""
    state = latents().initial_state[sequence] if state is None else state
    states = []
    for number in range(first, first + count):
        drawn = np.random.default_rng([seed, LIVE, number]).standard_normal(2, dtype=np.float32)
        state = 0.5 * state + MEAN + noise * (drawn @ SCALE)
        states.append(state)
    return np.stack(states)


def test_frames_follow_the_start_state_and_the_seed():
    for length in (1, 3, 5):
        assert play(player(length), 8) == pytest.approx(expected(0, 0, 1.0, 8), abs=1e-5)
    one = player()
    play(one, 4)
    one.restart(2, 9)
    assert play(one, 4) == pytest.approx(expected(2, 9, 1.0, 4), abs=1e-5)


def test_motion_type_is_drawn_from_the_seed():
    one = player()
    one.restart(1, 5)
    drawn = np.random.default_rng([5, LIVE, 0]).standard_normal((1, 1), dtype=np.float32)
    assert np.array_equal(one.request().latents.motion_type, drawn)
    one = player(drawn=())
    one.restart(1, 5)
    assert np.array_equal(one.request().latents.motion_type, latents().motion_type[[1]])


@pytest.mark.parametrize("noise", [0.0, 0.5, 2.0])
def test_noise_is_scaled_from_the_next_frame_on_and_the_motion_goes_on(noise):
    one = player()
    before = play(one, 4)  # two frames more are made, which nobody sees
    one.set_noise(noise)
    assert one.ahead == 0
    after = play(one, 4)
    assert after == pytest.approx(expected(0, 0, noise, 4, before[-1], 5), abs=1e-5)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_appearance_is_a_mix_of_two_sequences(share):
    one = player()
    play(one, 4)
    one.set_appearance(Appearance(2, 1, share))
    assert one.ahead == 0
    appearance = one.request().latents.appearance
    assert appearance.dtype == np.float32
    assert appearance.tolist() == [[200 - 100 * share, 0]]


def test_appearance_stays_when_the_video_starts_again():
    one = player()
    one.set_appearance(Appearance(2, 2, 0.0))
    one.restart(1, 3)
    assert one.request().latents.appearance[0, 0] == 200
    assert one.request().latents.initial_state[0].tolist() == latents().initial_state[1].tolist()


def test_chunk_under_way_is_used_only_where_it_continues_what_was_seen():
    one = player()
    request = one.request()
    one.set_noise(0.0)  # nothing was made ahead, so the chunk still starts where the next does
    one.accept(request, make(request))
    assert one.ahead == 3
    one.take()
    later = one.request()  # it would come after frames that the next line drops
    one.set_noise(1.0)
    one.accept(later, make(later))
    assert one.ahead == 0
    request = one.request()
    one.restart(0, 0)
    one.accept(request, make(request))
    assert one.ahead == 0
    one.accept(one.request(), make(one.request()))
    assert one.ahead == 3


def test_a_chunk_from_before_a_new_beginning_is_not_used_even_at_the_same_place():
    one = player()
    request = one.request()
    one.restart(1, 4)
    one.accept(request, make(request))
    assert one.ahead == 0


def test_last_frames_are_those_that_were_taken():
    one = player()
    with pytest.raises(RunError, match="nothing was shown yet"):
        one.last(3)
    play(one, 5)
    numbers = [frame[0, 0, 0] / 8 for frame in one.last(3)]
    assert numbers == [3, 4, 5]
    assert len(one.last(100)) == 5


def test_kept_frames_are_limited_by_seconds_and_by_bytes(monkeypatch):
    one = player(rate=0.2)  # 30 seconds have 6 frames
    play(one, 9)
    assert len(one.last(100)) == 6
    monkeypatch.setattr("util.live.player.MOST_KEPT", 4 * 3 * SIDE**2 + 5)
    one = player()
    play(one, 9)
    assert len(one.last(100)) == 4
    monkeypatch.setattr("util.live.player.MOST_KEPT", 1)
    one = player()
    play(one, 9)
    assert len(one.last(100)) == 1
