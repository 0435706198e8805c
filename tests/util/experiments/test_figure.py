"""Which figures --figure makes, and what follows."""

import pytest
from support.command_line import parse

from util.experiments import figure
from util.figures.expected import Expected
from util.figures.making import Made
from util.figures.numbers import Number
from util.system.errors import Interrupted, RunError

PAPER = ["textures", "actions", "recovery", "inpainting", "interpolation", "animation"]


@pytest.mark.parametrize("asked, names", [("all", PAPER), ("loop", ["loop"])])
def test_all_makes_the_figures_of_the_paper_and_others_are_made_by_name(
    tmp_path, monkeypatch, asked, names
):
    made = []
    monkeypatch.setattr(
        figure, "make_figures", lambda names, *_, **__: made.extend(names) or ({}, [])
    )
    monkeypatch.setattr(figure, "renew_gallery", lambda folder: None)
    figure.run(parse(["--experiment", "figure", "--figure", asked, "--output_dir", str(tmp_path)]))
    assert made == names


@pytest.mark.parametrize(
    "value, failed, problem",
    [
        (2.0, [], "^1 number is outside of what is expected$"),
        (2.0, ["loop"], "^not made: loop; 1 number is outside of what is expected$"),
        (1.0, ["loop"], "^not made: loop$"),
    ],
)
def test_page_and_documents_are_written_before_problems_are_told(
    tmp_path, monkeypatch, capsys, value, failed, problem
):
    key = ("fast", "textures", "fire", "motion")
    made = {"textures": Made(tmp_path, [Number(key, value, Expected(1.0, 1.0, 1.0, 3))])}
    written = []
    monkeypatch.setattr(figure, "make_figures", lambda *_, **__: (made, failed))
    monkeypatch.setattr(figure, "renew_gallery", written.append)
    monkeypatch.setattr(figure, "write_demo", written.append)
    words = ["--figure", "textures", "--write_demo", "--output_dir", str(tmp_path)]
    with pytest.raises(RunError, match=problem):
        figure.run(parse(["--experiment", "figure", *words]))
    assert written == [tmp_path, made]
    told = "outside: textures, fire: motion 2, expected 1 (1 to 1, 3 seeds)"
    assert (told in capsys.readouterr().err) == (value == 2.0)


@pytest.mark.parametrize("error", [RunError("it failed"), Interrupted(15, "stopped")])
@pytest.mark.parametrize("is_refused", [True, False])
def test_page_shows_the_runs_of_a_command_that_failed_or_was_stopped(
    tmp_path, monkeypatch, error, is_refused
):
    def fail(names, command_line, when_stopped):
        if not is_refused:
            when_stopped()
        raise error

    written = []
    monkeypatch.setattr(figure, "make_figures", fail)
    monkeypatch.setattr(figure, "renew_gallery", written.append)
    words = ["--experiment", "figure", "--figure", "loop", "--output_dir", str(tmp_path)]
    with pytest.raises(type(error)):
        figure.run(parse(words))
    assert written == [tmp_path] * (not is_refused)
