"""The encoder: what it computes, how it learns, and what is left to Langevin inference."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from support.numpy_model import (
    draw_frames,
    draw_latents,
    encode,
    finite_differences,
    in_double,
    joint_energy,
)

from model.alternating import alternate, infer_onwards
from model.encoder import encode as encode_in_graph
from model.encoder import make_encoder, read_encoder
from model.kept_frames import KeptFrames
from model.latents import LatentSizes
from model.networks import NETWORKS, image_side
from model.random_keys import Stream, random_key
from model.sampling import reconstruct

SIZES = LatentSizes(state_size=3, z_size=2, content_size=2, motion_type_size=2)
KEY = np.array([7, 8], np.int32)
LEARNING_RATE, BETA1 = 0.002, 0.5


@pytest.fixture
def encoding_generator(make_generator):
    """A model with an encoder, for chunks of 3 frames, with weights far from 0."""
    return make_generator([3], drawn_weights=True, encodes=True)


def draw_images(number, side=8, seed=5):
    return draw_frames(number, 1, side, seed)[:, 0]


# --- The network ---


@pytest.mark.parametrize("network", ["8", "16", "64", "128", "150"])
def test_mirrors_the_emission_network_down_to_one_code(network):
    table = NETWORKS[network]
    layers = make_encoder(table, SIZES, KEY)
    assert [layer.spec for layer in layers] == list(reversed(table))
    side = image_side(table)
    images = tf.placeholder(tf.float32, [None, side, side, 3])
    encoded = encode_in_graph(read_encoder(layers), images, SIZES.content_size)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        appearance, state = session.run(encoded, {images: draw_images(2, side)})
    assert appearance.shape == (2, 2)
    assert state.shape == (2, 3)
    assert np.abs(appearance[0] - appearance[1]).max() > 0


def test_equals_numpy(encoding_generator):
    images = draw_images(3)
    weights = in_double(encoding_generator.variables())
    expected = encode(weights, NETWORKS["8"], images.astype(np.float64), 2)
    for actual, part in zip(encoding_generator.encode(images), expected, strict=True):
        assert np.abs(part).max() > 0.1
        np.testing.assert_allclose(actual, part, rtol=1e-4, atol=1e-5)


def test_code_of_an_image_does_not_depend_on_its_companions(encoding_generator):
    images = draw_images(3)
    together = encoding_generator.encode(images)
    others = np.stack([images[0], -images[1], np.zeros_like(images[2])])
    for one, other in zip(together, encoding_generator.encode(others), strict=True):
        assert one[0].tobytes() == other[0].tobytes()
        assert not np.any(one[1] == other[1])


# --- Learning ---


@pytest.mark.parametrize("begins_sequence", [True, False])
def test_gradient_in_every_weight_equals_directional_differences(
    encoding_generator, begins_sequence
):
    """Where the chunk does not begin the sequence, the start state is not the encoder's."""
    generator, images = encoding_generator, draw_images(2)
    latents, frames = draw_latents(SIZES, 2, 3), draw_frames(2, 3, 8)
    weights = in_double(generator.variables())
    generator.learn(frames, latents, begins_sequence, LEARNING_RATE, images=images)
    taken = {
        name.removesuffix("/Adam"): value / (1.0 - BETA1)
        for name, value in generator.variables().items()
        if name.endswith("/Adam")
    }
    gamma = {name for name in taken if name.startswith("encoder")}
    layers = range(1, 1 + len(NETWORKS["8"]))
    assert gamma == {f"encoder/layer_{i}/{kind}" for i in layers for kind in ("kernel", "bias")}
    for name, slope in taken.items():
        direction = np.random.default_rng(0).standard_normal(slope.shape)

        def loss(moves, name=name, direction=direction):
            changed = weights | {name: weights[name] + moves[0] * direction}
            appearance, state = encode(changed, NETWORKS["8"], images.astype(np.float64), 2)
            given = in_double(latents)._replace(appearance=appearance)
            if begins_sequence:
                given = given._replace(initial_state=state)
            sigma = generator.settings.refsig
            return joint_energy(changed, NETWORKS["8"], given, frames, sigma)[1].sum()

        (expected,) = finite_differences(loss, [np.zeros(())])
        scale = np.sqrt(np.sum(np.square(slope, dtype=np.float64)))
        assert scale > 1e-2
        assert np.sum(slope * direction) == pytest.approx(expected, rel=1e-3, abs=1e-3 * scale)


def test_encoded_parts_of_the_latents_are_left_alone_by_inference(encoding_generator):
    latents = draw_latents(SIZES, 2, 3)
    inferred = encoding_generator.infer(draw_frames(2, 3, 8), latents, True, KEY).latents
    for part in ("initial_state", "appearance"):
        assert getattr(inferred, part).tobytes() == getattr(latents, part).tobytes()
    for part in ("innovations", "motion_type"):
        assert not np.any(getattr(inferred, part) == getattr(latents, part))


# --- The loop ---


@pytest.mark.parametrize("encoded_frame", ["first", "random"])
def test_the_encoder_sees_the_frame_that_the_chunk_begins_with(encoding_generator, encoded_frame):
    frames, latents = draw_frames(3, 6, 8), draw_latents(SIZES, 3, 6)
    before = latents.innovations.copy()
    seen = []
    encode_images = encoding_generator.encode
    encoding_generator.encode = lambda images: (seen.append(images), encode_images(images))[1]
    kept = KeptFrames(3, frames.shape)
    report = alternate(
        encoding_generator,
        frames=frames,
        latents=latents,
        batch_size=2,
        chunk_length=3,
        learning_rate=LEARNING_RATE,
        seed=0,
        epoch=4,
        encoded_frame=encoded_frame,
        keepers=[kept],
    )
    # It encodes for each chunk, by the weights of that time.
    assert [len(images) for images in seen] == (
        [2, 1] if encoded_frame == "random" else [2, 2, 1, 1]
    )
    for row in range(3):
        (start,) = {
            time for images in seen for image in images for time in range(6)
            if image.tobytes() == frames[row, time].tobytes()
        }  # fmt: skip
        moved = np.any(latents.innovations[row] != before[row], axis=-1)
        covered = slice(start, start + 3) if encoded_frame == "random" else slice(0, 6)
        assert moved[covered].all()
        assert moved.sum() == covered.stop - covered.start
        assert np.all(kept.frames[row][~moved] == -1.0)
        assert start == 0 or encoded_frame == "random"
    shown = np.any(kept.frames != -1.0, axis=(2, 3, 4))
    expected = np.mean(np.square(frames - kept.frames)[shown], dtype=np.float64)
    assert report.squared_error == pytest.approx(expected, rel=1e-6)


def test_each_chunk_is_inferred_with_the_appearance_that_it_is_learned_with(encoding_generator):
    """The encoder has learned from the chunk before, so the appearance is another one."""
    generator = encoding_generator
    frames, latents = draw_frames(1, 6, 8), draw_latents(SIZES, 1, 6)
    inferred, expected = [], []
    infer = generator.infer

    def spying(observed, given, *more):
        inferred.append(given.appearance.copy())
        expected.append(generator.encode(frames[:, 0]).appearance)
        return infer(observed, given, *more)

    generator.infer = spying
    alternate(
        generator,
        frames=frames,
        latents=latents,
        batch_size=1,
        chunk_length=3,
        learning_rate=LEARNING_RATE,
        seed=0,
        epoch=0,
        encoded_frame="first",
    )
    np.testing.assert_array_equal(inferred, expected)
    assert np.abs(inferred[1] - inferred[0]).max() > 1e-4


def onward_latents(generator, frames, repeats):
    """Latents that were drawn, before and after they were inferred on from their starts."""
    before = draw_latents(generator.settings.sizes, *frames.shape[:2])
    after = draw_latents(generator.settings.sizes, *frames.shape[:2])
    infer_onwards(
        generator,
        frames=frames,
        latents=after,
        batch_size=2,
        chunk_length=3,
        seed=0,
        repeats=repeats,
    )
    return before, after


def test_inference_onwards_leaves_weights_and_starts_and_is_decided_by_the_seed(
    encoding_generator,
):
    frames, state = draw_frames(3, 6, 8), encoding_generator.variables()
    before, after = onward_latents(encoding_generator, frames, 2)
    _, again = onward_latents(encoding_generator, frames, 2)
    np.testing.assert_array_equal(after.initial_state, before.initial_state)
    np.testing.assert_array_equal(after.appearance, before.appearance)
    assert np.all(np.any(after.innovations != before.innovations, axis=-1))
    np.testing.assert_array_equal(after.innovations, again.innovations)
    for name, value in encoding_generator.variables().items():
        np.testing.assert_array_equal(value, state[name])


def test_a_chunk_is_inferred_onwards_from_where_the_one_before_ends(encoding_generator):
    """Step by step: two inferences of the first chunk, its end, and the same of the second."""
    frames = draw_frames(1, 6, 8)
    current, after = onward_latents(encoding_generator, frames, 2)
    state = current.initial_state
    for chunk, span in enumerate((slice(0, 3), slice(3, 6))):
        expected = current._replace(innovations=current.innovations[:, span], initial_state=state)
        for repeat in range(2):
            key = random_key(0, Stream.AFTER_TRAINING, repeat, 0, chunk)
            sampled = encoding_generator.infer(frames[:, span], expected, chunk == 0, key)
            expected = sampled.latents
        np.testing.assert_array_equal(after.innovations[:, span], expected.innovations)
        current = current._replace(motion_type=expected.motion_type)
        state = encoding_generator.generate(expected).states[:, -1]


def test_inference_onwards_brings_the_reconstruction_closer(make_generator):
    """Frames that the model itself made, from innovations that are then forgotten."""
    settings = {"encodes": True, "refsig": 0.1, "step_size": 0.02, "sample_steps": 10}
    generator = make_generator([3], drawn_weights=True, **settings)
    truth = draw_latents(generator.settings.sizes, 1, 6)
    frames = reconstruct(generator, truth, 3, 1)
    forgotten = truth._replace(innovations=np.zeros_like(truth.innovations))

    def error(latents):
        return np.mean(np.square(reconstruct(generator, latents, 3, 1) - frames))

    before = error(forgotten)
    infer_onwards(
        generator,
        frames=frames,
        latents=forgotten,
        batch_size=1,
        chunk_length=3,
        seed=0,
        repeats=20,
    )
    assert error(forgotten) < 0.2 * before


def test_videos_begin_with_what_their_images_show(make_generator):
    """After training on three pictures that flicker, each video begins with its own picture."""
    generator = make_generator([3], encodes=True, refsig=0.3)
    frames = 0.8 * draw_frames(3, 1, 8) + 0.2 * draw_frames(3, 6, 8, seed=1)
    latents = draw_latents(generator.settings.sizes, 3, 6)
    for epoch in range(150):
        alternate(
            generator,
            frames=frames,
            latents=latents,
            batch_size=3,
            chunk_length=3,
            learning_rate=0.01,
            seed=0,
            epoch=epoch,
            encoded_frame="random",
        )
    images = frames[:, 1]
    appearance, initial_state = generator.encode(images)
    noise = draw_latents(generator.settings.sizes, 3, 3, seed=9)
    start = noise._replace(appearance=appearance, initial_state=initial_state)
    first = generator.generate(start, generator.moving_statistics()).frames[:, 0]
    distances = np.square(first[:, np.newaxis] - images).mean(axis=(2, 3, 4))
    assert distances.argmin(axis=1).tolist() == [0, 1, 2]
    assert np.diag(distances).max() < 0.5 * distances[~np.eye(3, dtype=bool)].min()
