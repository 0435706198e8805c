"""The options themselves: types, limits, meanings, JSON."""

import dataclasses
import re

import pytest

from util.options.schema import FIELDS, Options, limit_of, numbers_of, pairs_of

# --- What is said about an option ---

LITTLE_WORDS = {"a", "an", "and", "are", "as", "at", "by", "for", "from", "in", "is", "it", "of"}
LITTLE_WORDS |= {"on", "or", "so", "that", "the", "this", "to", "with"}


def is_a_meaning(name: str, text: str) -> bool:
    """Whether it is a phrase on one line, without a full stop, that says more than the name.

    `num` in a name says what `number` says.
    """
    of_the_name = [part.lower() for part in re.findall(r"[A-Z]?[a-z0-9]+", name)]
    words = set(re.findall(r"\w+", text.lower())) - LITTLE_WORDS
    new = {
        word
        for word in words
        if not any(word.startswith(part) or part.startswith(word) for part in of_the_name)
    }
    tidy = " ".join(text.split()) == text and not text.endswith((".", ",", ":", ";"))
    return tidy and len(words) >= 2 and bool(new)


@pytest.mark.parametrize("name", FIELDS)
def test_meaning_says_more_than_the_name(name):
    text = FIELDS[name].metadata["text"]
    assert is_a_meaning(name, text), text


@pytest.mark.parametrize(
    "name, careless",
    [
        ("num_frames", "number of frames"),
        ("num_frames", "frames"),
        ("state_size", "the size of the state"),
        ("isTraining", "is training"),
        ("state_size", "the size of the state s_t."),
        ("state_size", "dimension"),
        ("state_size", "todo "),
        ("state_size", "dimension of  the state"),
        ("state_size", ""),
    ],
)
def test_careless_meaning_would_be_noticed(name, careless):
    assert not is_a_meaning(name, careless)


# --- Defaults and limits ---


@pytest.mark.parametrize("name", FIELDS)
def test_default_has_the_type_and_keeps_the_limit(name):
    field, limit = FIELDS[name], limit_of(name)
    assert type(field.default) is field.type
    assert limit is None or limit.holds(field.default)


def test_every_number_has_a_limit():
    for name, field in FIELDS.items():
        assert limit_of(name) or field.type not in (int, float), name


def test_the_booleans_are_these():
    booleans = [name for name, field in FIELDS.items() if field.type is bool]
    known = ["isTraining", "original_shape", "score_left_out", "invert_mask"]
    known += ["shared_statistics", "resume", "overwrite", "browser", "write_demo", "debug"]
    assert booleans == known


def test_what_an_option_needs_is_an_option_that_can_have_this_value():
    for name, field in FIELDS.items():
        if field.metadata["needs"]:
            other, value = field.metadata["needs"]
            if value is None:
                assert not FIELDS[other].default, name
            else:
                limit = limit_of(other)
                assert limit and limit.holds(value), name


def test_lists_of_sequences_and_pairs_name_each_once():
    assert numbers_of("3,0,3") == [3, 0]
    assert pairs_of("0:3,1:4,0:3,3:0") == [(0, 3), (1, 4), (3, 0)]
    assert numbers_of("") == pairs_of("") == []


# --- JSON ---


def test_options_survive_json():
    options = Options(
        category="Öl & Feuer",
        isTraining=False,
        beta1_gen=0.1,
        image_size=8,
        frame_generator_mode="8",
        num_frames=7,
        image=("a.png", "b.png"),
    )
    assert Options.from_json(options.to_json()) == options
    assert Options.from_json(options.to_json().encode()) == options


def test_option_missing_from_json_has_its_default():
    options = Options.from_json('{"num_frames": 9, "schedule": "fast"}')
    assert options == Options(num_frames=9, schedule="fast")


def test_json_of_a_version_without_schedules_has_the_published_one():
    assert Options.from_json('{"num_frames": 9}') == Options(num_frames=9, schedule="published")


def test_json_that_holds_no_options_is_refused():
    for text in ("[]", "", "{", "7"):
        with pytest.raises(ValueError):
            Options.from_json(text)
    with pytest.raises(ValueError, match="flux"):
        Options.from_json('{"num_frames": 9, "flux": 1}')


def test_what_lasts_is_all_but_what_concerns_one_call():
    options = Options(
        category="fire", seed=3, isTraining=False, overwrite=True, debug=True, image=("a.png",)
    )
    assert options.lasting() == Options(category="fire", seed=3)
    changed = dataclasses.replace(options, num_frames=7, pairs="0:1", output_dir="there")
    assert changed.lasting() == Options(category="fire", seed=3, num_frames=7)
