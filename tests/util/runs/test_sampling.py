"""Videos sampled as the options of a run ask: where they start, and what drives them."""

import dataclasses

import numpy as np
import pytest
from support.numpy_model import draw_latents

from model.sampling import drawn_start
from util.options.schema import Options
from util.runs.sampling import sampled_bytes

OPTIONS = Options(
    truncated_backprop_length=3,
    num_sections_in_test=2,
    batch_size=2,
    start_in_test="prior",
    normalization_in_test="moving",
)


def test_start_state_is_drawn_or_inferred(generator):
    latents = draw_latents(generator.settings.sizes, 2, 3)
    inferred, drawn = (
        drawn_start(latents, np.random.default_rng(0), draw) for draw in (False, True)
    )
    assert inferred.initial_state is latents.initial_state
    assert np.all(drawn.initial_state != latents.initial_state)
    for start in (inferred, drawn):
        assert start.appearance is latents.appearance
        assert np.all(start.motion_type != latents.motion_type)
    np.testing.assert_array_equal(inferred.motion_type, drawn.motion_type)


@pytest.mark.parametrize("start, moves", [("prior", False), ("inferred", True)])
def test_videos_start_where_the_options_say(generator, start, moves):
    options = dataclasses.replace(OPTIONS, start_in_test=start)
    latents = draw_latents(generator.settings.sizes, 3, 3)
    other = latents._replace(initial_state=-latents.initial_state)
    one, two = (sampled_bytes(generator, options, given, video=0) for given in (latents, other))
    assert np.any(one != two) == moves


def test_a_motion_is_the_same_for_all_appearances_and_each_video_has_another(generator):
    latents = draw_latents(generator.settings.sizes, 3, 3)
    alike = type(latents)(*(np.repeat(values[:1], 3, axis=0) for values in latents))
    first, second = (sampled_bytes(generator, OPTIONS, alike, video) for video in (0, 1))
    for row in (1, 2):
        np.testing.assert_array_equal(first[row], first[0])
    assert np.any(first != second)
