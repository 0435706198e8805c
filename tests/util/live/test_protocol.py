"""The messages of a page."""

import json

import pytest

from util.live.protocol import LONGEST, MESSAGES, UnknownMessage, read_message

KNOWN = {
    "frame": {},
    "restart": {"sequence": 2, "seed": 2**32 - 1},
    "noise": {"scale": 2},
    "appearance": {"first": 0, "second": 2, "share": 0.5},
    "record": {"seconds": 30},
}
UNKNOWN = {
    "no JSON": "frame",
    "nothing": "",
    "a list": '["frame"]',
    "a text": '"frame"',
    "no name": "{}",
    "another name": '{"name": "open"}',
    "a name of Python": '{"name": "__init__"}',
    "a name that is none": '{"name": ["frame"]}',
    "half a letter": '{"name": "\\ud800"}',
    "deep": "[" * 250,
    "a name twice": '{"name": "open", "name": "frame"}',
    "one argument more": '{"name": "frame", "path": "/etc/passwd"}',
    "one argument less": '{"name": "restart", "seed": 1}',
    "sequence too large": '{"name": "restart", "sequence": 3, "seed": 1}',
    "sequence below 0": '{"name": "restart", "sequence": -1, "seed": 1}',
    "sequence is a truth value": '{"name": "restart", "sequence": true, "seed": 1}',
    "sequence is a fraction": '{"name": "restart", "sequence": 1.0, "seed": 1}',
    "seed too large": '{"name": "restart", "sequence": 0, "seed": 4294967296}',
    "seed is a text": '{"name": "restart", "sequence": 0, "seed": "1"}',
    "too much noise": '{"name": "noise", "scale": 2.01}',
    "noise below 0": '{"name": "noise", "scale": -0.01}',
    "noise is no number": '{"name": "noise", "scale": NaN}',
    "infinite noise": '{"name": "noise", "scale": Infinity}',
    "noise is null": '{"name": "noise", "scale": null}',
    "share above 1": '{"name": "appearance", "first": 0, "second": 1, "share": 1.01}',
    "appearance of none": '{"name": "appearance", "first": 0, "second": 3, "share": 0}',
    "no seconds": '{"name": "record", "seconds": 0}',
    "too many seconds": '{"name": "record", "seconds": 31}',
    "long": '{"name": "frame"' + " " * LONGEST + "}",
}


@pytest.mark.parametrize("name", MESSAGES)
def test_known_message_is_read(name):
    assert KNOWN.keys() == MESSAGES.keys()
    message = read_message(json.dumps({"name": name, **KNOWN[name]}), 3)
    assert message == (name, KNOWN[name])


@pytest.mark.parametrize("text", UNKNOWN.values(), ids=UNKNOWN)
def test_anything_else_is_refused(text):
    with pytest.raises(UnknownMessage):
        read_message(text, 3)


def test_refusal_names_the_argument():
    with pytest.raises(UnknownMessage, match="scale of noise is not possible"):
        read_message('{"name": "noise", "scale": 3}', 1)
