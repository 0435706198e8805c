"""What a page may ask: one message is a JSON object with a name and exactly its arguments.

    {"name": "noise", "scale": 0.5}

`MESSAGES` has all of them. Anything else is refused, and the server then closes the connection.
"""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from util.live.player import LONGEST_RECORDING

LONGEST = 256  # characters of a message
MOST_NOISE = 2.0


class UnknownMessage(ValueError):
    """The message is not one of `MESSAGES`, or has other arguments."""


class Message(NamedTuple):
    """A message of a page: its name, and its arguments by name."""

    name: str
    arguments: dict[str, Any]


Check = Callable[[Any, int], bool]  # of a value, and the number of sequences


def whole(value: Any, least: int, most: int) -> bool:
    """Whether a value is a whole number in these limits; True and 1.0 are none."""
    return type(value) is int and least <= value <= most


def number(value: Any, most: float) -> bool:
    """Whether a value is a number from 0 to `most`."""
    return type(value) in (int, float) and 0 <= value <= most


def sequence(value: Any, count: int) -> bool:
    """Whether a value is the number of a sequence."""
    return whole(value, 0, count - 1)


# The name of each message → the names of its arguments → their checks.
MESSAGES: dict[str, dict[str, Check]] = {
    "frame": {},  # send the next frame
    "restart": {"sequence": sequence, "seed": lambda value, _: whole(value, 0, 2**32 - 1)},
    "noise": {"scale": lambda value, _: number(value, MOST_NOISE)},
    "appearance": {
        "first": sequence,
        "second": sequence,
        "share": lambda value, _: number(value, 1.0),
    },
    "record": {"seconds": lambda value, _: whole(value, 1, LONGEST_RECORDING)},
}


def read_message(text: str, num_sequences: int) -> Message:
    """Read a message of a page.

    Raises:
        UnknownMessage: see there.
    """
    if len(text) > LONGEST:
        raise UnknownMessage(f"a message has more than {LONGEST} characters")
    try:
        values = json.loads(text, object_pairs_hook=_each_once)
    except (ValueError, RecursionError) as error:
        raise UnknownMessage("a message is not in JSON") from error
    if not isinstance(values, dict):
        raise UnknownMessage("a message is no object")
    name = values.pop("name", None)
    checks = MESSAGES.get(name) if isinstance(name, str) else None
    if checks is None:
        raise UnknownMessage("a message has no known name")
    if values.keys() != checks.keys():
        raise UnknownMessage(f"{name} has other arguments than {', '.join(checks) or 'none'}")
    for argument, check in checks.items():
        if not check(values[argument], num_sequences):
            raise UnknownMessage(f"{argument} of {name} is not possible")
    return Message(name, values)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any] | None:
    values = dict(pairs)
    return values if len(values) == len(pairs) else None
