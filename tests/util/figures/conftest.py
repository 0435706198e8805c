"""What the tests of figures share: own clips."""

import pytest
from support.command_line import make_clips


@pytest.fixture
def waves(tmp_path, monkeypatch):
    """The flags of a figure of two clips in the working directory."""
    make_clips(tmp_path)
    monkeypatch.chdir(tmp_path)
    return ["--categories", "waves"]
