"""The code in CONTRIBUTING.md works."""

import re
import textwrap

import numpy as np
from support import numpy_model
from support.command_line import ROOT
from support.numpy_model import draw_latents, in_double

import model.transition


def blocks() -> list[str]:
    """The blocks of Python in CONTRIBUTING.md."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    found = re.findall(r"^ *```python\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for block in found]


def test_the_transition_to_add_has_the_recursion_that_is_added_to_the_tests(
    tiny_model, monkeypatch
):
    function, row, in_numpy = blocks()
    added = dict(vars(model.transition))
    exec(function, added)
    exec(f"rows = {{{row}}}", added)
    for name, transition in added["rows"].items():
        monkeypatch.setitem(model.transition.TRANSITIONS, name, transition)
    expected = dict(vars(numpy_model))
    exec(in_numpy, expected)
    tiny = tiny_model("plain")
    latents = draw_latents(tiny.sizes, 3, 7)
    states = tiny.run(tiny.unroll(latents).states)
    recursion = expected["unroll_plain"](in_double(tiny.weights), in_double(latents))
    np.testing.assert_allclose(states, recursion, atol=2e-5)
    assert np.abs(np.diff(recursion, axis=1)).mean() > 0.05
