"""Set-up of all tests: quiet TensorFlow in graph mode, a fresh graph each, small models."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
# Each core has a test already, and the models are small: more threads are in each other's way.
for threads in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(threads, "1")

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # the tests beside each other would fill a GPU

import numpy as np  # noqa: E402
import pytest  # noqa: E402
import tensorflow.compat.v1 as tf  # noqa: E402

tf.disable_v2_behavior()
tf.logging.set_verbosity(tf.logging.ERROR)

from support.numpy_model import draw_weights, statistics_for  # noqa: E402
from support.settings import TINY  # noqa: E402

from model.dynamic_generator import DynamicGenerator  # noqa: E402
from model.emission import emit, make_emission, read_emission  # noqa: E402
from model.latents import Latents  # noqa: E402
from model.networks import LayerSpec  # noqa: E402
from model.posterior import energy  # noqa: E402
from model.transition import TRANSITIONS  # noqa: E402
from util.system import notes  # noqa: E402


class TinyModel:
    """Both networks, tiny, in the default graph, with weights far from 0.

    Attributes:
        weights: the values of all variables, by name; `run` sets the variables to them.
        dynamic_mode: the row of `TRANSITIONS` that it unrolls.
    """

    sizes = TINY.sizes
    sigma = 0.5
    # Sides 2, 4, 6: two normalised layers, both paddings.
    table = (LayerSpec(4, 4, 2), LayerSpec(3, 4, 2), LayerSpec(3, 3, 1, "VALID"))
    side = 6

    def __init__(self, dynamic_mode: str = "nonlinear", table=table):
        self.dynamic_mode = dynamic_mode
        self._transition = TRANSITIONS[dynamic_mode]
        self.alpha = self._transition.make(self.sizes, 0.1, np.array([1, 2], np.int32))
        code_size = self.sizes.content_size + self._transition.num_seen(self.sizes.state_size)
        self.beta = make_emission(table, code_size, 0.1, np.array([1, 2], np.int32))
        self._variables = {variable.op.name: variable for variable in tf.global_variables()}
        shapes = {name: variable.shape for name, variable in self._variables.items()}
        self.weights = draw_weights(shapes)

    def unroll(self, latents: Latents):
        """The `Unrolled` of latents."""
        return self._transition.unroll(self.alpha, latents)

    def emit(self, latents: Latents, normalization: str = "batch"):
        """The `Emitted` of unrolled latents; `normalization` as in `statistics_for`."""
        seen, given = self.unroll(latents).seen, statistics_for(normalization, self.weights)
        return emit(read_emission(self.beta), latents.appearance, seen, given)

    def energy(
        self,
        latents,
        frames,
        likelihood="sum",
        with_initial_state=1.0,
        normalization="batch",
        visible=None,
    ):
        """U of each sequence through both networks; `visible` is bool [n, T, H, W, 1] or None."""
        latents = Latents(*map(tf.convert_to_tensor, latents))
        reconstruction = self.emit(latents, normalization).frames
        if visible is not None:
            visible = np.repeat(visible, 3, axis=-1).astype(np.float32)
        return energy(
            latents, frames, reconstruction, self.sigma, likelihood, with_initial_state, visible
        )

    def session(self) -> tf.Session:
        """A session in which the variables are `weights`, and any others initialised."""
        session = tf.Session()
        session.run(tf.global_variables_initializer())
        for name, value in self.weights.items():
            initializer = self._variables[name].initializer
            session.run(initializer, {initializer.inputs[1]: value})
        return session

    def run(self, fetches, feed=None):
        """The values of `fetches` with the variables set to `weights`."""
        with self.session() as session:
            return session.run(fetches, feed)


@pytest.fixture(autouse=True)
def fresh_graph():
    """A default graph of its own for every test."""
    with tf.Graph().as_default():
        yield


@pytest.fixture(autouse=True)
def nothing_told():
    """No line counts as told before."""
    notes._tell.cache_clear()


@pytest.fixture
def tiny_model():
    """The class `TinyModel`, to be made in the test's graph."""
    return TinyModel


@pytest.fixture
def make_generator():
    """Makes the whole model as training builds it; keywords replace settings.

    With `drawn_weights` its weights and averages are far from 0.
    """
    made = []

    def make(chunk_lengths, drawn_weights=False, **replaced) -> DynamicGenerator:
        generator = DynamicGenerator(TINY._replace(**replaced), chunk_lengths)
        made.append(generator)
        if drawn_weights:
            load_drawn_weights(generator, generator.variables())
        return generator

    yield make
    for generator in made:
        generator.close()


@pytest.fixture(scope="session")
def built_generator():
    """One whole model for the session: its graph, and its first state."""
    generator = DynamicGenerator(TINY, [1, 3, 4, 7])
    yield generator, generator.variables()
    generator.close()


@pytest.fixture
def generator(built_generator):
    """The session's model, fresh, with weights and averages far from 0."""
    generator, first_state = built_generator
    generator.step_size = generator.settings.step_size
    load_drawn_weights(generator, first_state)
    return generator


@pytest.fixture
def incomplete_generator(make_generator):
    """A model that learns from incomplete video, with weights and averages far from 0."""
    return make_generator([1, 3], drawn_weights=True, training_mode="incomplete")


def load_drawn_weights(generator: DynamicGenerator, first_state: dict[str, np.ndarray]) -> None:
    """Set a model to its first state, but for weights and averages far from 0."""
    shapes = {name: value.shape for name, value in first_state.items()}
    generator.set_variables(first_state | draw_weights(shapes))
