"""A stage of --experiment live whose model is a few lines of NumPy."""

import io

import numpy as np
from PIL import Image

from model.innovations import Innovations
from model.latents import Latents
from model.sampling import MOTION_TYPE
from util.live.player import Chunk, Frame
from util.live.recordings import Recordings
from util.live.stage import Stage
from util.pictures.showing import Showing

SIDE = 16
NAMES = ["ripples", "<b>swell</b>", "</script><script>alert(1)</script>"]
MEAN, SCALE = np.array([0.5, -1.0]), np.diag([1.0, 0.5])


def latents(content_size=2):
    """Latents of three sequences; the appearance of sequence n is [100 n, 0]."""
    draw = np.random.default_rng(7).standard_normal
    appearance = np.zeros((3, content_size))
    appearance[:, :1] = 100 * np.arange(3)[:, None]
    parts = (draw((3, 6, 2)), draw((3, 2)), appearance, draw((3, 1)))
    return Latents(*(part.astype(np.float32) for part in parts))


def innovations():
    """A distribution whose mean is not 0."""
    return Innovations(MEAN, SCALE)


def make(request):
    """s_t = 0.5 s_{t-1} + ξ_t; a frame is one colour: 8 × its number, appearance, 0."""
    state, states, frames = request.latents.initial_state[0], [], []
    for place, driven in enumerate(request.latents.innovations[0]):
        state = (0.5 * state + driven).astype(np.float32)
        states.append(state)
        shade = request.latents.appearance[0, 0] if request.latents.appearance.size else 0
        colour = (8 * (request.first + place) % 256, shade, 0)
        pixels = np.full((SIDE, SIDE, 3), colour).astype(np.uint8)
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=95, subsampling=0)
        frames.append(Frame(pixels, file.getvalue()))
    return Chunk(frames, np.stack(states))


def stage(folder, content_size=2, make=make, rates=(25.0, 10.0, 25.0)):
    """A stage whose recordings go to `folder`."""
    return Stage(
        title="run <i>one</i>",
        side=SIDE,
        names=NAMES,
        showings=[Showing(1, rate, 2.0 if number else 1.0) for number, rate in enumerate(rates)],
        latents=latents(content_size),
        innovations=innovations(),
        drawn=[MOTION_TYPE],
        make=make,
        recordings=Recordings(folder),
    )
