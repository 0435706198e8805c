"""The notebook demo/tour.ipynb, executed at tiny sizes."""

import os
import re
import subprocess

import nbformat
import pytest
from nbclient import NotebookClient
from PIL import Image
from support.command_line import ROOT, flags

TOUR = ROOT / "demo" / "tour.ipynb"
TINY = {
    "image_size": 8,
    "num_frames": 6,
    "truncated_backprop_length": 3,
    "state_size": 4,
    "z_size": 3,
    "num_epochs": 2,
    "num_sections_in_test": 2,
    "num_batches_in_test": 1,
}


@pytest.fixture
def tour():
    return nbformat.read(TOUR, as_version=4)


def source_of(tour, cell_id):
    return next(cell.source for cell in tour.cells if cell.id == cell_id)


def outputs_of(tour, cell_id):
    """The text that a cell printed, and the types of what it shows."""
    outputs = next(cell.outputs for cell in tour.cells if cell.id == cell_id)
    text = "".join(output.text for output in outputs if output.output_type == "stream")
    return text, [
        kind for output in outputs for kind in output.get("data", {}) if "text/p" not in kind
    ]


# --- As it is stored ---


def test_tour_is_stored_without_outputs(tour):
    nbformat.validate(tour)
    for cell in tour.cells:
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None, cell.id


# --- The cell that installs ---


def install(tour, monkeypatch, place, repository=""):
    """Run the cell in the folder `place`. Returns its variables, and the commands it would run."""
    commands = []
    monkeypatch.chdir(place)
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.setattr(subprocess, "run", lambda command, check: commands.append(command))
    monkeypatch.setattr(os, "chdir", lambda folder: None)
    variables = {"REPOSITORY": repository, "OUTPUT": "results", "os": os}
    exec(source_of(tour, "install"), variables)
    return variables, commands


@pytest.mark.parametrize("folder", [".", "demo"])
def test_code_that_is_here_is_not_cloned(tour, monkeypatch, folder):
    variables, commands = install(tour, monkeypatch, ROOT / folder)
    assert variables["ROOT"] == ROOT
    assert commands == []


def test_code_that_is_not_here_is_cloned_and_installed_once(tour, monkeypatch, tmp_path):
    variables, (clone, pip) = install(tour, monkeypatch, tmp_path, "https://host/name.git")
    code = tmp_path / "dynamic_generator"
    assert variables["ROOT"] == code
    assert clone[:2] == ["git", "clone"] and clone[-2:] == ["https://host/name.git", code.name]
    assert pip[1:4] == ["-m", "pip", "install"] and pip[-1] == str(code / "requirements.txt")
    code.mkdir()
    (code / "main_dyn_G.py").touch()
    assert install(tour, monkeypatch, tmp_path, "https://host/name.git")[1] == []


def test_code_that_is_not_here_needs_an_address(tour, monkeypatch, tmp_path):
    with pytest.raises(ValueError, match="REPOSITORY"):
        install(tour, monkeypatch, tmp_path)


# --- The whole tour ---


def test_tour_runs_from_its_folder(tour, monkeypatch, tmp_path):
    monkeypatch.setenv("TOUR_OUTPUT", str(tmp_path))
    monkeypatch.setenv("TOUR_FLAGS", " ".join(flags(**TINY)))
    resources = {"metadata": {"path": str(TOUR.parent)}}
    NotebookClient(tour, timeout=300, kernel_name="python3", resources=resources).execute()

    text, _ = outputs_of(tour, "train")
    assert re.search(r"--num_epochs 2\b", text) and "results in" in text
    run = tmp_path / "fire"
    results = run / "final_result"
    assert outputs_of(tour, "look")[1] == ["image/gif"]
    (table,) = outputs_of(tour, "measures")[1]
    assert table == "text/html"
    with Image.open(results / "fire" / "side_by_side.gif") as image:
        assert image.n_frames == 6
    folders = ["final_result_testing", "final_result_testing_2", "final_result_testing_3"]
    made = {}
    for cell, folder, number in zip(("more", "seed", "fitted"), folders, (3, 1, 1), strict=True):
        made[cell] = sorted((run / folder).glob("fire_?.gif"))
        assert len(made[cell]) == number
        assert folder in outputs_of(tour, cell)[0]
        assert outputs_of(tour, cell)[1].count("image/gif") >= number
    first, seeded, fitted = (paths[0].read_bytes() for paths in made.values())
    assert len({first, seeded, fitted}) == 3
    assert outputs_of(tour, "scale")[1] == ["image/gif"]
