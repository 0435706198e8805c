"""Which figures --figure makes."""

import pytest
from support.command_line import parse

from util.experiments import figure

PAPER = ["textures", "actions", "recovery", "inpainting", "interpolation", "animation"]


@pytest.mark.parametrize("asked, names", [("all", PAPER), ("loop", ["loop"])])
def test_all_makes_the_figures_of_the_paper_and_others_are_made_by_name(
    tmp_path, monkeypatch, asked, names
):
    made = []
    monkeypatch.setattr(figure, "make_figures", lambda names, _: made.extend(names) or {})
    monkeypatch.setattr(figure, "renew_gallery", lambda folder: None)
    figure.run(parse(["--experiment", "figure", "--figure", asked, "--output_dir", str(tmp_path)]))
    assert made == names
