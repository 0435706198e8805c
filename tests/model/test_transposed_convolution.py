"""The transposed convolution, output and gradients, against NumPy in each of its formulations."""

import functools
from typing import NamedTuple

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from support.numpy_model import finite_differences
from support.numpy_model import transposed_convolution as numpy_transposed_convolution

from model import transposed_convolution as module
from model.transposed_convolution import MANY_PASSES, transposed_convolution

# The largest error over the largest value. A processor on which TensorFlow adds up in bfloat16 too
# comes to 2e-2, all others to less than half of that.
TOLERANCE = {"float32": 1e-5, "bfloat16": 3e-2}
FORMULATIONS = [
    name
    for name, function in vars(module).items()
    if getattr(function, "__annotations__", {}).get("return") is module.Formulation
]


class Case(NamedTuple):
    """A geometry, how often it is to be used, and whether the direct way is fast."""

    kernel: int
    stride: int
    padding: str
    side: int
    channels: int
    passes: int = 1
    direct_is_fast: bool = True

    def __str__(self):
        passes = ", many passes" if self.passes > 1 else ""
        slow = "" if self.direct_is_fast else ", direct is slow"
        return (
            f"kernel {self.kernel}, stride {self.stride}, {self.padding.lower()}, "
            f"side {self.side}, {self.channels} channels{passes}{slow}"
        )


CASES = [
    *(
        Case(4, 2, "SAME", side, channels, passes, fast)
        for side in (1, 2, 4, 8)
        for channels in (3, 5)
        for passes, fast in ((1, True), (MANY_PASSES, True), (MANY_PASSES, False))
    ),
    # What is cut off is odd, and so not the same at both ends.
    *(Case(4, 3, "SAME", side, 5, passes) for side in (1, 2, 4) for passes in (1, MANY_PASSES)),
    Case(4, 3, "SAME", 5, 3),
    # Sides of the output 7, 10 and 11; only 10 is a whole number of blocks of 2×2 pixels.
    *(Case(7, 1, "VALID", side, 3) for side in (1, 4, 5)),
    Case(3, 1, "SAME", 5, 3),
    *(Case(4, 2, "VALID", side, channels) for side in (1, 2, 4) for channels in (3, 5)),
    # Copies of the kernel that only touch.
    *(Case(3, 3, padding, side, 3) for padding in ("SAME", "VALID") for side in (1, 2, 4)),
    Case(2, 2, "SAME", 4, 3),
]


class Sums(NamedTuple):
    """What goes in, what comes out, and the gradients of Σ output · upstream."""

    given: tuple
    upstream: np.ndarray
    output: np.ndarray
    gradients: list


@functools.cache
def in_numpy(case):
    """By NumPy in float64; the sums are linear in each input, so that a large step is exact."""
    draw = np.random.default_rng(0).standard_normal
    features = draw((2, case.side, case.side, 2))
    kernel = draw((case.kernel, case.kernel, case.channels, 2))
    bias = draw(case.channels)

    def apply(features, kernel, bias):
        return numpy_transposed_convolution(features, kernel, case.stride, case.padding) + bias

    output = apply(features, kernel, bias)
    upstream = draw(output.shape)
    gradients = finite_differences(
        lambda given: np.sum(apply(*given) * upstream), [features, kernel, bias], step=1.0
    )
    return Sums((features, kernel, bias), upstream, output, gradients)


def in_tensorflow(case, precision, given, upstream):
    """Output and gradients in all of `given`: features, kernel, perhaps bias."""
    number_type = tf.as_dtype(precision).as_numpy_dtype
    # Fed, as TensorFlow would compute with constants beforehand, and less exactly.
    features = tf.placeholder(precision, [None, *given[0].shape[1:]])
    weights = [tf.placeholder(precision, values.shape) for values in given[1:]]
    upstream_fed = tf.placeholder(precision, upstream.shape)
    kernel, *bias = weights
    upsample = transposed_convolution(
        kernel,
        case.side,
        case.stride,
        case.padding,
        *bias,
        passes=case.passes,
        direct_is_fast=case.direct_is_fast,
    )
    output = upsample(features)
    gradients = tf.gradients(output, [features, *weights], upstream_fed)
    feed = zip([features, *weights, upstream_fed], [*given, upstream], strict=True)
    with tf.Session() as session:
        return session.run(
            [output, gradients], {tensor: values.astype(number_type) for tensor, values in feed}
        )


def error(actual, expected):
    """The largest difference over the largest value."""
    assert actual.shape == expected.shape
    return np.abs(actual.astype(np.float64) - expected).max() / np.abs(expected).max()


@pytest.mark.parametrize("precision", TOLERANCE)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_output_and_gradients_equal_numpy(case, precision):
    sums = in_numpy(case._replace(passes=1, direct_is_fast=True))
    output, gradients = in_tensorflow(case, precision, sums.given, sums.upstream)
    for actual, expected in zip([output, *gradients], [sums.output, *sums.gradients], strict=True):
        assert actual.dtype == tf.as_dtype(precision).as_numpy_dtype
        assert error(actual, expected) < TOLERANCE[precision]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_without_a_bias_nothing_is_added(case):
    sums = in_numpy(case._replace(passes=1, direct_is_fast=True))
    *given, bias = sums.given
    output, gradients = in_tensorflow(case, "float32", given, sums.upstream)
    assert error(output, sums.output - bias) < TOLERANCE["float32"]
    for actual, expected in zip(gradients, sums.gradients[:2], strict=True):
        assert error(actual, expected) < TOLERANCE["float32"]


def formulations_of(case, monkeypatch):
    """The names of the formulations that a case chooses."""
    used = set()

    def spy(name, whole, *given):
        used.add(name)
        return whole(*given)

    with monkeypatch.context() as patch:
        for name in FORMULATIONS:
            patch.setattr(module, name, functools.partial(spy, name, getattr(module, name)))
        transposed_convolution(
            tf.zeros([case.kernel, case.kernel, case.channels, 2]),
            case.side,
            case.stride,
            case.padding,
            passes=case.passes,
            direct_is_fast=case.direct_is_fast,
        )
    return used


def test_cases_reach_every_formulation(monkeypatch):
    used = [formulations_of(case, monkeypatch) for case in CASES]
    assert set().union(*used) == set(FORMULATIONS)
    assert "direct" in FORMULATIONS


@pytest.mark.parametrize("side", [2, 4, 8, 32])
def test_slow_direct_way_is_avoided(monkeypatch, side):
    case = Case(4, 2, "SAME", side, 5, direct_is_fast=False)
    assert formulations_of(case, monkeypatch) == {"by_one_product" if side == 2 else "in_blocks"}
