"""An independent model in NumPy float64 and plain loops, with which the tests compare `model/`.

Weights are one dictionary from the variables' names to arrays, as of `DynamicGenerator.variables`.
Nothing here calls TensorFlow or the functions of `model/`; `Latents`, `Moments` and `LayerSpec` are
only its containers.
"""

from collections.abc import Callable, Sequence

import numpy as np

from model.emission import Moments
from model.latents import Latents, LatentSizes

NORMALIZATION_EPSILON = 1e-3


# --- Data ---


def draw_latents(sizes: LatentSizes, num_sequences: int, num_frames: int, seed: int = 0) -> Latents:
    """Draw latents of the right shapes from N(0, I), float32."""
    generator = np.random.default_rng([seed, 0])
    shapes = Latents(
        (num_sequences, num_frames, sizes.z_size),
        (num_sequences, sizes.state_size),
        (num_sequences, sizes.content_size),
        (num_sequences, sizes.motion_type_size),
    )
    return Latents(*(generator.standard_normal(shape).astype(np.float32) for shape in shapes))


def draw_frames(num_sequences: int, num_frames: int, side: int, seed: int = 0) -> np.ndarray:
    """Draw frames [n, T, side, side, 3], uniform in [-1, 1], float32."""
    shape = (num_sequences, num_frames, side, side, 3)
    return np.random.default_rng([seed, 1]).uniform(-1.0, 1.0, shape).astype(np.float32)


def draw_visible(num_sequences: int, num_frames: int, side: int, seed: int = 0) -> np.ndarray:
    """Draw a mask, bool [n, T, side, side, 1]: each pixel visible with probability 1/2.

    The second frame has no visible pixel.
    """
    shape = (num_sequences, num_frames, side, side, 1)
    visible = np.random.default_rng([seed, 3]).uniform(size=shape) < 0.5
    visible[:, 1] = False
    return visible


def draw_weights(shapes: dict[str, Sequence[int]], seed: int = 0) -> dict[str, np.ndarray]:
    """Draw weights far from 0 for variables of the given names and shapes, float32.

    Variables that are neither weights nor moving averages (Adam's moments) are left out.
    """
    generator = np.random.default_rng([seed, 2])
    weights = {}
    for name in sorted(shapes):
        shape, kind = tuple(shapes[name]), name.split("/")[-1]
        if kind == "moving_variance":
            values = generator.uniform(0.3, 1.5, shape)
        elif kind.startswith(("kernel", "bias", "moving_mean")):
            deviation = {"transition": 0.25, "encoder": 1.0}.get(name.split("/")[0], 0.4)
            values = deviation * generator.standard_normal(shape)
        else:
            continue
        weights[name] = values.astype(np.float32)
    return weights


def in_double(values):
    """Weights or latents as float64."""
    if isinstance(values, dict):
        return {name: np.asarray(value, np.float64) for name, value in values.items()}
    return type(values)(*(np.asarray(value, np.float64) for value in values))


# --- The model ---


def unroll(
    weights: dict, latents: Latents, dynamic_mode: str = "nonlinear"
) -> tuple[np.ndarray, float]:
    """States [n, T, d], and the share of active hidden units (NaN if there are no such units)."""
    if dynamic_mode == "gru":
        return unroll_gated_unit(weights, latents), float("nan")
    return unroll_perceptron(weights, latents, dynamic_mode == "momentum")


def unroll_perceptron(weights: dict, latents: Latents, momentum: bool) -> tuple[np.ndarray, float]:
    """States that follow the residual r([m, ξ_t, s_{t-1}]), where r has any number of layers.

    s_t = tanh(s_{t-1} + r), or with momentum w_t = tanh(0.7 w_{t-1} + r) and
    q_t = tanh(q_{t-1} + w_t).
    """
    depth = 1
    while f"transition/kernel_{depth + 1}" in weights:
        depth += 1
    num_sequences, num_frames, _ = latents.innovations.shape
    states = np.zeros((num_sequences, num_frames, latents.initial_state.shape[1]))
    active = []
    for sequence in range(num_sequences):
        state = latents.initial_state[sequence]
        for time in range(num_frames):
            values = np.concatenate(
                [latents.motion_type[sequence], latents.innovations[sequence, time], state]
            )
            for layer in range(1, depth + 1):
                values = values @ weights[f"transition/kernel_{layer}"]
                values = values + weights[f"transition/bias_{layer}"]
                if layer < depth:
                    active.append(np.mean(values > 0.0))
                    values = np.maximum(values, 0.0)
            if momentum:
                state = states[sequence, time] = follow_with_momentum(state, values)
            else:
                state = states[sequence, time] = np.tanh(state + values)
    return states, np.mean(active) if active else float("nan")


def follow_with_momentum(state: np.ndarray, residual: np.ndarray) -> np.ndarray:
    """[q_t, w_t], where the last of an odd number of dimensions is a position without velocity."""
    positions = len(residual)
    velocity = np.zeros(positions)
    velocity[: len(state) - positions] = state[positions:]
    velocity = np.tanh(0.7 * velocity + residual)
    return np.concatenate([np.tanh(state[:positions] + velocity), velocity])[: len(state)]


def seen_of(states: np.ndarray, dynamic_mode: str) -> np.ndarray:
    """What the emission network sees of states [n, T, d]: with momentum, the positions."""
    size = states.shape[-1]
    return states[..., : (size + 1) // 2] if dynamic_mode == "momentum" else states


def unroll_gated_unit(weights: dict, latents: Latents) -> np.ndarray:
    """s_t = (1 − u) p + u c with p = tanh(s_{t-1})."""

    def affine(number, *parts):
        values = np.concatenate(parts) @ weights[f"transition/kernel_{number}"]
        return values + weights[f"transition/bias_{number}"]

    num_sequences, num_frames, _ = latents.innovations.shape
    states = np.zeros((num_sequences, num_frames, latents.initial_state.shape[1]))
    for sequence in range(num_sequences):
        state, motion_type = latents.initial_state[sequence], latents.motion_type[sequence]
        for time in range(num_frames):
            innovation, previous = latents.innovations[sequence, time], np.tanh(state)
            update = 1.0 / (1.0 + np.exp(-affine(1, motion_type, innovation, previous)))
            reset = 1.0 / (1.0 + np.exp(-affine(2, motion_type, innovation, previous)))
            candidate = np.tanh(affine(3, motion_type, innovation, reset * previous))
            state = states[sequence, time] = (1.0 - update) * previous + update * candidate
    return states


def transposed_convolution(
    features: np.ndarray, kernel: np.ndarray, stride: int, padding: str
) -> np.ndarray:
    """Each input pixel adds its product with the kernel to the output, at steps of `stride`.

    Args:
        features: [n, height, width, channels in].
        kernel: [k, k, channels out, channels in].
        padding: "VALID" keeps the whole output. "SAME" cuts it to `stride` times the input size,
            evenly at both ends; an odd pixel is cut at the bottom or right.
    """
    size, _, channels, _ = kernel.shape
    number, height, width, _ = features.shape
    canvas = np.zeros((number, (height - 1) * stride + size, (width - 1) * stride + size, channels))
    flat_kernel = kernel.reshape(-1, kernel.shape[3]).T
    for row in range(height):
        for column in range(width):
            copy = (features[:, row, column] @ flat_kernel).reshape(number, size, size, channels)
            top, left = row * stride, column * stride
            canvas[:, top : top + size, left : left + size] += copy
    if padding == "VALID":
        return canvas
    cut = (size - stride) // 2
    return canvas[:, cut : cut + height * stride, cut : cut + width * stride]


def statistics_for(normalization: str, weights: dict) -> list[Moments] | None:
    """The statistics to be given: None for "batch", the averages of training for "moving"."""
    if normalization == "batch":
        return None
    assert normalization == "moving"
    number = sum(name.endswith("/moving_mean") for name in weights)
    layers = [f"emission/layer_{layer}" for layer in range(1, number + 1)]
    return [
        Moments(weights[f"{name}/moving_mean"], weights[f"{name}/moving_variance"])
        for name in layers
    ]


def emit(weights: dict, table: Sequence, appearance, states, given: Sequence | None = None):
    """Frames [n, T, side, side, 3], and (mean, population variance) of each normalised layer.

    Args:
        given: (mean, variance) for each normalised layer. None normalises the frames by their own.
    """
    num_sequences, num_frames, _ = states.shape
    codes = [
        np.concatenate([appearance[sequence], states[sequence, time]])
        for sequence in range(num_sequences)
        for time in range(num_frames)
    ]
    features = np.array(codes)[:, None, None, :]
    statistics = []
    for index, spec in enumerate(table, start=1):
        name = f"emission/layer_{index}"
        kernel, bias = weights[f"{name}/kernel"], weights[f"{name}/bias"]
        features = transposed_convolution(features, kernel, spec.stride, spec.padding)
        if index == len(table):
            features = np.tanh(features + bias)
            break
        mean, variance = features.mean(axis=(0, 1, 2)), features.var(axis=(0, 1, 2))
        statistics.append((mean, variance))
        if given is not None:
            mean, variance = given[index - 1]
        features = (features - mean) / np.sqrt(variance + NORMALIZATION_EPSILON) + bias
        features = np.maximum(features, 0.0)
    return features.reshape(num_sequences, num_frames, *features.shape[1:]), statistics


def convolution(features: np.ndarray, kernel: np.ndarray, stride: int, padding: str) -> np.ndarray:
    """Each output pixel is the product of the kernel with the input pixels that it covers.

    Args:
        features: [n, height, width, channels in]; `stride` divides height and width.
        kernel: [k, k, channels in, channels out].
        padding: "VALID" keeps positions where the whole kernel fits. "SAME" adds zeros evenly at
            both ends, an odd zero at the bottom or right, so that the output has 1/stride of
            the size.
    """
    size = kernel.shape[0]
    if padding == "SAME":
        surplus = max(size - stride, 0)
        around = (surplus // 2, surplus - surplus // 2)
        features = np.pad(features, [(0, 0), around, around, (0, 0)])
    side = (features.shape[1] - size) // stride + 1
    output = np.zeros((len(features), side, side, kernel.shape[3]))
    for row in range(side):
        for column in range(side):
            top, left = row * stride, column * stride
            under = features[:, top : top + size, left : left + size]
            output[:, row, column] = np.tensordot(under, kernel, axes=3)
    return output


def encode(weights: dict, table: Sequence, images: np.ndarray, content_size: int):
    """Appearance [n, content_size] and start state [n, d] of images, computed one by one."""
    codes = []
    for image in images:
        features = image[np.newaxis]
        for index, spec in enumerate(reversed(table), start=1):
            kernel = weights[f"encoder/layer_{index}/kernel"]
            kernel = kernel / np.sqrt(np.prod(kernel.shape[:3]))
            bias = weights[f"encoder/layer_{index}/bias"]
            features = convolution(features, kernel, spec.stride, spec.padding)
            if index < len(table):
                deviation = np.sqrt(features.var() + NORMALIZATION_EPSILON)
                features = np.maximum((features - features.mean()) / deviation + bias, 0.0)
            else:
                codes.append((features + bias).reshape(-1))
    return np.array(codes)[:, :content_size], np.array(codes)[:, content_size:]


def energy(
    latents: Latents,
    frames: np.ndarray,
    reconstruction: np.ndarray,
    sigma: float,
    likelihood: str = "sum",
    with_initial_state: bool = True,
    visible: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The two parts of U, prior and likelihood, each [n], computed sequence by sequence.

    Args:
        visible: bool [n, T, H, W, 1]; pixels where it is false are not read.
    """
    prior, data = np.zeros(len(frames)), np.zeros(len(frames))
    for sequence in range(len(frames)):
        for part, values in latents._asdict().items():
            if part != "initial_state" or with_initial_state:
                prior[sequence] += 0.5 * np.sum(values[sequence] ** 2)
        for time in range(frames.shape[1]):
            difference = frames[sequence, time] - reconstruction[sequence, time]
            if visible is not None:
                difference = difference[visible[sequence, time, ..., 0]]
            data[sequence] += np.sum(difference**2) / (2.0 * sigma**2)
    return prior, data / frames.shape[1] if likelihood == "mean_over_frames" else data


def joint_energy(
    weights: dict,
    table: Sequence,
    latents: Latents,
    frames: np.ndarray,
    sigma: float,
    likelihood: str = "sum",
    with_initial_state: bool = True,
    given: Sequence | None = None,
    visible: np.ndarray | None = None,
    dynamic_mode: str = "nonlinear",
) -> tuple[np.ndarray, np.ndarray]:
    """The two parts of U through transition and emission, each [n]; `given` is as in `emit`."""
    states, _ = unroll(weights, latents, dynamic_mode)
    seen = seen_of(states, dynamic_mode)
    reconstruction, _ = emit(weights, table, latents.appearance, seen, given)
    return energy(latents, frames, reconstruction, sigma, likelihood, with_initial_state, visible)


# --- Calculus ---


def finite_differences(function: Callable, arrays: Sequence[np.ndarray], step: float = 1e-6):
    """∂function(arrays)/∂(every entry of every array), by central differences in float64."""
    arrays = [np.array(array, np.float64) for array in arrays]
    gradients = [np.zeros_like(array) for array in arrays]
    for array, gradient in zip(arrays, gradients, strict=True):
        for index in np.ndindex(array.shape):
            kept = array[index]
            array[index] = kept + step
            above = function(arrays)
            array[index] = kept - step
            below = function(arrays)
            array[index] = kept
            gradient[index] = (above - below) / (2.0 * step)
    return gradients


def latent_gradient(energy_of: Callable[[Latents], float], latents: Latents) -> Latents:
    """∂energy_of(latents)/∂latents by central differences."""
    return Latents(*finite_differences(lambda parts: energy_of(Latents(*parts)), latents))


def assert_same_gradient(actual, expected) -> None:
    """Check that a float32 gradient equals the float64 gradient and is not only 0."""
    scale = np.abs(expected).max()
    assert scale > 1e-2
    np.testing.assert_allclose(actual, expected, rtol=5e-4, atol=1e-5 * scale)
