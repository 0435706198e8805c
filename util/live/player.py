"""The player of one page: what its model shows next.

Frames are made in chunks, a little ahead of what is shown. A change (noise, appearance) drops the
frames that nobody has seen. The next chunk then starts from the state of the last frame that was
taken, so a change is seen at once and the motion goes on without a jump.
A chunk that was under way during the change is used if it starts from the same state. Otherwise a
slider that moves all the time would stop the video.

    ξ_t = mean + scale · (drawn ξ_t − mean),   a = (1 − share) · a of first + share · a of second

The player does not run the model. It asks for a chunk by `request`, and somebody with the model
gives the result to `accept`.
"""

from collections import deque
from collections.abc import Collection
from typing import NamedTuple

import numpy as np

from model.innovations import Innovations
from model.latents import Latents, of_sequences
from model.random_keys import Stream, random_generator
from model.sampling import drawn_start
from util.system.errors import RunError

LONGEST_RECORDING = 30  # seconds
MOST_KEPT = 64 * 2**20  # bytes of the frames that a page keeps for its recordings


class Frame(NamedTuple):
    """A frame, uint8 [side, side, 3], and the same as a file in JPEG."""

    pixels: np.ndarray
    jpeg: bytes


class Chunk(NamedTuple):
    """Successive frames, and the states [T, state_size] that gave them."""

    frames: list[Frame]
    states: np.ndarray


class Request(NamedTuple):
    """A chunk to make.

    Fields:
        latents: its latents, for one sequence.
        beginning: how many times the player had begun.
        first: the number of its first frame since then, from 1.
    """

    latents: Latents
    beginning: int
    first: int


class Appearance(NamedTuple):
    """A mix of the appearance vectors of two sequences; `share` (0 to 1) is that of the second."""

    first: int
    second: int
    share: float


class Player:
    """The state of one page.

    Attributes:
        sequence: the number of the sequence from whose inferred state the video started.
        seed: the seed of the innovations since then.
        noise: the scale of the innovations, 0 to 2.
        appearance: the appearance of the frames to come.
    """

    def __init__(
        self,
        latents: Latents,
        innovations: Innovations,
        drawn: Collection[str],
        length: int,
        rate: float,
        side: int,
    ):
        """Start with sequence 0 and seed 0.

        Args:
            latents: the inferred latents of all training sequences.
            innovations: the distribution of the innovations.
            drawn: the other latents that come from the seed, see `model.sampling.drawn_start`.
            length: the number of frames in a chunk.
            rate: frames per second of the recordings.
            side: height and width of a frame.
        """
        self._latents, self._innovations, self._length = latents, innovations, length
        self._from_prior = drawn
        most = max(1, min(round(LONGEST_RECORDING * rate), MOST_KEPT // (3 * side**2)))
        self._shown: deque[np.ndarray] = deque(maxlen=most)
        self._ahead: deque[tuple[Frame, np.ndarray]] = deque()
        self._beginnings = 0
        self.noise = 1.0
        self.appearance = Appearance(0, 0, 0.0)
        self.restart(0, 0)

    @property
    def ahead(self) -> int:
        """The number of frames that are made, but not yet taken."""
        return len(self._ahead)

    def restart(self, sequence: int, seed: int) -> None:
        """Begin again: the inferred latents of a sequence, and the innovations of a seed."""
        self.sequence, self.seed = sequence, seed
        inferred = of_sequences(self._latents, [sequence])
        self._start = drawn_start(
            inferred, random_generator(seed, Stream.LIVE, 0), self._from_prior
        )
        self._state, self._taken = self._start.initial_state, 0
        self._beginnings += 1
        self._ahead.clear()

    def set_noise(self, scale: float) -> None:
        """Scale the innovations to come; 0 leaves their mean, 1 draws as in a test."""
        self.noise = scale
        self._ahead.clear()

    def set_appearance(self, appearance: Appearance) -> None:
        """Show the frames to come with this appearance."""
        self.appearance = appearance
        self._ahead.clear()

    def request(self) -> Request:
        """The chunk after the frames that are made already."""
        state = self._ahead[-1][1][None] if self._ahead else self._state
        first = self._next
        innovations = self._drawn(range(first, first + self._length))
        vectors, (one, other, share) = self._latents.appearance, self.appearance
        mixed = (1 - share) * vectors[[one]] + share * vectors[[other]]
        latents = self._start._replace(
            innovations=innovations, initial_state=state, appearance=mixed.astype(np.float32)
        )
        return Request(latents, self._beginnings, first)

    def accept(self, request: Request, chunk: Chunk) -> None:
        """Take over the result of a request if it still continues the frames that are made."""
        if (request.beginning, request.first) == (self._beginnings, self._next):
            self._ahead.extend(zip(chunk.frames, chunk.states, strict=True))

    def take(self) -> bytes:
        """The next frame, as a file in JPEG. There must be one, see `ahead`."""
        frame, state = self._ahead.popleft()
        self._state, self._taken = state[None], self._taken + 1
        self._shown.append(frame.pixels)
        return frame.jpeg

    def last(self, count: int) -> np.ndarray:
        """The last frames that were taken, at most `count`: uint8 [T, side, side, 3].

        Raises:
            RunError: no frame was taken.
        """
        if not self._shown:
            raise RunError("nothing was shown yet; save when the video plays")
        return np.stack(list(self._shown)[-count:])

    @property
    def _next(self) -> int:
        """The number of the frame after those that are made, from 1."""
        return self._taken + len(self._ahead) + 1

    def _drawn(self, times: range) -> np.ndarray:
        """The innovations [1, T, k] of frames number `times`, counted from 1."""
        shape = self._latents.innovations.shape[2:]
        numbers = (random_generator(self.seed, Stream.LIVE, time) for time in times)
        drawn = np.stack([self._innovations.draw(noise, shape) for noise in numbers])
        mean = self._innovations.mean.astype(np.float32)
        return (mean + np.float32(self.noise) * (drawn - mean))[None]
