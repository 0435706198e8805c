"""What people type out of habit leads to the flag that means it."""

import pytest
from support.command_line import parse

from util.options.hints import HABITS, WORDS, hint
from util.options.schema import FIELDS
from util.system.errors import CommandLineError

HABITUAL = [(word, flag) for flag, words in HABITS.items() for word in words.split()]


@pytest.mark.parametrize(("word", "flag"), HABITUAL)
def test_habit_leads_to_a_flag_that_exists(word, flag):
    assert flag in FIELDS
    assert word not in FIELDS  # otherwise nobody would need the hint
    with pytest.raises(CommandLineError) as caught:
        parse(["--category", "fire", f"--{word}", "1"])
    assert str(caught.value) == f"unknown flag --{word}; did you mean --{flag}?"


def test_each_habit_means_one_thing():
    words = [word for word, _ in HABITUAL] + list(WORDS)
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("--learning-rate", "did you mean --lr_gen?"),
        ("--Learning_Rate=0.1", "did you mean --lr_gen?"),
        ("-lr", "did you mean --lr_gen?"),
        ("--num-epochs", "did you mean --num_epochs?"),
        ("--istraining", "did you mean --isTraining?"),
        ("--IMAGE_SIZE", "did you mean --image_size?"),
        ("--catgory", "did you mean --category?"),
        ("--gpu", WORDS["gpu"]),
        ("--sed", "did you mean --seed?"),
        ("--qqqqqq", "--help lists all flags"),
    ],
)
def test_spelling_does_not_matter(typed, expected):
    with pytest.raises(CommandLineError) as caught:
        parse([typed, "1"])
    assert str(caught.value) == f"unknown flag {typed.split('=')[0]}; {expected}"


def test_hint_names_no_flag_that_does_not_exist():
    assert hint("--learning_rate", ["--category"]) == "--help lists all flags"


@pytest.mark.parametrize(
    "word", ["optimizer", "gif", "config", "wd", "beta3", "last_frame", "h5", "tb", "quiet"]
)
def test_word_that_is_only_a_little_alike_leads_to_no_flag_of_another_meaning(word):
    with pytest.raises(CommandLineError) as caught:
        parse(["--category", "fire", f"--{word}", "1"])
    assert str(caught.value) == f"unknown flag --{word}; --help lists all flags"
