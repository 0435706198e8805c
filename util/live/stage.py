"""What all pages of a session share: the model, its sequences, and two threads that work for them.

One thread runs the model. A page has at most one request there, and requests are served in their
order: no page waits for more than one chunk of each other page. The other thread writes recordings.
"""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from model.innovations import Innovations
from model.latents import Latents
from util.live.player import Chunk, Player, Request
from util.live.recordings import Recordings
from util.pictures.showing import Showing

CHUNK = 5  # frames that are made together: few, so that a change is seen at once


def one_thread(name: str) -> Callable[[], ThreadPoolExecutor]:
    """A function that makes a pool of one thread."""
    return partial(ThreadPoolExecutor, max_workers=1, thread_name_prefix=name)


@dataclass(frozen=True)
class Stage:
    """What all pages share.

    Fields:
        title: the name of the run.
        side: height and width of a frame in pixels.
        names, showings: of each sequence, its name and how it is shown.
        latents: the inferred latents of all sequences.
        innovations: the distribution of the innovations.
        drawn: the other latents that a seed draws, see `model.sampling.drawn_start`.
        make: runs the model. Only `model_thread` may call it.
        recordings: writes videos. Only `video_thread` may call it.
    """

    title: str
    side: int
    names: Sequence[str]
    showings: Sequence[Showing]
    latents: Latents
    innovations: Innovations
    drawn: Collection[str]
    make: Callable[[Request], Chunk]
    recordings: Recordings
    model_thread: ThreadPoolExecutor = field(default_factory=one_thread("model"))
    video_thread: ThreadPoolExecutor = field(default_factory=one_thread("video"))

    def player(self) -> Player:
        """A player for a new page."""
        rate = max(showing.rate for showing in self.showings)
        return Player(self.latents, self.innovations, self.drawn, CHUNK, rate, self.side)

    def close(self) -> None:
        """End both threads after what they do now."""
        for thread in (self.model_thread, self.video_thread):
            thread.shutdown(wait=True, cancel_futures=True)
