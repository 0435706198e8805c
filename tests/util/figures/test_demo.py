"""The figures in demo/ and the tables of the documents."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.command_line import moving_pattern

from util.figures import demo
from util.figures.demo import DOCUMENTS, update_demo, with_tables, write_demo
from util.figures.expected import Expected, enter, key_of, read_expected
from util.figures.making import Made
from util.figures.numbers import Origin, compared, digits, read_rows, rows_of, write_rows
from util.figures.records import FIGURES
from util.pictures.encoding import write_png, write_video

ROOT = Path(__file__).resolve().parents[3]
VALUES = {
    "textures": {"fire": {"motion": 0.8, "wasserstein": 0.1, "minutes": 3.4}},
    "recovery": {
        "flag, regions": {"error": 3.0, "error of linear interpolation": 4.0, "minutes": 2.0}
    },
}
EXPECTED = {("fast", "textures", "fire", "motion"): Expected(0.85, 0.75, 0.9, 3)}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with documents and without figures, in place of this one."""
    (tmp_path / "demo").mkdir()
    parts = ["before\n", "between\n", "after\n"]
    for name, part in (("README.md", "recovery"), ("demo/README.md", "textures")):
        generated = [
            f"<!-- {kind} of --write_demo -->\n<!-- end -->\n" for kind in ("commands", part)
        ]
        text = parts[0] + generated[0] + parts[1] + generated[1] + parts[2]
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(demo, "PROJECT", tmp_path)
    return tmp_path


def made(place):
    """Figures with `VALUES`."""
    figures = {}
    for name, values in VALUES.items():
        folder = place / "made" / name
        folder.mkdir(parents=True)
        write_png(folder / "figure.png", moving_pattern(1, 1, 16)[0])
        write_video(folder / "figure", moving_pattern(1, 4, 16), rate=10)
        figures[name] = Made(folder, compared("fast", name, values, EXPECTED))
    return figures


def test_pictures_and_numbers_are_copied(project):
    write_demo(made(project))
    with Image.open(project / "demo" / "textures_frames.webp") as picture:
        found = np.asarray(picture.convert("RGB")).astype(int)
    assert np.abs(found - moving_pattern(1, 1, 16)[0]).mean() < 30  # it loses some detail
    with Image.open(project / "demo" / "recovery.webp") as animation:
        assert (animation.n_frames, animation.size) == (4, (16, 16))
        animation.seek(1)
        animation.load()
        assert animation.info["duration"] == 100 and animation.info["loop"] == 0
        found = np.asarray(animation.convert("RGB")).astype(int)
    assert np.abs(found - moving_pattern(1, 4, 16)[1]).mean() < 30  # it loses some detail
    assert len(read_rows(project / "demo" / "numbers.csv")) == 6


def test_tables_have_the_commands_and_the_numbers_with_their_range(project):
    write_demo(made(project))
    text = (project / "README.md").read_text(encoding="utf-8")
    assert (
        "| [textures](demo/README.md#textures) | "
        "`python main_dyn_G.py --experiment figure --figure textures` | 3 | observed clips"
    ) in text
    assert "--figure actions` | – | observed people" in text  # which nobody has run
    assert (
        "| all | `python main_dyn_G.py --experiment figure --figure all` | – | all above |" in text
    )
    text = (project / "demo" / "README.md").read_text(encoding="utf-8")
    assert "| [textures](#textures) |" in text
    assert "| run | motion | wasserstein | minutes |" in text
    assert "| fire | 0.8 (0.75 to 0.9) | 0.1 | 3.4 |" in text


def test_table_of_machines_has_a_line_for_each_machine_and_revision(project):
    old, new = Origin(), Origin("CPU, 2 cores, float32", "0123456789")
    rows = [
        row
        for figure, origin in (("textures", new), ("loop", old), ("actions", new))
        for row in rows_of(compared("fast", figure, {"a": {"x": 1.0, "y": 2.0}}, {}, {"a": origin}))
    ]
    assert demo.machines(rows).splitlines()[2:] == [
        "| textures, actions | CPU, 2 cores, float32 | 0123456789 |",
        "| loop | not recorded |  |",
    ]
    write_rows(project / "demo" / "numbers.csv", rows)
    update_demo(project, project / "expected.csv")
    assert demo.machines(read_rows(project / "demo" / "numbers.csv")) == demo.machines(rows)
    generated = "<!-- machines of --write_demo -->\nbefore\n<!-- end -->"
    assert demo.machines(rows) in with_tables(generated, rows, "")


def test_figures_that_are_not_in_the_paper_come_after_all_and_do_not_count(project):
    values = {"run": {"minutes": 2.0}}
    rows = rows_of(
        [*compared("fast", "loop", values, {}), *compared("fast", "actions", values, {})]
    )
    paper = {name: figure for name, figure in FIGURES.items() if name in ("actions", "loop")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "FIGURES", paper)
        lines = demo.commands(rows, "").splitlines()[2:]
    assert [line.split(" | ")[0] for line in lines] == [
        "| [actions](#actions)",
        "| all",
        "| [loop](#loop)",
    ]
    assert [line.split(" | ")[2] for line in lines] == ["2", "2", "2"]
    assert lines[2].split(" | ")[3].startswith("new: ")


def test_text_around_the_tables_stays_and_a_second_time_changes_nothing(project):
    write_demo(made(project))
    once = (project / "README.md").read_text(encoding="utf-8")
    assert once.startswith("before\n<!-- commands") and once.endswith("<!-- end -->\nafter\n")
    assert "<!-- end -->\nbetween\n<!-- recovery" in once
    demo.write_tables(project)
    assert (project / "README.md").read_text(encoding="utf-8") == once


@pytest.mark.parametrize("name", DOCUMENTS)
def test_tables_of_the_documents_are_those_of_the_numbers(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "<!-- commands of --write_demo -->" in text
    assert with_tables(text, read_rows(ROOT / "demo" / "numbers.csv"), DOCUMENTS[name]) == text


def test_ranges_of_newly_entered_seeds_come_into_the_tables(project):
    write_demo(made(project))
    before = read_rows(project / "demo" / "numbers.csv")
    key = ("fast", "textures", "fire", "wasserstein")
    for seed, value in enumerate((0.1, 0.2, 0.15)):
        enter(seed, {key: value}, project / "expected.csv")
    update_demo(project, project / "expected.csv")
    rows = read_rows(project / "demo" / "numbers.csv")
    assert [row["value"] for row in rows] == [row["value"] for row in before]
    assert {key_of(row) for row in rows if row["expected"]} == {key}  # no others are expected now
    text = (project / "demo" / "README.md").read_text(encoding="utf-8")
    assert "| fire | 0.8 | 0.1 (0.1 to 0.2) | 3.4 |" in text


def test_numbers_of_the_demo_are_beside_what_is_expected_now():
    expected = read_expected()
    for row in read_rows(ROOT / "demo" / "numbers.csv"):
        now = expected.get(key_of(row))
        of_now = [*map(digits, now[:3]), str(now.seeds)] if now else [""] * 4
        assert [row[name] for name in ("expected", "smallest", "largest", "seeds")] == of_now, row


def test_one_figure_leaves_the_numbers_of_the_others(project):
    figures = made(project)
    write_demo({"recovery": figures["recovery"]})
    write_demo({"textures": figures["textures"]})
    rows = read_rows(project / "demo" / "numbers.csv")
    assert [row["figure"] for row in rows] == ["textures"] * 3 + ["recovery"] * 3
    write_demo({"textures": figures["textures"]})
    assert read_rows(project / "demo" / "numbers.csv") == rows


def test_every_figure_is_in_the_demo():
    text = (ROOT / "demo" / "README.md").read_text(encoding="utf-8")
    run = {row["figure"] for row in read_rows(ROOT / "demo" / "numbers.csv")}
    for name in FIGURES:
        assert f"\n## {name.capitalize()}\n" in text
        assert f"<!-- {name} of --write_demo -->" in text
        if name in run:
            files = [f"{name}.webp", f"{name}_frames.webp"]
            assert any(f'"{file}"' in text for file in files)
            assert all((ROOT / "demo" / file).is_file() for file in files)
