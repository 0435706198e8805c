"""--experiment gallery, and the page at the end of a training."""

import builtins
from pathlib import Path

import pytest
from support.command_line import flags, refused, run_here
from support.made_runs import make_run

from util.experiments.running import renew_gallery


def test_gallery_shows_all_runs_below_here(tmp_path):
    make_run(tmp_path / "output_synthesis" / "fire")
    outcome = run_here(tmp_path, *flags(experiment="gallery"))
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert outcome.stdout == "1 run in index.html; open it in a browser\n"
    make_run(tmp_path / "output_recovery" / "water")
    outcome = run_here(tmp_path, *flags(experiment="gallery", output_dir=tmp_path))
    assert outcome.stdout == f"2 runs in {tmp_path / 'index.html'}; open it in a browser\n"
    assert "output_recovery/water" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_gallery_refuses_in_one_line(tmp_path):
    assert "no run in ." in refused(run_here(tmp_path, *flags(experiment="gallery")), 1)
    (tmp_path / "index.html").write_text("mine")
    make_run(tmp_path / "fire")
    line = refused(run_here(tmp_path, *flags(experiment="gallery")), 1)
    assert "index.html was not written by this program" in line
    outcome = run_here(tmp_path, *flags(experiment="gallery", overwrite=True))
    assert outcome.returncode == 0


def test_gallery_names_idle_flags(tmp_path):
    make_run(tmp_path / "fire")
    outcome = run_here(tmp_path, *flags(experiment="gallery", category="fire", seed=1))
    works = "does nothing in --experiment gallery, which works on whole runs"
    assert outcome.stderr == f"warning: --category {works}\nwarning: --seed {works}\n"


def test_training_renews_the_page_and_says_where(tmp_path, capsys):
    make_run(tmp_path / "fire")
    renew_gallery(tmp_path)
    page = tmp_path / "index.html"
    assert capsys.readouterr() == (f"all runs on one page: {page}\n", "")
    make_run(tmp_path / "water")
    renew_gallery(tmp_path)
    assert '"place": "water"' in page.read_text(encoding="utf-8")


def test_training_renews_the_pages_above_it_that_are_there(tmp_path, monkeypatch, capsys):
    here = tmp_path / "here"
    make_run(here / "output" / "fire")
    for place in (tmp_path, here):
        renew_gallery(place)
    make_run(here / "output" / "water")
    monkeypatch.chdir(here)
    capsys.readouterr()
    renew_gallery(Path("output"))
    told = [f"all runs on one page: {page}" for page in ("output/index.html", "index.html")]
    assert capsys.readouterr() == ("\n".join(told) + "\n", "")
    assert '"place": "output/water"' in (here / "index.html").read_text(encoding="utf-8")
    outside = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "water" not in outside  # it is not in the working directory


def test_page_of_others_above_is_left_alone(tmp_path, monkeypatch, capsys):
    make_run(tmp_path / "output" / "fire")
    (tmp_path / "index.html").write_text("mine")
    monkeypatch.chdir(tmp_path)
    renew_gallery(Path("output"))
    assert capsys.readouterr() == ("all runs on one page: output/index.html\n", "")
    assert (tmp_path / "index.html").read_text() == "mine"


@pytest.fixture
def without_jinja2(monkeypatch):
    """As in an environment that was installed for an earlier version."""
    real = builtins.__import__

    def missing(name, *arguments):
        if name == "util.gallery.page":
            raise ModuleNotFoundError("No module named 'jinja2'", name="jinja2")
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", missing)


def test_training_does_not_fail_without_the_page(tmp_path, capsys, without_jinja2):
    renew_gallery(tmp_path)
    shown, error = capsys.readouterr()
    assert shown == ""
    assert error.startswith("warning: the page of all runs is not renewed: the package jinja2 is")
    assert error.count("\n") == 1


def test_training_leaves_a_page_of_others(tmp_path, capsys):
    make_run(tmp_path / "fire")
    (tmp_path / "index.html").write_text("mine")
    renew_gallery(tmp_path)
    error = capsys.readouterr().err
    assert "index.html was not written by this program" in error and error.count("\n") == 1
    assert (tmp_path / "index.html").read_text() == "mine"
